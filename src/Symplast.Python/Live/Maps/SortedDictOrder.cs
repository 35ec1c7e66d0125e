using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using unsafe Search = delegate*<Symplast.Memory.Participant*, Symplast.Objects.SortedMap*, in Symplast.Objects.Probe,
    out Symplast.Objects.Value, out Symplast.Objects.Value, Symplast.Objects.Status>;
using unsafe Taking = delegate*<Symplast.Memory.Participant*, Symplast.Objects.SortedMap*, in Symplast.Objects.ValueGuard,
    out Symplast.Objects.Value, out Symplast.Objects.Value, Symplast.Objects.Status>;
using Tree = Symplast.Objects.SortedMap;

namespace Symplast.Python.Live;

/// <summary>The methods of a SortedDict that use the order of its keys: ends, neighbours, ranges, indices.</summary>
internal static unsafe partial class SortedDictOrder
{
    /// <summary>The definitions of the methods.</summary>
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        FastCallKeywords("popitem"u8, &PopItem,
            "popitem($self, /, index=-1)\n--\n\nRemove and return the (key, value) pair at index, by default the last. "u8
            + "KeyError if the dict is empty. Atomic for the first and the last pair; any other pair was at index at some "u8
            + "moment of the call."u8),
        FastCallKeywords("irange"u8, &IRange,
            "irange($self, /, minimum=None, maximum=None, inclusive=(True, True), reverse=False)\n--\n\nIterate over the "u8
            + "keys of one moment from minimum to maximum. None stands for the first or the last key."u8),
        FastCallKeywords("peekitem"u8, &PeekItem,
            "peekitem($self, /, index=-1)\n--\n\nReturn the (key, value) pair at index. IndexError if index is out of "u8
            + "range. Takes linear time, except for the first and the last pair."u8),
        NoArgs("first"u8, &First, "first($self, /)\n--\n\nReturn the (key, value) pair with the least key, or None."u8),
        NoArgs("last"u8, &Last, "last($self, /)\n--\n\nReturn the (key, value) pair with the greatest key, or None."u8),
        OneArg("floor"u8, &Floor,
            "floor($self, key, /)\n--\n\nReturn the (key, value) pair with the greatest key that is at most key, or None."u8),
        OneArg("ceiling"u8, &Ceiling,
            "ceiling($self, key, /)\n--\n\nReturn the (key, value) pair with the least key that is at least key, or None."u8),
        OneArg("lower"u8, &Lower,
            "lower($self, key, /)\n--\n\nReturn the (key, value) pair with the greatest key that is less than key, or None."u8),
        OneArg("higher"u8, &Higher,
            "higher($self, key, /)\n--\n\nReturn the (key, value) pair with the least key that is greater than key, or None."u8),
        NoArgs("pop_first"u8, &PopFirst,
            "pop_first($self, /)\n--\n\nRemove and return the (key, value) pair with the least key. KeyError if the dict is "u8
            + "empty. No two callers get the same pair."u8),
        NoArgs("pop_last"u8, &PopLast,
            "pop_last($self, /)\n--\n\nRemove and return the (key, value) pair with the greatest key. KeyError if the dict is "u8
            + "empty. No two callers get the same pair."u8),
    };

    static SortedMap* MapOf(Handle* handle) => (SortedMap*)handle->Shared;

    [Callback]
    private static partial PyObject* Floor(PyObject* self, PyObject* key) => Neighbour(self, key, &Tree.Floor);

    [Callback]
    private static partial PyObject* Ceiling(PyObject* self, PyObject* key) => Neighbour(self, key, &Tree.Ceiling);

    [Callback]
    private static partial PyObject* Lower(PyObject* self, PyObject* key) => Neighbour(self, key, &Tree.Lower);

    [Callback]
    private static partial PyObject* Higher(PyObject* self, PyObject* key) => Neighbour(self, key, &Tree.Higher);

    [Callback]
    private static partial PyObject* First(PyObject* self, PyObject* none) => End(self, &FirstOf);

    [Callback]
    private static partial PyObject* Last(PyObject* self, PyObject* none) => End(self, &LastOf);

    [Callback]
    private static partial PyObject* PopFirst(Handle* handle, PyObject* none) => TakeEnd(handle, &Tree.PopMin, "pop_first");

    [Callback]
    private static partial PyObject* PopLast(Handle* handle, PyObject* none) => TakeEnd(handle, &Tree.PopMax, "pop_last");

    [Callback]
    private static partial PyObject* PeekItem(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!TryIndex("peekitem", arguments, count, keywords, out nint index)) return null;
        if (!LiveMethods.IsUsable(handle)) return null;
        if (index is not (0 or -1)) return PeekInside(handle, index);
        PyObject* pair = Find(handle, default, index == 0 ? &FirstOf : &LastOf, out Status status);
        return status == Status.Missing ? RaiseIndex() : status == Status.Done ? pair : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* PopItem(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!TryIndex("popitem", arguments, count, keywords, out nint index) || !LiveMethods.IsUsable(handle)) return null;
        if (index is not (0 or -1)) return PopInside(handle, index);
        return index == 0 ? TakeEnd(handle, &Tree.PopMin, "popitem") : TakeEnd(handle, &Tree.PopMax, "popitem");
    }

    [Callback]
    private static partial PyObject* IRange(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> values = stackalloc nint[4];
        if (!Arguments.Bind(
            "irange", ["minimum", "maximum", "inclusive", "reverse"], required: 0, positional: 4, arguments, count, keywords,
            values)) return null;
        bool includesMinimum = true;
        bool includesMaximum = true;
        if (values[2] != 0 && !TryInclusive((PyObject*)values[2], out includesMinimum, out includesMaximum)) return null;
        int reversed = values[3] == 0 ? 0 : Api.Table.PyObject_IsTrue((PyObject*)values[3]);
        if (reversed < 0 || !LiveMethods.IsUsable(handle)) return null;
        PyObject* none = Api.Table._Py_NoneStruct;
        PyObject* minimum = values[0] == (nint)none ? null : (PyObject*)values[0];
        PyObject* maximum = values[1] == (nint)none ? null : (PyObject*)values[1];
        PyObject* range = null;
        if (TryBound(handle, minimum, out Incoming lower))
        {
            if (TryBound(handle, maximum, out Incoming upper))
                range = Range(handle, minimum, lower, includesMinimum, maximum, upper, includesMaximum, reversed != 0);
            upper.Dispose(handle->State);
        }
        lower.Dispose(handle->State);
        return range;
    }

    static PyObject* Range(
        Handle* handle, PyObject* minimum, in Incoming lower, bool includesMinimum, PyObject* maximum, in Incoming upper,
        bool includesMaximum, bool reversed)
    {
        SortedBound from = minimum == null
            ? SortedBound.None : includesMinimum ? SortedBound.Including(lower.Probe) : SortedBound.Excluding(lower.Probe);
        SortedBound to = maximum == null
            ? SortedBound.None : includesMaximum ? SortedBound.Including(upper.Probe) : SortedBound.Excluding(upper.Probe);
        Status status = Tree.SnapshotKeys(handle->State->Me, MapOf(handle), from, to, out MapSnapshot* snapshot);
        if (status == Status.Done)
            return DictIterator.Create(handle, new SnapshotEntries(snapshot, reversed), DictIteration.Keys);
        if (status != Status.WrongKind) return LiveErrors.Raise(handle, status);
        if (minimum == null) return UnsortableKeys.Raise(handle, maximum, upper.Probe);
        if (maximum == null) return UnsortableKeys.Raise(handle, minimum, lower.Probe);
        return Errors.Type(
            $"irange(): from {Text.TypeName(minimum)} to {Text.TypeName(maximum)} is no range of the keys of this SortedDict");
    }

    // Makes the key of a bound, an empty one if there is no bound. Returns false with an exception set.
    static bool TryBound(Handle* handle, PyObject* bound, out Incoming key)
    {
        key = default;
        if (bound == null) return true;
        KeyState known = FindBound(handle, bound, out key);
        if (known == KeyState.Foreign) UnsortableKeys.Raise(handle, bound, default);
        return known == KeyState.Ready && !UnsortableKeys.RefusesBound(handle, bound, key.Probe);
    }

    // An object that equals no key has a place among the keys only if it is of their kind. A complex number has none, even if it
    // equals a key.
    static KeyState FindBound(Handle* handle, PyObject* bound, out Incoming key)
    {
        key = default;
        return Api.Table.PyType_IsSubtype(bound->Type, Api.Table.PyComplex_Type) != 0
            ? KeyState.Foreign : MapLookup<SortedDictMap>.Find(handle, bound, out key);
    }

    static bool TryInclusive(PyObject* o, out bool minimum, out bool maximum)
    {
        minimum = maximum = false;
        PyObject* pair = Api.Table.PySequence_Tuple(o);
        if (pair == null) return false;
        bool isPair = ((PyVarObject*)pair)->Size == 2;
        if (!isPair) Errors.Value("irange(): inclusive is a pair of bools");
        PyObject** items = Tuples.Items(pair);
        int first = isPair ? Api.Table.PyObject_IsTrue(items[0]) : -1;
        int second = first < 0 ? -1 : Api.Table.PyObject_IsTrue(items[1]);
        References.Drop(pair);
        minimum = first > 0;
        maximum = second > 0;
        return second >= 0;
    }

    static PyObject* Neighbour(PyObject* self, PyObject* bound, Search search)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return null;
        KeyState known = FindBound(handle, bound, out Incoming key);
        if (known != KeyState.Ready) return known == KeyState.Foreign ? UnsortableKeys.Raise(handle, bound, default) : null;
        if (UnsortableKeys.RefusesBound(handle, bound, key.Probe))
        {
            key.Dispose(handle->State);
            return null;
        }
        PyObject* pair = Find(handle, key.Probe, search, out Status status);
        if (status == Status.WrongKind) UnsortableKeys.Raise(handle, bound, key.Probe);
        else if (status is not (Status.Done or Status.Missing)) LiveErrors.Raise(handle, status);
        key.Dispose(handle->State);
        return status == Status.Missing ? Api.Table._Py_NoneStruct : pair;
    }

    static PyObject* End(PyObject* self, Search search)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return null;
        PyObject* pair = Find(handle, default, search, out Status status);
        return status == Status.Missing
            ? Api.Table._Py_NoneStruct : status == Status.Done ? pair : LiveErrors.Raise(handle, status);
    }

    static Status FirstOf(Participant* me, SortedMap* map, in Probe none, out Value key, out Value value) =>
        Tree.First(me, map, out key, out value);

    static Status LastOf(Participant* me, SortedMap* map, in Probe none, out Value key, out Value value) =>
        Tree.Last(me, map, out key, out value);

    // The pair that a search finds. Null with an exception set if the status is Done but the pair cannot be made.
    static PyObject* Find(Handle* handle, in Probe probe, Search search, out Status status)
    {
        LiveState* state = handle->State;
        do
        {
            Section section = Section.Enter(state->Me);
            status = search(state->Me, MapOf(handle), probe, out Value first, out Value second);
            PyObject* key = status == Status.Done ? Outgoing.Object(state, first) : null;
            PyObject* value = key != null ? Outgoing.Object(state, second) : null;
            section.Exit(state->Me);
            if (status != Status.Done) return null;
            if (value != null) return LiveMethods.Pair(key, value);
            References.Drop(key);
        } while (LiveState.Again(state));
        return null;
    }

    static PyObject* TakeEnd(Handle* handle, Taking take, string method)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        Status status;
        Value key, value;
        PoolHeap* held;
        do
        {
            Section section = Section.Enter(state->Me);
            status = take(state->Me, MapOf(handle), UnknownClasses.Guard(state), out key, out value);
            held = status == Status.Done ? Outgoing.Hold(value) : null;
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            if (status == Status.Refused && !LiveState.Again(state)) return null;
        } while (status == Status.Refused);
        if (status == Status.Missing) return RaiseEmpty(method);
        return status == Status.Done ? GivePair(state, key, value, held) : LiveErrors.Raise(handle, status);
    }

    // Makes a pair. Takes over both references, and the heap that is held for the value. Keys are always in the map's own pool.
    static PyObject* GivePair(LiveState* state, Value key, Value value, PoolHeap* held)
    {
        PyObject* first = Outgoing.Give(state, key);
        PyObject* second = first == null ? null : Outgoing.Give(state, value);
        if (first == null) LiveState.Drop(state, value);
        Outgoing.Unhold(held);
        return LiveMethods.Pair(first, second);
    }

    static PyObject* PeekInside(Handle* handle, nint index)
    {
        Status status = TryAt(handle, index, out Value key, out Value value, out PoolHeap* held);
        return status == Status.Missing
            ? RaiseIndex() : status == Status.Done ? GivePair(handle->State, key, value, held) : LiveErrors.Raise(handle, status);
    }

    static PyObject* PopInside(Handle* handle, nint index)
    {
        LiveState* state = handle->State;
        Status status;
        Value key, value;
        PoolHeap* held;
        bool wasEmpty;
        do
        {
            key = value = default;
            wasEmpty = false;
            Section section = Heap.Enter(state->Me, handle->Shared, out bool isDeleted);
            status = isDeleted ? Status.Deleted
                : Tree.PopAt(state->Me, MapOf(handle), index, UnknownClasses.Guard(state), out key, out value, out wasEmpty);
            held = status == Status.Done ? Outgoing.Hold(value) : null;
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            if (status == Status.Refused && !LiveState.Again(state)) return null;
        } while (status == Status.Refused);
        if (status == Status.Missing) return wasEmpty ? RaiseEmpty("popitem") : RaiseIndex();
        return status == Status.Done ? GivePair(state, key, value, held) : LiveErrors.Raise(handle, status);
    }

    // The entry at an index at one moment, with references that are the caller's. Missing if there is none.
    static Status TryAt(Handle* handle, nint index, out Value key, out Value value, out PoolHeap* held)
    {
        key = value = default;
        held = null;
        LiveState* state = handle->State;
        Section section = Heap.Enter(state->Me, handle->Shared, out bool isDeleted);
        Status status = isDeleted ? Status.Deleted : Tree.TakeAt(state->Me, MapOf(handle), index, out key, out value);
        if (status == Status.Done) held = Outgoing.Hold(value);
        section.Exit(state->Me);
        return status;
    }

    static bool TryIndex(string method, PyObject** arguments, nint count, PyObject* keywords, out nint index)
    {
        index = -1;
        Span<nint> values = stackalloc nint[1];
        if (!Arguments.Bind(method, ["index"], required: 0, positional: 1, arguments, count, keywords, values)) return false;
        if (values[0] != 0) index = Api.Table.PyNumber_AsSsize_t((PyObject*)values[0], *Api.Table.PyExc_IndexError);
        return index != -1 || Api.Table.PyErr_Occurred() == null;
    }

    static PyObject* RaiseEmpty(string method) => Errors.Set(*Api.Table.PyExc_KeyError, $"{method}(): dictionary is empty");

    static PyObject* RaiseIndex() => LiveErrors.RaiseIndex("SortedDict index out of range");
}
