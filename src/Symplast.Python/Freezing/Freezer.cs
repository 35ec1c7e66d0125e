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
internal unsafe ref struct Freezer
{
    // json.dumps has the recursion limit; a list that is linked through default() may well be longer.
    const int MostNestedConversions = 100_000;
    internal const int Nothing = int.MaxValue;

    internal readonly InterpreterState Interpreter;
    internal readonly PyObject* Root;
    internal readonly PyObject* Default;
    internal readonly string? Name;             // of the root, in messages
    internal readonly ulong Immortal;
    internal PoolWriter Writer;
    internal Walk<FreezeFrame> Walk = new();    // keeps temporaries and objects at hand
    internal NativeList<nint> OpenSlices;       // see FrozenSlices.KeepOpen
    internal int InnermostOpening = -1;         // stack index of the innermost container that one of them leads to; -1 if none
    internal Memo SliceHashes;                  // slices cache no hash; -1 stands for none
    internal long Conversions;                  // subclass to base, default=
    internal long Callouts;                     // how often other code could run
    internal bool Pushed;                       // the last Visit began a container
    internal bool NextIsAttributes;
    readonly bool _remembersAll;
    int _chain;
    int _nested;                                // containers in progress that default= returned

    Freezer(InterpreterState interpreter, PyObject* root, PyObject* convert, string? name)
    {
        Interpreter = interpreter;
        Name = name;
        Root = root;
        Default = convert;
        _remembersAll = convert != null;
        Immortal = Layout.Current.ImmortalHeader;
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
        if (!freezer.Writer.Open(pool)) return interpreter.RaiseDeleted(pool);
        PyObject* copy = null;
        bool closed = false;
        try
        {
            copy = freezer.Run();
            if (copy != null)
            {
                bool committed = freezer.Writer.Commit(interpreter.Id);
                closed = true;
                if (!committed) copy = interpreter.RaiseDeleted(pool);
            }
        }
        catch (Exception e)
        {
            copy = Errors.FromManaged(e);
        }
        if (!closed) freezer.Writer.Abort();
        freezer.Dispose();
        return copy;
    }

    PyObject* Run()
    {
        PyObject* copy = Visit(Root);
        if (copy == null) return null;
        while (Walk.Stack.Count > 0)
        {
            bool more = Walk.Stack.Last->Kind switch
            {
                FrameKind.Dict => FrozenDicts.Step(ref this),
                FrameKind.Set => FrozenSets.Step(ref this),
                FrameKind.Slice => FrozenSlices.Step(ref this),
                _ => FrozenSequences.Step(ref this),
            };
            if (!more) return null;
        }
        return Default != null && Conversions > 0 && !UnchangedCheck.Passes(ref this) ? null : copy;
    }

    // Dropping originals may run finalizers; the transaction is closed by now.
    void Dispose()
    {
        for (int i = 0; i < Walk.Stack.Count; i++) References.Drop(Walk.Stack[i]->Original);
        OpenSlices.Dispose();
        SliceHashes.DisposeOfCopies();
        Walk.Dispose();
    }

    /// <summary>
    /// The copy of one object, or null with an exception set. A container's copy is returned when it has been begun, with
    /// <see cref="Pushed"/> set: the caller then lets the main loop work on it first.
    /// </summary>
    internal PyObject* Visit(PyObject* o)
    {
        Pushed = false;
        if (--Walk.Budget == 0 && !CheckSignals(o)) return null;
        if (AddressRange.Contains(o))
        {
            Pool? owner = PoolTable.OwnerOf(o);
            if (owner is not { Deleted: false }) return Interpreter.RaiseDeleted(owner);
            if (owner == Writer.Pool)
            {
                if (ObjectMarks.IsSingle(o)) ObjectMarks.ClearSingle(o);
                NoteReference(o);
                return o;
            }
        }

        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type) return FrozenLeaves.VisitString(ref this, o);
        if (type == api.PyLong_Type) return FrozenLeaves.VisitInt(ref this, o);
        if (type == api.PyFloat_Type) return FrozenLeaves.VisitFloat(ref this, o);
        if (o == api._Py_NoneStruct || type == api.PyBool_Type) return o;

        bool remember = Remembers(o);
        if (remember && Walk.Memo.Find(o) is var known && known != null)
        {
            NoteReference(known);
            return known;
        }
        PyObject* copy;
        if (type == api.PyDict_Type) copy = FrozenDicts.Begin(ref this, o);
        else if (type == api.PyList_Type) copy = FrozenSequences.Begin(ref this, FrameKind.List, o);
        else if (type == api.PyTuple_Type) copy = FrozenSequences.Begin(ref this, FrameKind.Tuple, o);
        else return VisitRare(o, type, remember);
        if (copy != null) Note(o, copy, remember);
        return copy;
    }

    /// <summary>
    /// Remembers the copy of an object that may be met again; of any other, that it is referred to once, which spares thawing a
    /// memo entry.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Note(PyObject* original, PyObject* copy, bool remember)
    {
        if (remember) Walk.Memo.Add(original, copy);
        else if (AddressRange.Contains(copy)) ObjectMarks.SetSingle(copy);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool Remembers(PyObject* o) => _remembersAll || !References.IsUnique(o);

    [MethodImpl(MethodImplOptions.NoInlining)]
    PyObject* VisitRare(PyObject* o, PyObject* type, bool remember)
    {
        ref Api api = ref Api.Table;
        PyObject* copy;
        if (type == api.PySet_Type) copy = FrozenSets.Begin(ref this, o, ObjectMark.MutableOrigin);
        else if (type == api.PyFrozenSet_Type) copy = FrozenSets.Begin(ref this, o, ObjectMarkOf(o));
        else if (type == api.PyBytes_Type) copy = FrozenLeaves.CopyBytes(ref this, o);
        else if (type == api.PyByteArray_Type) copy = FrozenLeaves.CopyByteArray(ref this, o);
        else if (Layout.Current.HasFrozenDict && type == api.PyFrozenDict_Type) copy = FrozenDicts.Begin(ref this, o);
        else if (Handle.Is(Interpreter.Live, o))
        {
            copy = VisitLive(o);
            if (copy != null) Walk.Memo.Add(o, copy);
            return copy;
        }
        else
        {
            copy = VisitRarer(o, type);
            if (copy != null && remember) Walk.Memo.Add(o, copy);
            return copy;
        }
        if (copy != null) Note(o, copy, remember);
        return copy;
    }

    // The copy may be that of another object, which stands for this one.
    PyObject* VisitRarer(PyObject* o, PyObject* type)
    {
        ref Api api = ref Api.Table;
        if (type == api.PyComplex_Type) return FrozenLeaves.CopyComplex(ref this, o);
        if (type == api.PyRange_Type) return FrozenLeaves.CopyRange(ref this, o);
        if (type == api.PySlice_Type) return FrozenSlices.Begin(ref this, o);
        if (o == api._Py_EllipsisObject || o == api._Py_NotImplementedStruct) return o;
        if (type == api.PyDictProxy_Type) return FrozenDicts.BeginProxied(ref this, o);
        if (Interpreter.DateTimes.NeedsImportFor(type)) Callout(o);
        if (Interpreter.DateTimes.Knows(type, out DateTimeKind kind)) return FrozenLeaves.CopyDateTime(ref this, o, kind);
        return VisitSubclass(o, type);
    }

    // Containers whose class only adds behaviour freeze as what they are underneath; classes with a meaning of their own are
    // refused.
    PyObject* VisitSubclass(PyObject* o, PyObject* type)
    {
        ref Api api = ref Api.Table;
        nuint flags = api.PyType_GetFlags(type);
        if ((flags & PyTypeSpec.ListSubclass) != 0)
        {
            Conversions++;
            return FrozenSequences.Begin(ref this, FrameKind.List, o);
        }
        if ((flags & PyTypeSpec.TupleSubclass) != 0)
        {
            Callout(o);
            if (api.PyObject_HasAttrString(type, Text.Utf8("_fields"u8)) != 0) return Convert(o);
            Conversions++;
            return FrozenSequences.Begin(ref this, FrameKind.Tuple, o);
        }
        if ((flags & PyTypeSpec.DictSubclass) != 0)
        {
            if (type == api.PyODict_Type) return FrozenDicts.BeginOrdered(ref this, o);
            if (!Interpreter.KnowsCollections) Callout(o);
            if (Interpreter.IsPlainDictSubclass(type)) return FrozenDicts.Begin(ref this, o);
        }
        if (api.PyType_IsSubtype(type, api.PySet_Type) != 0)
        {
            Conversions++;
            return FrozenSets.Begin(ref this, o, ObjectMark.MutableOrigin);
        }
        if (api.PyType_IsSubtype(type, api.PyFrozenSet_Type) != 0)
        {
            Conversions++;
            return FrozenSets.Begin(ref this, o, ObjectMark.Object);
        }
        return Convert(o);
    }

    // Live objects are frozen as they are at one moment, each at its own.
    PyObject* VisitLive(PyObject* o)
    {
        if (++_chain > Limits.ChainedReferences)
            return FreezeErrors.RaiseNotShareable(ref this, "an AtomicRef that holds itself cannot be frozen");
        Conversions++;
        // Looking for a class runs its module.
        Callout(o);
        // The plain form of an Array has no frozen form, but a list of its numbers has.
        PyObject* plain = LiveObjects.ToBuiltIn(Interpreter.Live, o);
        if (plain == null) return null;
        Walk.Keep(plain);
        PyObject* copy = Visit(plain);
        _chain--;
        return copy;
    }

    /// <summary>What <c>default=</c> makes of an object that cannot be frozen as it is.</summary>
    internal PyObject* Convert(PyObject* o)
    {
        if (Default == null)
            return FreezeErrors.RaiseNotShareable(
                ref this, $"{Text.TypeName(o)} cannot be frozen{PoolDefaults.Advice(Writer.Pool)}");
        if (++_chain > Limits.ChainedConversions)
            return FreezeErrors.RaiseNotShareable(
                ref this,
                $"default() returned an object that cannot be frozen {Limits.ChainedConversions} times in a row, last a "
                + $"{Text.TypeName(o)}");
        if (_nested >= MostNestedConversions)
            return Errors.Set(
                *Api.Table.PyExc_RecursionError,
                $"{FreezeErrors.Path(ref this, Walk.Stack.Count)}: default() nests objects more than "
                + $"{MostNestedConversions} deep, the last is a {Text.TypeName(o)}");
        Conversions++;
        Callout(o);
        PyObject* result = Api.Table.PyObject_CallOneArg(Default, o);
        if (result == null) return FreezeErrors.AddPathNote(ref this);
        Walk.Keep(result);
        if (result == o)
            return FreezeErrors.RaiseNotShareable(
                ref this, $"default() returned the {Text.TypeName(o)} itself, which cannot be frozen");
        NextIsAttributes = IsAttributesOf(o, result);
        PyObject* copy = Visit(result);
        NextIsAttributes = false;
        _chain--;
        return copy;
    }

    static bool IsAttributesOf(PyObject* o, PyObject* result)
    {
        if (result->Type != Api.Table.PyDict_Type) return false;
        PyObject* attributes = Api.Table.PyObject_GetAttrString(o, Text.Utf8("__dict__"u8));
        if (attributes == null) Api.Table.PyErr_Clear();
        References.Drop(attributes);
        return attributes == result;
    }

    /// <summary>Must come before anything that may run other code, which may drop all references to the object at hand.</summary>
    internal void Callout(PyObject* atHand)
    {
        Callouts++;
        Walk.Keep(References.New(atHand));
    }

    /// <summary>
    /// Lets signal handlers run, and so KeyboardInterrupt arrive; false if one raised. May run any Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool CheckSignals(PyObject* atHand)
    {
        Callout(atHand);
        return Walk.CheckSignals();
    }

    /// <summary>Memory in the pool, zeroed, or null with MemoryError or PoolFullError set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* Allocate(nuint size)
    {
        byte* block = Writer.Allocate(size);
        return block != null ? block : RaiseExhausted();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    byte* RaiseExhausted()
    {
        if (Writer.Failure == AllocationFailure.PoolFull)
        {
            Pool pool = Writer.Pool;
            Errors.Set(Interpreter.PoolFullError, $"pool '{pool.Name}' is full: max_bytes={pool.MaxBytes} would be exceeded");
        }
        else Errors.Set(*Api.Table.PyExc_MemoryError, $"no memory left for pool '{Writer.Pool.Name}'");
        return null;
    }

    /// <summary>Whether memory ran out, so that the freeze cannot go on.</summary>
    internal readonly bool IsExhausted => Writer.Failure != AllocationFailure.None;

    // What the original was, if it is itself frozen, in another pool: a tuple may have been a list once.
    internal static ObjectMark ObjectMarkOf(PyObject* o) => AddressRange.Contains(o) ? ObjectMarks.Get(o) : ObjectMark.Object;

    /// <summary>Finishes the header of a copy without parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PyObject* Finish(PyObject* copy, PyObject* type, ObjectMark mark = ObjectMark.Object)
    {
        copy->RefCount = Immortal;
        copy->Type = type;
        ObjectMarks.Set(copy, mark);
        Writer.Objects++;
        return copy;
    }

    /// <summary>Puts a container on the stack. Its copy stays marked as unfinished until <see cref="Pop"/>.</summary>
    internal FreezeFrame* Push(FrameKind kind, PyObject* original, PyObject* copy, nint size, ObjectMark mark)
    {
        PyObject* published = Published(kind, copy);
        published->RefCount = (ulong)Walk.Stack.Count;
        ObjectMarks.Set(published, ObjectMark.InProgress);
        FreezeFrame* frame = Walk.Stack.Add();
        *frame = new FreezeFrame
        {
            Kind = kind,
            Mark = mark,
            Original = References.New(original),
            Copy = copy,
            Size = size,
            Conversions = Conversions,
            Callouts = Callouts,
            Reaches = Nothing,
            // Only what default= returned is begun in the middle of a conversion; what is in it comes later.
            IsConverted = _chain > 0,
        };
        if (_chain > 0) _nested++;
        Writer.Objects++;
        Pushed = true;
        return frame;
    }

    /// <summary>Takes the finished top container off the stack and tells the one around it what matters for hashing.</summary>
    internal bool Pop()
    {
        FreezeFrame frame = *Walk.Stack.Last;
        Walk.Stack.RemoveLast();
        if (frame.IsConverted) _nested--;
        bool isOpen = frame.Reaches < Walk.Stack.Count;
        bool isOpenSlice = isOpen && frame.Kind == FrameKind.Slice;
        if (InnermostOpening >= Walk.Stack.Count) FrozenSlices.Close(ref this, isOpenSlice ? frame.Reaches : Nothing);
        PyObject* published = Published(frame.Kind, frame.Copy);
        if (isOpenSlice) FrozenSlices.KeepOpen(ref this, published, frame.Reaches);
        else
        {
            published->RefCount = Immortal;
            ObjectMarks.Set(published, frame.Mark);
        }
        References.Drop(frame.Original);
        if (Walk.Stack.Count == 0) return true;

        FreezeFrame* outer = Walk.Stack.Last;
        if (outer->Kind == FrameKind.Set || outer->Kind == FrameKind.Dict && outer->AtValue)
            return !isOpen && !frame.Unhashable || FreezeErrors.RaiseBadKey(ref this, frame.Unhashable);
        outer->Unhashable |= frame.Unhashable;
        if (isOpen) outer->Reaches = Math.Min(outer->Reaches, frame.Reaches);
        return true;
    }

    /// <summary>The object that others refer to: of a dict before 3.15, the mappingproxy in front of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Published(FrameKind kind, PyObject* copy) =>
        kind == FrameKind.Dict && !Layout.Current.HasFrozenDict ? (PyObject*)((byte*)copy - FrozenDicts.ProxyToDict) : copy;

    /// <summary>
    /// Tells the top container that it refers to a container which was met before and is perhaps unfinished or unhashable.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void NoteReference(PyObject* copy)
    {
        if (Walk.Stack.Count == 0 || !AddressRange.Contains(copy)) return;
        FreezeFrame* frame = Walk.Stack.Last;
        if (ObjectMarks.Get(copy) == ObjectMark.InProgress)
        {
            frame->Reaches = Math.Min(frame->Reaches, (int)copy->RefCount);
            if (!Layout.Current.HasFrozenDict && copy->Type == Api.Table.PyDictProxy_Type) frame->Unhashable = true;
        }
        else if (Layout.Current.TupleHasHash && !FrozenHashes.HasHash(ref this, copy)) frame->Unhashable = true;
    }
}
