using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Tree = Symplast.Objects.SortedMap<Symplast.Memory.Uninterrupted, Symplast.Objects.SortedMapRules>;

namespace Symplast.Python.Live;

/// <summary>An iterator over the items that a SortedDict, or a range of it, had at one moment: it goes through a copy of its own.</summary>
internal unsafe struct SortedDictIterator
{
    // As many as a cursor gives at its fastest.
    const int Batch = 14;

    internal PyObject Head;
    Handle* _owner;              // a reference, which keeps the pool's addresses too
    SortedMap* _copy;            // with a reference; null when it is used up
    SortedCursor _cursor;
    long _left;
    int _at;
    int _fetched;
    DictIteration _what;
    SortedDictIterator* _previous;   // in the interpreter's list, while there is a copy
    SortedDictIterator* _following;
    fixed ulong _batch[2 * Batch];   // entries of the copy, which keeps them

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.SortedDictIterator"u8),
        BasicSize = sizeof(SortedDictIterator),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Iterator over what a SortedDict held at one moment."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Iter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.IterNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&NextCall),
            Slot(PyTypeSlot.Methods, Table(
                Method("__length_hint__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&LengthHint, PyMethodDef.NoArgs, "How many are left."u8)))),
    });

    /// <summary>A new iterator, which takes over the reference to the copy; null with an exception set.</summary>
    internal static PyObject* Create(Handle* owner, SortedMap* copy, DictIteration what, bool reversed)
    {
        LiveState* state = owner->State;
        SortedDictIterator* iterator = (SortedDictIterator*)Api.Table.PyType_GenericAlloc(state->SortedDictIteratorType, 0);
        if (iterator == null)
        {
            LiveState.Drop(state, (Header*)copy);
            return null;
        }
        References.Take((PyObject*)owner);
        iterator->_owner = owner;
        iterator->_copy = copy;
        iterator->_what = what;
        iterator->_following = state->SortedIterators;
        if (iterator->_following != null) iterator->_following->_previous = iterator;
        state->SortedIterators = iterator;
        Status status = Tree.Open(state->Me, copy, SortedBound.None, SortedBound.None, reversed, out iterator->_cursor);
        if (status == Status.Done) status = Tree.Count(state->Me, copy, out iterator->_left);
        if (status == Status.Done) return (PyObject*)iterator;
        LiveErrors.Raise(owner, status);
        References.Drop((PyObject*)iterator);
        return null;
    }

    /// <summary>The next key and value, of which one is left null if it is not wanted; new references. False at the end, or with an exception set.</summary>
    internal static bool Next(SortedDictIterator* iterator, PyObject** key, PyObject** value)
    {
        *key = *value = null;
        if (iterator->_copy == null) return false;
        Handle* owner = iterator->_owner;
        if (!LiveMethods.IsUsable(owner)) return false;
        LiveState* state = owner->State;
        bool wantsKey = iterator->_what != DictIteration.Values;
        bool wantsValue = iterator->_what != DictIteration.Keys;
        SortedEntry entry = default;
        bool isFetched = false;
        do
        {
            Epoch.Enter(state->Me);
            bool isDeleted = PoolHeap.IsDeleted(Heap.Of(owner->Shared));
            // Once, before any Python code runs, which may use the same iterator.
            bool isOver = isDeleted || !isFetched && !Fetch(state->Me, iterator, out entry);
            isFetched = true;
            if (!isOver)
            {
                if (wantsKey && *key == null) *key = Outgoing.Object(state, entry.Key);
                if (wantsValue && (*key != null || !wantsKey)) *value = Outgoing.Object(state, entry.Value);
            }
            Epoch.Exit(state->Me);
            if (isDeleted) LiveErrors.RaiseDeleted(owner);
            if (isOver)
            {
                Finish(iterator);
                break;
            }
            if ((*key != null || !wantsKey) && (*value != null || !wantsValue)) return true;
        } while (LiveState.Again(state) && iterator->_copy != null);
        References.Drop(*key);
        *key = null;
        return false;
    }

    // The next entry; false at the end. Inside a section. Nobody changes the copy, so what was fetched stays for as long as that does.
    static bool Fetch(Participant* me, SortedDictIterator* iterator, out SortedEntry entry)
    {
        entry = default;
        if (iterator->_at == iterator->_fetched)
        {
            iterator->_at = 0;
            if (Tree.Next(me, iterator->_copy, ref iterator->_cursor, (SortedEntry*)iterator->_batch, Batch, out iterator->_fetched) != Status.Done) return false;
        }
        entry = ((SortedEntry*)iterator->_batch)[iterator->_at++];
        iterator->_left--;
        return true;
    }

    /// <summary>Gives back the copy, which the iterator still has: it is used up.</summary>
    internal static void Finish(SortedDictIterator* iterator)
    {
        LiveState* state = iterator->_owner->State;
        SortedMap* copy = iterator->_copy;
        iterator->_copy = null;
        iterator->_left = 0;
        if (iterator->_previous != null) iterator->_previous->_following = iterator->_following;
        else state->SortedIterators = iterator->_following;
        if (iterator->_following != null) iterator->_following->_previous = iterator->_previous;
        iterator->_previous = iterator->_following = null;
        if (ForkGuard.IsForkedChild) return;
        Tree.Close(state->Me, ref iterator->_cursor);
        LiveState.Drop(state, (Header*)copy);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* NextCall(PyObject* self)
    {
        try
        {
            PyObject* key;
            PyObject* value;
            if (!Next((SortedDictIterator*)self, &key, &value)) return null;
            return ((SortedDictIterator*)self)->_what switch
            {
                DictIteration.Keys => key,
                DictIteration.Values => value,
                _ => LiveMethods.Pair(key, value),
            };
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LengthHint(PyObject* self, PyObject* none)
    {
        SortedDictIterator* iterator = (SortedDictIterator*)self;
        return Api.Table.PyLong_FromLongLong(LiveMethods.IsDeleted(iterator->_owner) ? 0 : iterator->_left);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        SortedDictIterator* iterator = (SortedDictIterator*)self;
        if (iterator->_copy != null) Finish(iterator);
        References.Drop((PyObject*)iterator->_owner);
        Api.Table.PyObject_Free(self);
        References.Drop(type);
    }
}
