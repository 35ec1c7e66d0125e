using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;
using Symplast.Python.Live;

namespace Symplast.Python.Freezing;

/// <summary>
/// Copies a graph of built-in values into a pool as real, immutable CPython objects. The copies are immortal and untracked. All
/// fields are filled that CPython would otherwise fill lazily. They refer only to objects of the pool and to libpython's static
/// objects. Each original is copied once, so sharing and cycles are kept. The stack of containers is explicit, so only memory
/// limits the depth of the graph.
/// </summary>
/// <remarks>
/// <para>The caller holds the GIL of its interpreter throughout. Originals can therefore change only in a callout, a call that
/// may run other code: <c>default=</c>, signal handlers, imports. The current object is kept alive during a callout. After it,
/// every container in progress is checked again before it is read.</para>
/// <para>An object with one reference can be met only once, and needs no memo entry, neither here nor when its copy is thawed
/// (<see cref="ObjectMarks.IsSingle"/>). With <c>default=</c>, which may return new references to known objects, all objects get
/// memo entries.</para>
/// <para>While a container is in progress, its copy has the mark <see cref="ObjectMark.InProgress"/> and its stack index in the
/// header.</para>
/// </remarks>
internal unsafe ref struct Freezer
{
    // json.dumps stops at the recursion limit. A linked list that default() converts node by node may be longer.
    const int MostNestedConversions = 100_000;
    internal const int Nothing = int.MaxValue;

    internal readonly InterpreterState Interpreter;
    internal readonly PyObject* Root;
    internal readonly PyObject* Default;
    internal readonly string? Name;             // the root's name in messages
    internal readonly ulong Immortal;
    internal PoolWriter Writer;
    internal Walk<FreezeFrame> Walk = new();    // also keeps temporaries and the current objects of callouts
    internal NativeList<nint> OpenSlices;       // see FrozenSlices.KeepOpen
    internal int InnermostOpening = -1;         // stack index of the innermost container to which an open slice leads; -1 if none
    internal Memo SliceHashes;                  // the hashes of slices, which cache none; -1 for an unhashable slice
    internal long Conversions;                  // the number of conversions: of a subclass to its base, or by default=
    internal long Callouts;                     // the number of callouts
    internal bool Pushed;                       // whether the last Visit began a container
    internal bool NextIsAttributes;
    readonly bool _remembersAll;
    int _chain;
    int _nested;                                // the number of containers in progress that default= returned

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
    /// unchanged. An object that is already frozen is returned as it is. <paramref name="convert"/> is Python's <c>default=</c>,
    /// or null. Messages call the root <paramref name="name"/>, or by its name in the calling code if that is null.
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

    // Called when the transaction is closed, because dropping originals may run finalizers.
    void Dispose()
    {
        for (int i = 0; i < Walk.Stack.Count; i++) References.Drop(Walk.Stack[i]->Original);
        OpenSlices.Dispose();
        SliceHashes.DisposeOfCopies();
        Walk.Dispose();
    }

    /// <summary>
    /// Returns the copy of one object, or null with an exception set. For a container that was only begun, <see cref="Pushed"/>
    /// is set; the caller then lets the main loop finish that container first.
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
    /// Adds an object that may be met again to the memo. The copy of any other object is marked as referred to once, so that
    /// thawing needs no memo entry for it.
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

    // The result may be the copy of another object that represents this one, such as the result of default=.
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

    // A container whose class only adds behaviour freezes as its built-in base. A class with a meaning of its own, such as a
    // named tuple, needs default=.
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

    // Freezes the state of a live object at one moment. Different live objects may be read at different moments.
    PyObject* VisitLive(PyObject* o)
    {
        if (++_chain > Limits.ChainedReferences)
            return FreezeErrors.RaiseNotShareable(ref this, "an AtomicRef that holds itself cannot be frozen");
        Conversions++;
        // Finding the class of a live object may import the class's module.
        Callout(o);
        // The plain form of an Array has no frozen form, but a list of its numbers has.
        PyObject* plain = LiveObjects.ToBuiltIn(Interpreter.Live, o);
        if (plain == null) return null;
        Walk.Keep(plain);
        PyObject* copy = Visit(plain);
        _chain--;
        return copy;
    }

    /// <summary>Freezes the result of <c>default=</c> for an object that cannot be frozen itself.</summary>
    internal PyObject* Convert(PyObject* o)
    {
        if (Default == null)
            return FreezeErrors.RaiseNotShareable(
                ref this, $"{Text.TypeName(o)} cannot be frozen{PoolDefaults.Advice(Writer.Pool)}{Alternatives.OfFrozen(o)}");
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

    /// <summary>
    /// Must be called before any call that may run other code, because that code may drop all other references to the object.
    /// </summary>
    internal void Callout(PyObject* atHand)
    {
        Callouts++;
        Walk.Keep(References.New(atHand));
    }

    /// <summary>
    /// Lets signal handlers run, such as that of Ctrl-C. Returns false if a handler raised. May run any Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool CheckSignals(PyObject* atHand)
    {
        Callout(atHand);
        return Walk.CheckSignals();
    }

    /// <summary>Allocates zeroed memory in the pool. Returns null with MemoryError or PoolFullError set.</summary>
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

    /// <summary>Whether memory ran out, so that the freeze must fail.</summary>
    internal readonly bool IsExhausted => Writer.Failure != AllocationFailure.None;

    // The original may itself be frozen, in another pool. Then its mark is kept: a frozen tuple may have been a list.
    internal static ObjectMark ObjectMarkOf(PyObject* o) => AddressRange.Contains(o) ? ObjectMarks.Get(o) : ObjectMark.Object;

    /// <summary>Completes the header of a copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PyObject* Finish(PyObject* copy, PyObject* type, ObjectMark mark = ObjectMark.Object)
    {
        copy->RefCount = Immortal;
        copy->Type = type;
        ObjectMarks.Set(copy, mark);
        Writer.Objects++;
        return copy;
    }

    /// <summary>Pushes a container on the stack. Its copy is marked as in progress until <see cref="Pop"/>.</summary>
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
            // Only a result of default= is pushed during a conversion. Its parts are pushed later.
            IsConverted = _chain > 0,
        };
        if (_chain > 0) _nested++;
        Writer.Objects++;
        Pushed = true;
        return frame;
    }

    /// <summary>
    /// Pops the finished top container, and passes on to the container around it whether it is unhashable or in a cycle.
    /// </summary>
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

    /// <summary>The object to which other copies refer: for a dict before 3.15, the mappingproxy in front of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Published(FrameKind kind, PyObject* copy) =>
        kind == FrameKind.Dict && !Layout.Current.HasFrozenDict ? (PyObject*)((byte*)copy - FrozenDicts.ProxyToDict) : copy;

    /// <summary>
    /// Records in the top container that it refers to a known copy, which may be in progress or unhashable.
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
