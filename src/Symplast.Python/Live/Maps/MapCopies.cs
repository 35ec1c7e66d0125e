using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>All entries of a Dict or SortedDict at one moment: plain copies, shared ones, iterators.</summary>
internal static unsafe class MapCopies<TMap> where TMap : struct, ILiveMap
{
    /// <summary>An iterator over what is there now; null with an exception set.</summary>
    static PyObject* NewIterator(Handle* handle, DictIteration what, bool reversed)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = TMap.Begin(
            handle->State->Me, handle->Shared, what == DictIteration.Keys, reversed, out SnapshotEntries entries);
        return status == Status.Done ? DictIterator.Create(handle, entries, what) : LiveErrors.Raise(handle, status);
    }

    /// <summary>The slot <c>tp_iter</c>.</summary>
    internal static PyObject* Keys(Handle* handle) => NewIterator(handle, DictIteration.Keys, reversed: false);

    /// <summary>The method <c>__reversed__</c>.</summary>
    internal static PyObject* Reversed(Handle* handle) => NewIterator(handle, DictIteration.Keys, reversed: true);

    /// <summary>A plain dict of the items, in their order; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        PyObject* iterator = NewIterator(handle, DictIteration.Items, reversed: false);
        if (iterator == null) return null;
        PyObject* plain = Api.Table.PyDict_New();
        PyObject* key = null;
        PyObject* value = null;
        while (plain != null && DictIterator.Next((DictIterator*)iterator, &key, &value))
        {
            int failed = Api.Table.PyDict_SetItem(plain, key, value);
            References.Drop(key);
            References.Drop(value);
            if (failed != 0) break;
        }
        References.Drop(iterator);
        if (Api.Table.PyErr_Occurred() == null) return plain;
        References.Drop(plain);
        return null;
    }

    /// <summary>The method <c>__copy__</c>.</summary>
    internal static PyObject* CopyShared(Handle* handle)
    {
        PyObject* made = Creation.Beside(handle, &TMap.Make);
        if (made == null) return null;
        LiveState* state = handle->State;
        Status status = TMap.Snapshot(state->Me, handle->Shared, out MapSnapshot* snapshot);
        bool goesOn = true;
        if (status == Status.Done)
        {
            status = Fill(state, (Handle*)made, snapshot, ref goesOn);
            MapSnapshot.Free(state->Me, snapshot);
        }
        if (goesOn && status == Status.Done) return made;
        if (goesOn) LiveErrors.Raise(handle, status);
        References.Drop(made);
        return null;
    }

    static Status Fill(LiveState* state, Handle* made, MapSnapshot* snapshot, ref bool goesOn)
    {
        PoolHeap* heap = Heap.Of(made->Shared);
        for (nint i = 0; ; i++)
        {
            goesOn = LiveMethods.GoesOn(i);
            if (!goesOn) return Status.Done;
            Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
            bool isOver = isDeleted || (ulong)i == snapshot->Count;
            Status status = isDeleted ? Status.Deleted : Status.Done;
            if (!isOver) status = TMap.Store(
                state->Me, made->Shared, Probe.Of(MapSnapshot.Key(snapshot, (ulong)i)), MapSnapshot.Value(snapshot, (ulong)i));
            section.Exit(state->Me);
            if (isOver || status != Status.Done) return status;
        }
    }

    /// <summary>The method <c>__deepcopy__</c>.</summary>
    internal static PyObject* CopyDeep(Handle* handle, PyObject* memo)
    {
        PyObject* made = Creation.Beside(handle, &TMap.Make);
        PyObject* iterator = made == null || !LiveMethods.Remember(memo, (PyObject*)handle, made)
            ? null : NewIterator(handle, DictIteration.Items, reversed: false);
        bool done = iterator != null;
        PyObject* key;
        PyObject* value;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && DictIterator.Next((DictIterator*)iterator, &key, &value); i++)
        {
            PyObject* newKey = TMap.CopyKey(key, memo);
            PyObject* newValue = newKey == null ? null : LiveMethods.CopyDeep(value, memo);
            done = newValue != null && MapChanges<TMap>.Set((Handle*)made, newKey, newValue);
            References.Drop(newKey);
            References.Drop(newValue);
            References.Drop(key);
            References.Drop(value);
        }
        References.Drop(iterator);
        if (done && Api.Table.PyErr_Occurred() == null) return made;
        References.Drop(made);
        return null;
    }

    /// <summary>The method <c>_iterate</c>.</summary>
    internal static PyObject* IterateAs(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("_iterate", count, 2, 2)) return null;
        long what = Api.Table.PyLong_AsLongLong(arguments[0]);
        if (Api.Table.PyErr_Occurred() != null) return null;
        int reversed = Api.Table.PyObject_IsTrue(arguments[1]);
        if (reversed < 0) return null;
        return what is < 0 or > 2 ? Errors.Value("0, 1 or 2") : NewIterator(handle, (DictIteration)what, reversed != 0);
    }
}
