using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>The methods of List.</summary>
internal static unsafe partial class ListMethods
{
    internal static PyMethodDef* Methods() => Table(
        OneArg("append"u8, &Append, "append($self, object, /)\n--\n\nAppend object to the end of the list."u8),
        OneArg("extend"u8, &Extend, "extend($self, iterable, /)\n--\n\nAtomically append all elements of the iterable."u8),
        FastCall("insert"u8, &Insert, "insert($self, index, object, /)\n--\n\nInsert object before index."u8),
        FastCall("pop"u8, &Pop,
            "pop($self, index=-1, /)\n--\n\nRemove and return the element at index. No two callers get the same element."u8),
        OneArg("remove"u8, &Remove, "remove($self, value, /)\n--\n\nRemove the first element that equals value."u8),
        NoArgs("clear"u8, &Clear, "clear($self, /)\n--\n\nAtomically remove all elements."u8),
        NoArgs("copy"u8, &ListCopies.Copy, "copy($self, /)\n--\n\nReturn a plain list of the elements at one moment."u8),
        FastCall("index"u8, &IndexOf,
            "index($self, value, start=0, stop=sys.maxsize, /)\n--\n\nReturn the first index of value."u8),
        OneArg("count"u8, &CountOf,
            "count($self, value, /)\n--\n\nReturn the number of elements that equal value, at one moment."u8),
        NoArgs("reverse"u8, &Reverse, "reverse($self, /)\n--\n\nAtomically reverse the list in place."u8),
        FastCallKeywords("sort"u8, &ListSorting.Sort,
            "sort($self, /, *, key=None, reverse=False)\n--\n\nStably sort the list in place. The sorted elements "u8
            + "replace the old ones atomically. If other interpreters change the list meanwhile, it is sorted again. "u8
            + "ValueError if they keep changing the list, or if this interpreter changes it."u8),
        NoArgs("__copy__"u8, &ListCopies.CopyShared,
            "__copy__($self, /)\n--\n\nReturn a new List in the same pool with the elements of one moment, for copy.copy()."u8),
        OneArg("__deepcopy__"u8, &ListCopies.CopyDeep, "__deepcopy__($self, memo, /)\n--\n\n"u8
            + "Return a new List in the same pool with copies of the elements of one moment, for copy.deepcopy()."u8),
        NoArgs("__reversed__"u8, &Reversed,
            "__reversed__($self, /)\n--\n\nReturn a reverse iterator over the elements of one moment."u8),
        FastCall("compare_exchange"u8, &CompareExchange, "compare_exchange($self, index, expected, new, /)\n--\n\n"u8
            + "Atomically replace the element at index with new if it equals expected. Return whether it was replaced."u8),
        FastCall("add"u8, &Add,
            "add($self, index, n, /)\n--\n\nAtomically add n to the number at index and return the sum."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8));

    [Callback]
    private static partial PyObject* Append(Handle* self, PyObject* o) =>
        ListElements.AppendOne(self, o) ? Api.Table._Py_NoneStruct : null;

    [Callback]
    private static partial bool Extend(Handle* handle, PyObject* items) => ExtendBy(handle, items);

    /// <summary>Appends all items of an iterable at one moment. Returns false with an exception set.</summary>
    internal static bool ExtendBy(Handle* handle, PyObject* iterable)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        PyObject* items = iterable->Type == Api.Table.PyList_Type || iterable->Type == Api.Table.PyTuple_Type
            ? Api.Table.PySequence_List(iterable) : ItemsOf(iterable);
        bool done = LiveMethods.Hidden(items) != null && ListSlices.Replace(handle, nint.MaxValue, nint.MaxValue, items);
        References.Drop(items);
        return done;
    }

    // Lists the items of an iterable. Like list.extend, it does not trust the length that the iterable states.
    static PyObject* ItemsOf(PyObject* iterable)
    {
        PyObject* iterator = Api.Table.PyObject_GetIter(iterable);
        PyObject* items = iterator == null ? null : Api.Table.PyList_New(0);
        bool done = items == null;
        while (!done)
        {
            PyObject* item = Api.Table.PyIter_Next(iterator);
            done = item == null || Api.Table.PyList_Append(items, item) != 0;
            References.Drop(item);
        }
        References.Drop(iterator);
        if (Api.Table.PyErr_Occurred() == null) return items;
        References.Drop(items);
        return null;
    }

    [Callback]
    private static partial PyObject* Insert(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("insert", count, 2, 2) || !LiveMethods.IsUsable(handle)) return null;
        nint index = Api.Table.PyNumber_AsSsize_t(arguments[0], *Api.Table.PyExc_OverflowError);
        if (index == -1 && Api.Table.PyErr_Occurred() != null) return null;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!Incoming.Item(state, heap, arguments[1], Place.Item((PyObject*)handle, arguments[0]), out Incoming incoming))
            return null;
        Section section = Section.Enter(state->Me);
        Status status = incoming.ToValue(state, heap, out Value value);
        if (status == Status.Done)
        {
            status = Vector.InsertNear(state->Me, ListType.VectorOf(handle), index, value);
            Reference.Drop(state->Me, value);
        }
        section.Exit(state->Me);
        incoming.Dispose(state);
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Pop(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("pop", count, 0, 1) || !LiveMethods.IsUsable(handle)) return null;
        nint index = -1;
        if (count == 1)
        {
            index = Api.Table.PyNumber_AsSsize_t(arguments[0], *Api.Table.PyExc_IndexError);
            if (index == -1 && Api.Table.PyErr_Occurred() != null) return null;
        }
        LiveState* state = handle->State;
        Status status;
        Value value;
        PoolHeap* held;
        do
        {
            ValueGuard guard = UnknownClasses.Guard(state);
            Section section = Section.Enter(state->Me);
            status = index == -1
                ? Vector.TakeLast(state->Me, ListType.VectorOf(handle), guard, out value)
                : Vector.TakeElement(state->Me, ListType.VectorOf(handle), index, guard, out value);
            held = status == Status.Done ? Outgoing.Hold(value) : null;
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            if (status == Status.Refused && !LiveState.Again(state)) return null;
        } while (status == Status.Refused);
        if (status == Status.Done) return Outgoing.Give(state, value, held);
        return status == Status.Missing
            ? LiveErrors.RaiseIndex(index == -1 || IsEmpty(handle) ? "pop from empty list" : "pop index out of range")
            : LiveErrors.Raise(handle, status);
    }

    static bool IsEmpty(Handle* handle) =>
        Vector.Count(handle->State->Me, ListType.VectorOf(handle), out long count) == Status.Done && count == 0;

    [Callback]
    private static partial bool Remove(Handle* handle, PyObject* o) => ListSearch.RemoveFirst(handle, o);

    [Callback]
    private static partial PyObject* Clear(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = Vector.Clear(handle->State->Me, ListType.VectorOf(handle));
        return ListType.Succeeded(handle, status) ? Api.Table._Py_NoneStruct : null;
    }

    [Callback]
    private static partial PyObject* IndexOf(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("index", count, 1, 3)) return null;
        nint start = 0;
        nint stop = nint.MaxValue;
        if (count > 1 && !TryBound(arguments[1], out start) || count > 2 && !TryBound(arguments[2], out stop)) return null;
        if (!ListSearch.Search(handle, arguments[0], start, stop, wantsAll: false, out nint found)) return null;
        return found >= 0 ? Api.Table.PyLong_FromLongLong(found) : Errors.Value("list.index(x): x not in list");
    }

    // A bound of a range. A number that is too large counts as the largest index.
    static bool TryBound(PyObject* o, out nint bound)
    {
        bound = 0;
        if (Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.Index) == null)
            return Errors.Type("slice indices must be integers or have an __index__ method") != null;
        bound = Api.Table.PyNumber_AsSsize_t(o, null);
        return bound != -1 || Api.Table.PyErr_Occurred() == null;
    }

    [Callback]
    private static partial PyObject* CountOf(Handle* handle, PyObject* o) =>
        ListSearch.Search(handle, o, 0, nint.MaxValue, wantsAll: true, out nint found)
            ? Api.Table.PyLong_FromLongLong(found) : null;

    [Callback]
    private static partial PyObject* Reverse(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = Vector.Reverse(handle->State->Me, ListType.VectorOf(handle));
        return ListType.Succeeded(handle, status) ? Api.Table._Py_NoneStruct : null;
    }

    [Callback]
    private static partial PyObject* Reversed(Handle* handle, PyObject* none) => ListIterator.Create(handle, reversed: true);

    [Callback]
    private static partial PyObject* CompareExchange(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("compare_exchange", count, 3, 3) || !LiveMethods.IsUsable(handle)
            || !ListElements.TryIndex(arguments[0], out long index)) return null;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Place place = Place.Item((PyObject*)handle, arguments[0]);
        if (!Incoming.Item(state, heap, arguments[1], place, out Incoming expected)) return null;
        Status status = Status.Deleted;
        Value seen = default;
        bool made = Incoming.Item(state, heap, arguments[2], place, out Incoming desired);
        if (made)
        {
            Section section = Section.Enter(state->Me);
            status = desired.ToValue(state, heap, out Value value);
            if (status == Status.Done)
            {
                status = Vector.CompareExchange(state->Me, ListType.VectorOf(handle), index, expected.Probe, value, out seen);
                Reference.Drop(state->Me, value);
            }
            section.Exit(state->Me);
            desired.Dispose(state);
        }
        expected.Dispose(state);
        if (!made) return null;
        if (status == Status.Done) return Api.Table._Py_TrueStruct;
        if (status == Status.Missing)
            return seen.IsEmpty ? LiveErrors.RaiseIndex("list index out of range") : Api.Table._Py_FalseStruct;
        return LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Add(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("add", count, 2, 2) || !LiveMethods.IsUsable(handle)
            || !ListElements.TryIndex(arguments[0], out long index)) return null;
        LiveState* state = handle->State;
        if (!Incoming.TryNumber(state, "add", arguments[1], out Incoming delta)) return null;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Status status = Status.Deleted;
        PyObject* result = null;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        if (!isDeleted)
        {
            status = Vector.Add(state->Me, ListType.VectorOf(handle), index, delta.Probe.AsValue, out Value sum);
            if (status == Status.Done) result = Outgoing.Object(state, sum);
        }
        section.Exit(state->Me);
        delta.Dispose(state);
        if (status == Status.Done) return result;
        if (status == Status.Missing) return LiveErrors.RaiseIndex("list index out of range");
        if (status == Status.WrongKind)
            return Errors.Type($"{Place.Item((PyObject*)handle, arguments[0]).Describe()} is not a number");
        return LiveErrors.Raise(handle, status);
    }
}
