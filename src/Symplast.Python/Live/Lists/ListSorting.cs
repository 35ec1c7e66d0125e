using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>
/// <c>List.sort</c>. Numbers or texts alone are sorted natively. For other elements, and for keys, Python's own list.sort orders
/// the indexes; the elements are then rearranged at one moment.
/// </summary>
internal static unsafe partial class ListSorting
{
    // How often other threads may change the list while it is sorted.
    const int MostSorts = 100;

    [Callback]
    internal static partial PyObject* Sort(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> given = stackalloc nint[2];
        if (!Arguments.Bind("sort", ["key", "reverse"], required: 0, positional: 0, arguments, count, keywords, given)
            || !LiveMethods.IsUsable(handle)) return null;
        PyObject* key = (PyObject*)given[0] == Api.Table._Py_NoneStruct ? null : (PyObject*)given[0];
        int reverse = given[1] == 0 ? 0 : Api.Table.PyObject_IsTrue((PyObject*)given[1]);
        if (reverse < 0) return null;
        if (key == null && SortAtOnce(handle, reverse != 0, out bool isDone)) return isDone ? Api.Table._Py_NoneStruct : null;
        return SortAgain(handle, key, reverse != 0) ? Api.Table._Py_NoneStruct : null;
    }

    // Sorts elements that can be compared without Python. Returns false if there are others.
    static bool SortAtOnce(Handle* handle, bool isReversed, out bool isDone)
    {
        Status status = Status.Missing;
        isDone = false;
        for (int i = 0; i < MostSorts && status == Status.Missing; i++)
        {
            if (i > 0 && (Api.Table.PyErr_CheckSignals() != 0 || !LiveMethods.IsUsable(handle))) return true;
            status = Vector.SortPlain(handle->State->Me, ListType.VectorOf(handle), isReversed);
        }
        isDone = status == Status.Done;
        if (status == Status.WrongKind) return false;
        if (status == Status.Missing) RaiseModified();
        else if (!isDone) LiveErrors.Raise(handle, status);
        return true;
    }

    // Sorts snapshots until the list has not changed meanwhile, so that no change by another interpreter is lost. A change by
    // this interpreter, most likely by its key function, is an error, as in list.
    static bool SortAgain(Handle* handle, PyObject* key, bool isReversed)
    {
        LiveState* state = handle->State;
        for (int i = 0; i < MostSorts; i++)
        {
            if (i > 0 && (Api.Table.PyErr_CheckSignals() != 0 || !LiveMethods.IsUsable(handle))) return false;
            Status status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
            if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
            bool done = Sort(handle, ref snapshot, key, isReversed, out status);
            snapshot.Release(state->Me);
            if (done || status != Status.Missing) return done;
            if (IsOwnChange(handle)) return Errors.Value("list modified during sort") != null;
        }
        return RaiseModified();
    }

    static bool IsOwnChange(Handle* handle)
    {
        LiveState* state = handle->State;
        Section section = Heap.Enter(state->Me, handle->Shared, out bool isDeleted);
        bool isOwn = !isDeleted && Vector.WasChangedBy(state->Me, ListType.VectorOf(handle));
        section.Exit(state->Me);
        return isOwn;
    }

    static bool RaiseModified() =>
        Errors.Value(
        "list modified during sort, again and again: others change it faster than it can be sorted; sort a copy, or keep them "
        + "waiting") != null;

    // Missing, without an exception, if the list was changed meanwhile.
    static bool Sort(Handle* handle, ref VectorSnapshot snapshot, PyObject* key, bool isReversed, out Status status)
    {
        status = Status.Done;
        nint length = (nint)snapshot.Count;
        LiveState* state = handle->State;
        PyObject* keys = LiveMethods.Hidden(HeldValues.ToList(state, Heap.Of(handle->Shared), snapshot.Items, 1, length));
        if (keys == null) return false;
        PyObject* order = Apply(keys, key) ? Order(keys, length, isReversed) : null;
        References.Drop(keys);
        if (order == null) return false;
        HeldValues sorted = default;
        bool done = LiveMethods.IsUsable(handle) && sorted.Reserve(length);
        if (done)
        {
            status = Status.Missing;
            if (Arrange(order, snapshot.Items, sorted.Items, length))
                status = Vector.ReplaceUnchanged(state->Me, ListType.VectorOf(handle), snapshot, sorted.Items, length);
            sorted.Free();
            done = status != Status.Missing && ListType.Succeeded(handle, status);
        }
        References.Drop(order);
        return done;
    }

    // Replaces the elements of a plain list by their keys.
    static bool Apply(PyObject* list, PyObject* key)
    {
        if (key == null) return true;
        for (nint i = 0; i < ((PyListObject*)list)->Size; i++)
        {
            PyObject* element = References.New(((PyListObject*)list)->Items[i]);
            PyObject* result = Api.Table.PyObject_CallOneArg(key, element);
            References.Drop(element);
            if (result == null || Api.Table.PyList_SetItem(list, i, result) != 0) return false;
        }
        return true;
    }

    // A list of the indexes in the order of their keys; null with an exception set.
    static PyObject* Order(PyObject* keys, nint length, bool isReversed)
    {
        ref Api api = ref Api.Table;
        PyObject* order = LiveMethods.Hidden(api.PyList_New(length));
        for (nint i = 0; order != null && i < length; i++) ((PyListObject*)order)->Items[i] = api.PyLong_FromLongLong(i);
        PyObject* sort = order == null ? null : api.PyObject_GetAttrString(order, Text.Utf8("sort"u8));
        PyObject* keyOf = sort == null ? null : api.PyObject_GetAttrString(keys, Text.Utf8("__getitem__"u8));
        PyObject* named = keyOf == null ? null : api.PyDict_New();
        PyObject* none = named == null ? null : api.PyTuple_New(0);
        PyObject* result = null;
        if (none != null
            && api.PyDict_SetItemString(named, Text.Utf8("key"u8), keyOf) == 0
            && api.PyDict_SetItemString(
                named, Text.Utf8("reverse"u8), isReversed ? api._Py_TrueStruct : api._Py_FalseStruct) == 0)
        {
            result = api.PyObject_Call(sort, none, named);
        }
        bool isSorted = result != null;
        References.Drop(result);
        References.Drop(none);
        References.Drop(named);
        References.Drop(keyOf);
        References.Drop(sort);
        if (isSorted) return order;
        References.Drop(order);
        return null;
    }

    // Returns false if other code has found and changed the list of indexes.
    static bool Arrange(PyObject* order, Value* from, Value* to, nint length)
    {
        if (((PyListObject*)order)->Size != length) return false;
        for (nint i = 0; i < length; i++)
        {
            long index = Api.Table.PyLong_AsLongLong(((PyListObject*)order)->Items[i]);
            if ((ulong)index >= (ulong)length)
            {
                Api.Table.PyErr_Clear();
                return false;
            }
            to[i] = from[index];
        }
        return true;
    }
}
