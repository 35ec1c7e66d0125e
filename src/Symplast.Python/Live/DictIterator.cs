using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>What an iterator over a Dict gives.</summary>
internal enum DictIteration
{
    /// <summary>Keys.</summary>
    Keys,

    /// <summary>Values.</summary>
    Values,

    /// <summary>Pairs.</summary>
    Items,
}

/// <summary>An iterator over the items that a Dict or Set had at one moment.</summary>
internal unsafe struct DictIterator
{
    internal PyObject Head;
    Handle* _owner;              // a reference, which keeps the pool's addresses too
    MapSnapshot* _snapshot;      // null when it is used up
    ulong _next;
    DictIteration _what;
    bool _reversed;
    DictIterator* _previous;     // in the interpreter's list, while there is a snapshot
    DictIterator* _following;

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.DictIterator"u8),
        BasicSize = sizeof(DictIterator),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Iterator over what a Dict or Set held at one moment."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Iter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.IterNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&NextCall),
            Slot(PyTypeSlot.Methods, Table(
                Method("__length_hint__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&LengthHint, PyMethodDef.NoArgs, "How many are left."u8),
                Method("__reduce__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Reduce, PyMethodDef.NoArgs, "An iterator over a list of what is left."u8)))),
    });

    /// <summary>A new iterator, which takes over the snapshot; null with an exception set.</summary>
    internal static PyObject* Create(Handle* owner, MapSnapshot* snapshot, DictIteration what, bool reversed)
    {
        LiveState* state = owner->State;
        DictIterator* iterator = (DictIterator*)Api.Table.PyType_GenericAlloc(state->DictIteratorType, 0);
        if (iterator == null)
        {
            MapSnapshot.Free(state->Me, snapshot);
            return null;
        }
        References.Take((PyObject*)owner);
        iterator->_owner = owner;
        iterator->_snapshot = snapshot;
        iterator->_what = what;
        iterator->_reversed = reversed;
        iterator->_following = state->Iterators;
        if (iterator->_following != null) iterator->_following->_previous = iterator;
        state->Iterators = iterator;
        return (PyObject*)iterator;
    }

    /// <summary>The next key and value, of which one is left null if it is not wanted; new references. False at the end, or with an exception set.</summary>
    internal static bool Next(DictIterator* iterator, PyObject** key, PyObject** value)
    {
        *key = *value = null;
        if (iterator->_snapshot == null) return false;
        Handle* owner = iterator->_owner;
        if (!LiveMethods.IsUsable(owner)) return false;
        LiveState* state = owner->State;
        bool wantsKey = iterator->_what != DictIteration.Values;
        bool wantsValue = iterator->_what != DictIteration.Keys;
        // Before any Python code runs, which may use the same iterator.
        ulong next = iterator->_next++;
        do
        {
            Epoch.Enter(state->Me);
            bool isDeleted = PoolHeap.IsDeleted(Heap.Of(owner->Shared));
            bool isOver = isDeleted || next >= iterator->_snapshot->Count;
            if (!isOver)
            {
                ulong at = iterator->_reversed ? iterator->_snapshot->Count - 1 - next : next;
                if (wantsKey && *key == null) *key = Outgoing.Object(state, MapSnapshot.Key(iterator->_snapshot, at));
                if (wantsValue && (*key != null || !wantsKey)) *value = Outgoing.Object(state, MapSnapshot.Value(iterator->_snapshot, at));
            }
            Epoch.Exit(state->Me);
            if (isDeleted) LiveErrors.RaiseDeleted(owner);
            if (isOver)
            {
                Finish(iterator);
                break;
            }
            if ((*key != null || !wantsKey) && (*value != null || !wantsValue)) return true;
        } while (LiveState.Again(state) && iterator->_snapshot != null);
        References.Drop(*key);
        *key = null;
        return false;
    }

    /// <summary>Gives back the snapshot, which the iterator still has: it is used up.</summary>
    internal static void Finish(DictIterator* iterator)
    {
        LiveState* state = iterator->_owner->State;
        MapSnapshot* snapshot = iterator->_snapshot;
        iterator->_snapshot = null;
        if (iterator->_previous != null) iterator->_previous->_following = iterator->_following;
        else state->Iterators = iterator->_following;
        if (iterator->_following != null) iterator->_following->_previous = iterator->_previous;
        iterator->_previous = iterator->_following = null;
        if (!ForkGuard.IsForkedChild) MapSnapshot.Free(state->Me, snapshot);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* NextCall(PyObject* self)
    {
        try
        {
            PyObject* key;
            PyObject* value;
            return Next((DictIterator*)self, &key, &value) ? Pick((DictIterator*)self, key, value) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LengthHint(PyObject* self, PyObject* none)
    {
        DictIterator* iterator = (DictIterator*)self;
        if (iterator->_snapshot == null || LiveMethods.IsDeleted(iterator->_owner)) return Api.Table.PyLong_FromLongLong(0);
        LiveState* state = iterator->_owner->State;
        Epoch.Enter(state->Me);
        long left = PoolHeap.IsDeleted(Heap.Of(iterator->_owner->Shared)) ? 0 : (long)(iterator->_snapshot->Count - iterator->_next);
        Epoch.Exit(state->Me);
        return Api.Table.PyLong_FromLongLong(left);
    }

    // As those of dict: an iterator over a list of what is left.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Reduce(PyObject* self, PyObject* none)
    {
        try
        {
            ref Api api = ref Api.Table;
            DictIterator* iterator = (DictIterator*)self;
            ulong next = iterator->_next;
            PyObject* left = api.PyList_New(0);
            bool done = left != null;
            PyObject* key;
            PyObject* value;
            while (done && HasMore(iterator) && (done = Next(iterator, &key, &value)))
            {
                PyObject* item = Pick(iterator, key, value);
                done = item != null && api.PyList_Append(left, item) == 0;
                References.Drop(item);
            }
            iterator->_next = next;
            PyObject* builtins = done ? api.PyImport_ImportModule(Text.Utf8("builtins"u8)) : null;
            PyObject* iter = builtins == null ? null : api.PyObject_GetAttrString(builtins, Text.Utf8("iter"u8));
            References.Drop(builtins);
            PyObject* arguments = iter == null ? null : api.PyTuple_New(1);
            if (arguments == null)
            {
                References.Drop(iter);
                References.Drop(left);
                return null;
            }
            api.PyTuple_SetItem(arguments, 0, left);
            return LiveMethods.Pair(iter, arguments);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static bool HasMore(DictIterator* iterator)
    {
        if (iterator->_snapshot == null || iterator->_owner->Shared == null || ForkGuard.IsForkedChild) return false;
        LiveState* state = iterator->_owner->State;
        Epoch.Enter(state->Me);
        // That it was deleted is for Next to say.
        bool hasMore = PoolHeap.IsDeleted(Heap.Of(iterator->_owner->Shared)) || iterator->_next < iterator->_snapshot->Count;
        Epoch.Exit(state->Me);
        return hasMore;
    }

    // What the iterator gives, of the two references that Next gave.
    static PyObject* Pick(DictIterator* iterator, PyObject* key, PyObject* value) => iterator->_what switch
    {
        DictIteration.Keys => key,
        DictIteration.Values => value,
        _ => LiveMethods.Pair(key, value),
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        DictIterator* iterator = (DictIterator*)self;
        if (iterator->_snapshot != null) Finish(iterator);
        References.Drop((PyObject*)iterator->_owner);
        Api.Table.PyObject_Free(self);
        References.Drop(type);
    }
}
