using System.Text;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Symplast.Python.Freezing;

namespace Symplast.Python.Live;

/// <summary>
/// Carries plain containers into a pool: list becomes <c>List</c>, dict <c>Dict</c>, set <c>Set</c>, with all that they hold,
/// however deep, <c>array.array</c> <c>Array</c>; sharing and cycles are kept. Immutable objects that are no values are frozen.
/// What the pool's default makes of all others is carried in their place. With an explicit stack, so depth is limited by memory
/// only.
/// </summary>
/// <remarks>
/// The GIL is held, but Python code may run in between: a class's <c>__hash__</c>, the check for signals while something is
/// frozen, the pool's default. So a container's items are copied out when it is begun, which also keeps them alive; originals
/// whose copies exist are kept by the memo.
/// </remarks>
internal unsafe ref struct Carrier
{
    struct Frame
    {
        internal PyObject* Original;
        internal PyObject* Items;       // a list of the items: of a dict pairs
        internal Header* Copy;
        internal LiveKind Kind;         // of the copy, which goes with its pool if that is deleted meanwhile
        internal nint Next;
        internal int Depth;             // how many answers of the pool's default it is in
    }

    const int MostChainedConversions = 100;
    const int MostNestedConversions = 1000;

    readonly LiveState* _state;
    readonly PoolHeap* _heap;
    readonly Place _place;
    FreezeMemo _memo;                   // from originals to copies
    NativeList<nint> _made;             // every copy, with a reference
    NativeList<Frame> _stack;
    NativeList<nint> _kept;             // what the pool's default answered
    int _depth;
    int _chain;

    Carrier(LiveState* state, PoolHeap* heap, scoped in Place place)
    {
        _state = state;
        _heap = heap;
        _place = place;
    }

    /// <summary>
    /// What an object becomes in a pool, with a reference that is the caller's; false with an exception set that names the place,
    /// and the pool as it was. For objects that <see cref="Incoming.TryValue"/> does not know.
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
        for (nint steps = 0; _stack.Count > 0; steps++)
        {
            if (!LiveMethods.GoesOn(steps)) return false;
            Frame* frame = _stack.Last;
            if (frame->Next == ((PyListObject*)frame->Items)->Size)
            {
                References.Drop(frame->Items);
                _stack.RemoveLast();
                continue;
            }
            PyObject* item = ((PyListObject*)frame->Items)->Items[frame->Next++];
            if (!Step(*frame, item)) return false;
        }
        return true;
    }

    // One item of a container. Visiting can move the stack.
    bool Step(Frame frame, PyObject* item)
    {
        Status status;
        Value value;
        _depth = frame.Depth;
        if (frame.Kind == LiveKind.List)
        {
            if (!Visit(item, out value)) return false;
            status = SharedVector<Uninterrupted>.Append(_state->Me, (SharedVector*)frame.Copy, value);
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
                ? OrderedMap<Uninterrupted>.Set(_state->Me, (OrderedMap*)frame.Copy, key.Probe, value)
                : OrderedSet<Uninterrupted>.Add(_state->Me, (OrderedMap*)frame.Copy, key.Probe);
            key.Dispose(_state);
        }
        LiveState.Drop(_state, value);
        if (status is Status.Done or Status.Exists) return true;
        return status == Status.NoMemory
            ? LiveErrors.RaiseNoMemory(_state, _heap) != null : LiveErrors.RaiseDeletedPool(_state, _heap) != null;
    }

    // The value of any object, with a reference; a container is begun.
    bool Visit(PyObject* o, out Value value)
    {
        if (Incoming.TryValue(_state, _heap, o, out value)) return true;
        ref Api api = ref Api.Table;
        if (api.PyErr_Occurred() != null) return false;
        PyObject* known = _memo.Find(o);
        if (known != null)
        {
            value = Value.Of((Header*)known);
            TakeInSection(value);
            return true;
        }
        InterpreterState? interpreter = _state->Interpreter;
        // An exact tuple is here because it is to be frozen.
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
        _stack.Add(new Frame { Original = o, Items = items, Copy = copy, Kind = kind, Depth = _depth });
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

    // Remembers a copy; its value, with a reference.
    Value Note(PyObject* original, Header* copy)
    {
        // Room first: from here on nothing may fail before the copy is noted.
        _made.Reserve(1);
        _made.Add((nint)copy);
        _memo.Add(original, (PyObject*)copy);
        Value value = Value.Of(copy);
        TakeInSection(value);
        return value;
    }

    void TakeInSection(Value value)
    {
        Epoch.Enter(_state->Me);
        Reference.Take(value);
        Epoch.Exit(_state->Me);
    }

    Header* Create(PyObject* type)
    {
        ref Api api = ref Api.Table;
        Epoch.Enter(_state->Me);
        bool isDeleted = PoolHeap.IsDeleted(_heap);
        Header* copy = isDeleted ? null
            : type == api.PyDict_Type ? (Header*)OrderedMap<Uninterrupted>.Create(_state->Me, _heap)
            : type == api.PySet_Type ? (Header*)OrderedSet<Uninterrupted>.Create(_state->Me, _heap)
            : (Header*)SharedVector<Uninterrupted>.Create(_state->Me, _heap);
        if (copy != null) Tracking.Note(copy);
        Epoch.Exit(_state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(_state, _heap);
        else if (copy == null) LiveErrors.RaiseNoMemory(_state, _heap);
        return copy;
    }

    // Built-in immutable objects become frozen ones. What freezing would change into another type is refused.
    bool Freeze(PyObject* o, out Value value)
    {
        value = default;
        InterpreterState? interpreter = _state->Interpreter;
        Pool? pool = LiveErrors.PoolOf(_heap);
        if (interpreter is null || pool is null) return LiveErrors.RaiseDeletedPool(_state, _heap) != null;
        PyObject* function = interpreter.Defaults.Of(pool);
        if (!IsImmutable(interpreter, o))
            return function != null ? Convert(o, function, out value) : Refuse(o, "cannot be shared" + PoolDefaults.Advice(pool));
        if (function != null) References.Take(function);
        PyObject* frozen = Freezer.Freeze(interpreter, pool, o, function, name: "");
        References.Drop(function);
        if (frozen == null) return Rename(o);
        if (AddressRange.Contains(frozen))
        {
            value = Value.Foreign(frozen);
            return true;
        }
        // Constants of the process lie in no pool: the default can answer with one.
        return Incoming.TryValue(_state, _heap, frozen, out value)
            || Api.Table.PyErr_Occurred() == null && Refuse(o, "cannot be shared");
    }

    // What the pool's default makes of an object.
    bool Convert(PyObject* o, PyObject* function, out Value value)
    {
        value = default;
        if (++_chain > MostChainedConversions)
            return Refuse(o, $"came after {MostChainedConversions} answers of default() in a row that cannot be shared either");
        if (++_depth > MostNestedConversions)
            return Errors.Set(
            *Api.Table.PyExc_RecursionError,
            $"{Path()}: default() was asked inside {MostNestedConversions} answers of its own") != null;
        _kept.Reserve(1);
        References.Take(function);
        PyObject* answer = Api.Table.PyObject_CallOneArg(function, o);
        References.Drop(function);
        if (answer == null)
        {
            PyObject* exception = Api.Table.PyErr_GetRaisedException();
            // With no exception set: the path asks for texts.
            Errors.SetWithNote(exception, $"while storing {Path()}");
            return false;
        }
        _kept.Add((nint)answer);
        if (answer == o) return Refuse(o, "was returned by default() itself, and cannot be shared");
        if (!Visit(answer, out value)) return false;
        _depth--;
        _chain--;
        // The same object wherever it is met.
        if (value.Kind == ValueKind.Object && _memo.Find(o) == null) _memo.Add(o, (PyObject*)value.Head);
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

    // An error that freezing a part of what is carried gave, whose place in that part it begins with: after the place of the
    // part.
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
        const int MostShown = 40;
        StringBuilder path = new(_place.Describe());
        for (int i = 0; i < _stack.Count; i++)
        {
            if (i == MostShown / 2 && _stack.Count > MostShown)
            {
                path.Append($" …({_stack.Count - MostShown} levels)… ");
                i = _stack.Count - MostShown / 2;
            }
            Frame* frame = _stack[i];
            nint index = frame->Next - 1;
            if (frame->Kind == LiveKind.Set) Place.Append(path, PlaceKind.Member, null);
            else if (frame->Kind == LiveKind.List) path.Append('[').Append(index).Append(']');
            else Place.Append(path, PlaceKind.Item, ItemOf(((PyListObject*)frame->Items)->Items[index], 0));
        }
        return path.ToString();
    }

    void Dispose(bool carried, ref Value value)
    {
        for (int i = 0; i < _stack.Count; i++) References.Drop(_stack[i]->Items);
        _stack.Dispose();
        _memo.Dispose();
        if (!carried)
        {
            // They may refer to one another in circles.
            for (int i = 0; i < _made.Count; i++) Structures.Delete(_state->Me, (Header*)*_made[i]);
            LiveState.Drop(_state, value);
            value = default;
        }
        for (int i = 0; i < _made.Count; i++) LiveState.Drop(_state, (Header*)*_made[i]);
        _made.Dispose();
        for (int i = 0; i < _kept.Count; i++) References.Drop((PyObject*)*_kept[i]);
        _kept.Dispose();
    }

    static PyObject* ItemOf(PyObject* tuple, int index) => Tuples.Items(tuple)[index];
}
