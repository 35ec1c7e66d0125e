using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;
using Symplast.Python.Live;

namespace Symplast.Python.Freezing;

/// <summary>
/// Copies a graph of built-in values into a pool as real, immutable CPython objects: immortal, untracked, with every field filled
/// that CPython would otherwise fill later, and referring to nothing but the pool and libpython's static objects. Each original
/// is copied once, so sharing and cycles survive. Containers are worked through with an explicit stack, so depth is limited by
/// memory only.
/// </summary>
/// <remarks>
/// <para>The caller holds the GIL of its interpreter throughout, so originals change only while other code runs in between:
/// <c>default=</c>, what the check for signals may run, imports. Around such a call (a callout) the object at hand is kept alive,
/// and after it every container in progress is checked again before it is read.</para>
/// <para>An object with one reference can be met only once and needs no memo entry, neither here nor when its copy is thawed
/// (<see cref="ObjectMarks.IsSingle"/>); with <c>default=</c>, which may hand out new references, all are remembered.</para>
/// <para>While a container is in progress its mark says so (<see cref="ObjectMark.InProgress"/>) and its header holds its stack
/// index.</para>
/// </remarks>
internal unsafe ref partial struct Freezer
{
    // Bits of tp_flags; set for the base itself too.
    const nuint ListSubclass = PyTypeSpec.ListSubclass;
    const nuint TupleSubclass = PyTypeSpec.TupleSubclass;
    const nuint DictSubclass = PyTypeSpec.DictSubclass;

    // json.dumps has the recursion limit; a list that is linked through default() may well be longer.
    const int MostNestedConversions = 100_000;
    const int Nothing = int.MaxValue;

    readonly InterpreterState _interpreter;
    readonly PyObject* _root;
    readonly PyObject* _default;
    readonly string? _name;      // of the root, in messages
    readonly bool _remembersAll;
    readonly ulong _immortal;
    PoolWriter _writer;
    Walk<FreezeFrame> _walk = new();
    NativeList<nint> _openSlices; // see KeepOpen
    int _innermostOpening;       // stack index of the innermost container that one of them leads to; -1 if there is none
    Memo _sliceHashes;           // slices cache no hash; -1 stands for none
    long _conversions;
    long _callouts;
    int _chain;
    int _nested;                 // containers in progress that default= returned
    bool _pushed;                // the last Visit began a container
    bool _nextIsAttributes;

    Freezer(InterpreterState interpreter, PyObject* root, PyObject* convert, string? name)
    {
        _interpreter = interpreter;
        _name = name;
        _root = root;
        _default = convert;
        _remembersAll = convert != null;
        _immortal = Layout.Current.ImmortalHeader;
        _innermostOpening = -1;
    }

    /// <summary>
    /// Returns the frozen form of <paramref name="root"/> in <paramref name="pool"/>, or null with an exception set and the pool
    /// as it was. What is frozen already is returned as it is. <paramref name="convert"/> is Python's <c>default=</c>, or null.
    /// Messages call the root <paramref name="name"/>, or as the calling code does.
    /// </summary>
    internal static PyObject* Freeze(
        InterpreterState interpreter, Pool pool, PyObject* root, PyObject* convert, string? name = null)
    {
        if (AddressRange.Contains(root))
        {
            Pool? owner = PoolTable.OwnerOf(root);
            if (owner is not { Deleted: false }) return interpreter.RaiseDeleted(owner);
            return pool.Deleted ? interpreter.RaiseDeleted(pool) : root;
        }
        Freezer freezer = new(interpreter, root, convert, name);
        if (!freezer._writer.Open(pool)) return interpreter.RaiseDeleted(pool);
        PyObject* copy = null;
        bool closed = false;
        try
        {
            copy = freezer.Run();
            if (copy != null)
            {
                bool committed = freezer._writer.Commit(interpreter.Id);
                closed = true;
                if (!committed) copy = interpreter.RaiseDeleted(pool);
            }
        }
        catch (Exception e)
        {
            copy = Errors.FromManaged(e);
        }
        if (!closed) freezer._writer.Abort();
        freezer.Dispose();
        return copy;
    }

    PyObject* Run()
    {
        PyObject* copy = Visit(_root);
        if (copy == null) return null;
        while (_walk.Stack.Count > 0)
        {
            bool more = _walk.Stack.Last->Kind switch
            {
                FrameKind.Dict => StepDict(),
                FrameKind.Set => StepSet(),
                FrameKind.Slice => StepSlice(),
                _ => StepSequence(),
            };
            if (!more) return null;
        }
        return _default != null && _conversions > 0 && !IsUnchanged() ? null : copy;
    }

    // Dropping originals may run finalizers; the transaction is closed by now.
    void Dispose()
    {
        for (int i = 0; i < _walk.Stack.Count; i++) References.Drop(_walk.Stack[i]->Original);
        _openSlices.Dispose();
        _sliceHashes.DisposeOfCopies();
        _walk.Dispose();
    }

    /// <summary>
    /// The copy of one object, or null with an exception set. A container's copy is returned when it has been begun, with
    /// <see cref="_pushed"/> set: the caller then lets the main loop work on it first.
    /// </summary>
    PyObject* Visit(PyObject* o)
    {
        _pushed = false;
        if (--_walk.Budget == 0 && !CheckSignals(o)) return null;
        if (AddressRange.Contains(o))
        {
            Pool? owner = PoolTable.OwnerOf(o);
            if (owner is not { Deleted: false }) return _interpreter.RaiseDeleted(owner);
            if (owner == _writer.Pool)
            {
                if (ObjectMarks.IsSingle(o)) ObjectMarks.ClearSingle(o);
                NoteReference(o);
                return o;
            }
        }

        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type) return VisitString(o);
        if (type == api.PyLong_Type) return VisitInt(o);
        if (type == api.PyFloat_Type) return VisitFloat(o);
        if (o == api._Py_NoneStruct || type == api.PyBool_Type) return o;

        bool remember = Remembers(o);
        if (remember && _walk.Memo.Find(o) is var known && known != null)
        {
            NoteReference(known);
            return known;
        }
        PyObject* copy;
        if (type == api.PyDict_Type) copy = BeginDict(o);
        else if (type == api.PyList_Type) copy = BeginList(o);
        else if (type == api.PyTuple_Type) copy = BeginTuple(o);
        else return VisitRare(o, type, remember);
        if (copy != null) Note(o, copy, remember);
        return copy;
    }

    /// <summary>
    /// Remembers the copy of an object that may be met again; of any other, that it is referred to once, which spares thawing a
    /// memo entry.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Note(PyObject* original, PyObject* copy, bool remember)
    {
        if (remember) _walk.Memo.Add(original, copy);
        else if (AddressRange.Contains(copy)) ObjectMarks.SetSingle(copy);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly bool Remembers(PyObject* o) => _remembersAll || !References.IsUnique(o);

    [MethodImpl(MethodImplOptions.NoInlining)]
    PyObject* VisitRare(PyObject* o, PyObject* type, bool remember)
    {
        ref Api api = ref Api.Table;
        PyObject* copy;
        if (type == api.PySet_Type) copy = BeginSet(o, ObjectMark.MutableOrigin);
        else if (type == api.PyFrozenSet_Type) copy = BeginSet(o, ObjectMarkOf(o));
        else if (type == api.PyBytes_Type) copy = CopyBytes(o);
        else if (type == api.PyByteArray_Type) copy = CopyByteArray(o);
        else if (Layout.Current.HasFrozenDict && type == api.PyFrozenDict_Type) copy = BeginDict(o);
        else if (Handle.Is(_interpreter.Live, o))
        {
            copy = VisitLive(o);
            if (copy != null) _walk.Memo.Add(o, copy);
            return copy;
        }
        else
        {
            copy = VisitRarer(o, type);
            if (copy != null && remember) _walk.Memo.Add(o, copy);
            return copy;
        }
        if (copy != null) Note(o, copy, remember);
        return copy;
    }

    // The copy may be that of another object, which stands for this one.
    PyObject* VisitRarer(PyObject* o, PyObject* type)
    {
        ref Api api = ref Api.Table;
        if (type == api.PyComplex_Type) return CopyComplex(o);
        if (type == api.PyRange_Type) return CopyRange(o);
        if (type == api.PySlice_Type) return BeginSlice(o);
        if (o == api._Py_EllipsisObject || o == api._Py_NotImplementedStruct) return o;
        if (type == api.PyDictProxy_Type) return VisitMappingProxy(o);
        if (_interpreter.DateTimes.NeedsImportFor(type)) Callout(o);
        if (_interpreter.DateTimes.Knows(type, out DateTimeKind kind)) return CopyDateTime(o, kind);
        return VisitSubclass(o, type);
    }

    // Containers whose class only adds behaviour freeze as what they are underneath; classes with a meaning of their own are
    // refused.
    PyObject* VisitSubclass(PyObject* o, PyObject* type)
    {
        ref Api api = ref Api.Table;
        nuint flags = api.PyType_GetFlags(type);
        if ((flags & ListSubclass) != 0)
        {
            _conversions++;
            return BeginList(o);
        }
        if ((flags & TupleSubclass) != 0)
        {
            Callout(o);
            if (api.PyObject_HasAttrString(type, Text.Utf8("_fields"u8)) != 0) return Convert(o);
            _conversions++;
            return BeginTuple(o);
        }
        if ((flags & DictSubclass) != 0)
        {
            if (type == api.PyODict_Type) return BeginOrderedDict(o);
            if (!_interpreter.KnowsCollections) Callout(o);
            if (_interpreter.IsPlainDictSubclass(type)) return BeginDict(o);
        }
        if (api.PyType_IsSubtype(type, api.PySet_Type) != 0)
        {
            _conversions++;
            return BeginSet(o, ObjectMark.MutableOrigin);
        }
        if (api.PyType_IsSubtype(type, api.PyFrozenSet_Type) != 0)
        {
            _conversions++;
            return BeginSet(o, ObjectMark.Object);
        }
        return Convert(o);
    }

    /// <summary>What <c>default=</c> makes of an object that cannot be frozen as it is.</summary>
    PyObject* Convert(PyObject* o)
    {
        if (_default == null) return RaiseNotShareable($"{Text.TypeName(o)} cannot be frozen{PoolDefaults.Advice(_writer.Pool)}");
        if (++_chain > Limits.ChainedConversions)
            return RaiseNotShareable(
                $"default() returned an object that cannot be frozen {Limits.ChainedConversions} times in a row, last a "
                + $"{Text.TypeName(o)}");
        if (_nested >= MostNestedConversions)
            return Errors.Set(
                *Api.Table.PyExc_RecursionError,
                $"{Path(_walk.Stack.Count)}: default() nests objects more than {MostNestedConversions} deep, the last is a "
                + $"{Text.TypeName(o)}");
        _conversions++;
        Callout(o);
        PyObject* result = Api.Table.PyObject_CallOneArg(_default, o);
        if (result == null) return AddPathNote();
        _walk.Keep(result);
        if (result == o) return RaiseNotShareable($"default() returned the {Text.TypeName(o)} itself, which cannot be frozen");
        _nextIsAttributes = IsAttributesOf(o, result);
        PyObject* copy = Visit(result);
        _nextIsAttributes = false;
        _chain--;
        return copy;
    }

    /// <summary>Must come before anything that may run other code, which may drop all references to the object at hand.</summary>
    void Callout(PyObject* atHand)
    {
        _callouts++;
        _walk.Keep(References.New(atHand));
    }

    /// <summary>
    /// Lets signal handlers run, and so KeyboardInterrupt arrive; false if one raised. May run any Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool CheckSignals(PyObject* atHand)
    {
        Callout(atHand);
        return _walk.CheckSignals();
    }

    /// <summary>
    /// Memory in the pool, zeroed, or null with MemoryError or PoolFullError set.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    byte* Allocate(nuint size)
    {
        byte* block = _writer.Allocate(size);
        return block != null ? block : RaiseExhausted();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    byte* RaiseExhausted()
    {
        if (_writer.Failure == AllocationFailure.PoolFull)
        {
            Pool pool = _writer.Pool;
            Errors.Set(_interpreter.PoolFullError, $"pool '{pool.Name}' is full: max_bytes={pool.MaxBytes} would be exceeded");
        }
        else
        {
            Errors.Set(*Api.Table.PyExc_MemoryError, $"no memory left for pool '{_writer.Pool.Name}'");
        }
        return null;
    }

    // What the original was, if it is itself frozen, in another pool: a tuple may have been a list once.
    static ObjectMark ObjectMarkOf(PyObject* o) => AddressRange.Contains(o) ? ObjectMarks.Get(o) : ObjectMark.Object;

    /// <summary>Finishes the header of a copy without parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    PyObject* Finish(PyObject* copy, PyObject* type, ObjectMark mark = ObjectMark.Object)
    {
        copy->RefCount = _immortal;
        copy->Type = type;
        ObjectMarks.Set(copy, mark);
        _writer.Objects++;
        return copy;
    }

    /// <summary>Puts a container on the stack. Its copy stays marked as unfinished until <see cref="Pop"/>.</summary>
    FreezeFrame* Push(FrameKind kind, PyObject* original, PyObject* copy, nint size, ObjectMark mark)
    {
        PyObject* published = Published(kind, copy);
        published->RefCount = (ulong)_walk.Stack.Count;
        ObjectMarks.Set(published, ObjectMark.InProgress);
        FreezeFrame* frame = _walk.Stack.Add();
        *frame = new FreezeFrame
        {
            Kind = kind,
            Mark = mark,
            Original = References.New(original),
            Copy = copy,
            Size = size,
            Conversions = _conversions,
            Callouts = _callouts,
            Reaches = Nothing,
            // Only what default= returned is begun in the middle of a conversion; what is in it comes later.
            IsConverted = _chain > 0,
        };
        if (_chain > 0) _nested++;
        _writer.Objects++;
        _pushed = true;
        return frame;
    }

    /// <summary>Takes the finished top container off the stack and tells the one around it what matters for hashing.</summary>
    bool Pop()
    {
        FreezeFrame frame = *_walk.Stack.Last;
        _walk.Stack.RemoveLast();
        if (frame.IsConverted) _nested--;
        bool isOpen = frame.Reaches < _walk.Stack.Count;
        bool isOpenSlice = isOpen && frame.Kind == FrameKind.Slice;
        if (_innermostOpening >= _walk.Stack.Count) CloseSlices(isOpenSlice ? frame.Reaches : Nothing);
        PyObject* published = Published(frame.Kind, frame.Copy);
        if (isOpenSlice)
        {
            KeepOpen(published, frame.Reaches);
        }
        else
        {
            published->RefCount = _immortal;
            ObjectMarks.Set(published, frame.Mark);
        }
        References.Drop(frame.Original);
        if (_walk.Stack.Count == 0) return true;

        FreezeFrame* outer = _walk.Stack.Last;
        if (outer->Kind == FrameKind.Set || outer->Kind == FrameKind.Dict && outer->AtValue)
        {
            if (isOpen || frame.Unhashable) return RaiseBadKey(frame.Unhashable);
            return true;
        }
        outer->Unhashable |= frame.Unhashable;
        if (isOpen) outer->Reaches = Math.Min(outer->Reaches, frame.Reaches);
        return true;
    }

    /// <summary>The object that others refer to: of a dict before 3.15, the mappingproxy in front of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static PyObject* Published(FrameKind kind, PyObject* copy) =>
        kind == FrameKind.Dict && !Layout.Current.HasFrozenDict ? (PyObject*)((byte*)copy - ProxyToDict) : copy;

    /// <summary>
    /// Tells the top container that it refers to a container which was met before and is perhaps unfinished or unhashable.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void NoteReference(PyObject* copy)
    {
        if (_walk.Stack.Count == 0 || !AddressRange.Contains(copy)) return;
        FreezeFrame* frame = _walk.Stack.Last;
        if (ObjectMarks.Get(copy) == ObjectMark.InProgress)
        {
            frame->Reaches = Math.Min(frame->Reaches, (int)copy->RefCount);
            if (!Layout.Current.HasFrozenDict && copy->Type == Api.Table.PyDictProxy_Type) frame->Unhashable = true;
        }
        else if (Layout.Current.TupleHasHash && !HasHash(copy))
        {
            frame->Unhashable = true;
        }
    }
}
