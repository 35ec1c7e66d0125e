using System.Text;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Symplast.Python.Freezing;
using Symplast.Python.Graph;

namespace Symplast.Python.Live;

/// <summary>
/// Copies plain containers into a pool, with everything that they contain: a list becomes a <c>List</c>, a dict a <c>Dict</c>, a
/// set a <c>Set</c>, an <c>array.array</c> an <c>Array</c>. Sharing and cycles are kept. Immutable objects that are not values
/// are frozen. Any other object is replaced by what the pool's default returns for it. An explicit stack is used, so only memory
/// limits the depth.
/// </summary>
/// <remarks>
/// The GIL is held, but Python code may run in between: a class's <c>__hash__</c>, the check for signals while something is
/// frozen, the pool's default. So a container's items are copied to a list when the container is begun, which also keeps them
/// alive. The memo keeps originals alive whose copies exist.
/// </remarks>
internal unsafe ref struct Carrier
{
    struct Frame
    {
        internal PyObject* Original;
        internal PyObject* Items;       // a list of the items; for a dict, of pairs
        internal Header* Copy;
        internal LiveKind Kind;         // of the copy; stored here because the copy is freed if its pool is deleted meanwhile
        internal nint Next;
        internal int Depth;             // how many results of the pool's default contain it
    }

    const int MostNestedConversions = 1000;

    readonly LiveState* _state;
    readonly PoolHeap* _heap;
    readonly Place _place;
    Walk<Frame> _walk = new();          // its memo leads from originals to copies; it keeps the results of the pool's default
    NativeList<nint> _made;             // every copy, with a reference
    int _depth;
    int _chain;

    Carrier(LiveState* state, PoolHeap* heap, scoped in Place place)
    {
        _state = state;
        _heap = heap;
        _place = place;
    }

    /// <summary>
    /// Copies an object that <see cref="Incoming.TryValue"/> does not know into a pool. The reference is the caller's. Returns
    /// false with an exception set that names the place; the pool is then as before.
    /// </summary>
    internal static bool Carry(LiveState* state, PoolHeap* heap, PyObject* o, scoped in Place place, out Value value)
    {
        Carrier carrier = new(state, heap, place);
        bool carried = false;
        value = default;
        try
        {
            carried = carrier.Visit(o, out value) && carrier.Run();
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
        }
        carrier.Dispose(carried, ref value);
        return carried;
    }

    bool Run()
    {
        for (nint steps = 0; _walk.Stack.Count > 0; steps++)
        {
            if (!LiveMethods.GoesOn(steps)) return false;
            Frame* frame = _walk.Stack.Last;
            if (frame->Next == ((PyListObject*)frame->Items)->Size)
            {
                References.Drop(frame->Items);
                _walk.Stack.RemoveLast();
                continue;
            }
            PyObject* item = ((PyListObject*)frame->Items)->Items[frame->Next++];
            if (!Step(*frame, item)) return false;
        }
        return true;
    }

    // Stores one item of a container. Visiting an item may move the stack.
    bool Step(Frame frame, PyObject* item)
    {
        Status status;
        Value value;
        _depth = frame.Depth;
        if (frame.Kind == LiveKind.List)
        {
            if (!Visit(item, out value)) return false;
            status = SharedVector.Append(_state->Me, (SharedVector*)frame.Copy, value);
        }
        else
        {
            bool isDict = frame.Kind == LiveKind.Dict;
            PyObject* first = isDict ? ItemOf(item, 0) : item;
            KeyState known = Incoming.Key(_state, _heap, first, out Incoming key);
            if (known == KeyState.Foreign)
                return Refuse(first, isDict ? "cannot be a key of a shared Dict" : "cannot be a member of a shared Set");
            if (known == KeyState.Failed) return false;
            value = default;
            if (isDict && !Visit(ItemOf(item, 1), out value))
            {
                key.Dispose(_state);
                return false;
            }
            status = isDict
                ? OrderedMap.Set(_state->Me, (OrderedMap*)frame.Copy, key.Probe, value)
                : OrderedSet.Add(_state->Me, (OrderedMap*)frame.Copy, key.Probe);
            key.Dispose(_state);
        }
        LiveState.Drop(_state, value);
        if (status is Status.Done or Status.Exists) return true;
        return status == Status.NoMemory
            ? LiveErrors.RaiseNoMemory(_state, _heap) != null : LiveErrors.RaiseDeletedPool(_state, _heap) != null;
    }

    // The value of any object, with a reference. A container is only begun.
    bool Visit(PyObject* o, out Value value)
    {
        if (Incoming.TryValue(_state, _heap, o, out value)) return true;
        ref Api api = ref Api.Table;
        if (api.PyErr_Occurred() != null) return false;
        PyObject* known = _walk.Memo.Find(o);
        if (known != null)
        {
            value = Value.Of((Header*)known);
            TakeInSection(value);
            return true;
        }
        InterpreterState? interpreter = _state->Interpreter;
        // An exact tuple comes here only to be frozen.
        PyObject* type = interpreter is null || o->Type == api.PyTuple_Type ? null : PlainBases.Of(interpreter, o->Type);
        if (type == api.PyTuple_Type) return Unwrap(o, out value);
        if (type == null)
        {
            Header* whole = Kinds.Of(LiveKind.Array).Carry(_state, _heap, o);
            if (whole == null) return api.PyErr_Occurred() == null && Freeze(o, out value);
            value = Note(o, whole);
            return true;
        }
        PyObject* items = PlainBases.ItemsOf(o, type);
        if (LiveMethods.Hidden(items) == null) return false;
        Header* copy = Create(type);
        if (copy == null)
        {
            References.Drop(items);
            return false;
        }
        value = Note(o, copy);
        LiveKind kind = type == api.PyDict_Type ? LiveKind.Dict : type == api.PySet_Type ? LiveKind.Set : LiveKind.List;
        _walk.Stack.Add(new Frame { Original = o, Items = items, Copy = copy, Kind = kind, Depth = _depth });
        return true;
    }

    // A tuple of a derived class.
    bool Unwrap(PyObject* o, out Value value)
    {
        value = default;
        PyObject* tuple = PlainBases.TupleOf(o);
        bool carried = tuple != null && Visit(tuple, out value);
        References.Drop(tuple);
        return carried;
    }

    // Enters a copy into the memo. Returns its value, with a reference.
    Value Note(PyObject* original, Header* copy)
    {
        // Memory is reserved first: nothing may fail between the creation of a copy and its entry.
        _made.Reserve(1);
        _made.Add((nint)copy);
        _walk.Memo.Add(original, (PyObject*)copy);
        Value value = Value.Of(copy);
        TakeInSection(value);
        return value;
    }

    void TakeInSection(Value value)
    {
        Section section = Section.Enter(_state->Me);
        Reference.Take(value);
        section.Exit(_state->Me);
    }

    Header* Create(PyObject* type)
    {
        ref Api api = ref Api.Table;
        Section section = PoolHeap.Enter(_state->Me, _heap, out bool isDeleted);
        Header* copy = isDeleted ? null
            : type == api.PyDict_Type ? (Header*)OrderedMap.Create(_state->Me, _heap)
            : type == api.PySet_Type ? (Header*)OrderedSet.Create(_state->Me, _heap)
            : (Header*)SharedVector.Create(_state->Me, _heap);
        if (copy != null) Tracking.Note(copy);
        section.Exit(_state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(_state, _heap);
        else if (copy == null) LiveErrors.RaiseNoMemory(_state, _heap);
        return copy;
    }

    // Freezes built-in immutable objects. An object is refused if freezing would change its type.
    bool Freeze(PyObject* o, out Value value)
    {
        value = default;
        InterpreterState? interpreter = _state->Interpreter;
        Pool? pool = LiveErrors.PoolOf(_heap);
        if (interpreter is null || pool is null) return LiveErrors.RaiseDeletedPool(_state, _heap) != null;
        PyObject* function = interpreter.Defaults.Of(pool);
        if (!IsImmutable(interpreter, o))
            return function != null
                ? Convert(o, function, out value)
                : Refuse(o, $"cannot be shared{PoolDefaults.Advice(pool)}{Alternatives.Of(o)}");
        if (function != null) References.Take(function);
        PyObject* frozen = Freezer.Freeze(interpreter, pool, o, function, name: "");
        References.Drop(function);
        if (frozen == null) return Rename(o);
        if (AddressRange.Contains(frozen))
        {
            value = Value.Foreign(frozen);
            return true;
        }
        // Static constants are in no pool, yet the default may return one.
        return Incoming.TryValue(_state, _heap, frozen, out value)
            || Api.Table.PyErr_Occurred() == null && Refuse(o, "cannot be shared");
    }

    // Replaces an object by what the pool's default returns for it.
    bool Convert(PyObject* o, PyObject* function, out Value value)
    {
        value = default;
        if (++_chain > Limits.ChainedConversions)
            return Refuse(
                o, $"came after {Limits.ChainedConversions} answers of default() in a row that cannot be shared either");
        if (++_depth > MostNestedConversions)
            return Errors.Set(
            *Api.Table.PyExc_RecursionError,
            $"{Path()}: default() was asked inside {MostNestedConversions} answers of its own") != null;
        _walk.ReserveKept();
        References.Take(function);
        PyObject* answer = Api.Table.PyObject_CallOneArg(function, o);
        References.Drop(function);
        if (answer == null)
        {
            PyObject* exception = Api.Table.PyErr_GetRaisedException();
            // Only when no exception is set, since the path asks objects for their texts.
            Errors.SetWithNote(exception, $"while storing {Path()}");
            return false;
        }
        _walk.Keep(answer);
        if (answer == o) return Refuse(o, "was returned by default() itself, and cannot be shared");
        if (!Visit(answer, out value)) return false;
        _depth--;
        _chain--;
        // An object has one value wherever it is found.
        if (value.Kind == ValueKind.Object && _walk.Memo.Find(o) == null) _walk.Memo.Add(o, (PyObject*)value.Head);
        return true;
    }

    static bool IsImmutable(InterpreterState interpreter, PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyTuple_Type || type == api.PyFrozenSet_Type || type == api.PyRange_Type || type == api.PySlice_Type)
            return true;
        if (type == api.PyDictProxy_Type || api.PyFrozenDict_Type != null && type == api.PyFrozenDict_Type) return true;
        return interpreter.DateTimes.Knows(type, out _) || api.PyType_IsSubtype(type, api.PyFrozenSet_Type) != 0;
    }

    bool Refuse(PyObject* o, string what)
    {
        LiveErrors.RaiseNotShareable(_state, $"{Path()}: {Text.TypeName(o)} {what}");
        return false;
    }

    // If freezing a part has failed, its error message begins with a place inside that part. The place of the part is put before
    // it.
    bool Rename(PyObject* o)
    {
        ref Api api = ref Api.Table;
        InterpreterState? interpreter = _state->Interpreter;
        if (interpreter is null || api.PyErr_ExceptionMatches(interpreter.NotShareableError) == 0) return false;
        PyObject* exception = api.PyErr_GetRaisedException();
        PyObject* text = api.PyObject_Str(exception);
        string message = text == null ? $": {Text.TypeName(o)} cannot be shared" : Text.FromPython(text);
        api.PyErr_Clear();
        References.Drop(text);
        References.Drop(exception);
        LiveErrors.RaiseNotShareable(_state, Path() + message);
        return false;
    }

    readonly string Path()
    {
        StringBuilder path = new(_place.Describe());
        for (int i = 0; (i = Limits.NextShown(path, i, _walk.Stack.Count)) < _walk.Stack.Count; i++)
        {
            Frame* frame = _walk.Stack[i];
            nint index = frame->Next - 1;
            if (frame->Kind == LiveKind.Set) Place.Append(path, PlaceKind.Member, null);
            else if (frame->Kind == LiveKind.List) path.Append('[').Append(index).Append(']');
            else Place.Append(path, PlaceKind.Item, ItemOf(((PyListObject*)frame->Items)->Items[index], 0));
        }
        return path.ToString();
    }

    void Dispose(bool carried, ref Value value)
    {
        for (int i = 0; i < _walk.Stack.Count; i++) References.Drop(_walk.Stack[i]->Items);
        if (!carried)
        {
            // The copies may refer to each other in cycles, so they are deleted and not only released.
            for (int i = 0; i < _made.Count; i++) Structures.Delete(_state->Me, (Header*)*_made[i]);
            LiveState.Drop(_state, value);
            value = default;
        }
        for (int i = 0; i < _made.Count; i++) LiveState.Drop(_state, (Header*)*_made[i]);
        _made.Dispose();
        _walk.Dispose();
    }

    static PyObject* ItemOf(PyObject* tuple, int index) => Tuples.Items(tuple)[index];
}
