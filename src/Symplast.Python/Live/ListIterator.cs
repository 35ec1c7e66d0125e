using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Vector = Symplast.Objects.SharedVector<Symplast.Memory.Uninterrupted>;

namespace Symplast.Python.Live;

/// <summary>An iterator over the elements that a List had at one moment.</summary>
internal unsafe struct ListIterator
{
    internal PyObject Head;
    Handle* _owner;              // a reference, which keeps the pool's addresses too
    VectorSnapshot _snapshot;
    long _next;
    bool _reversed;
    bool _isOver;
    ListIterator* _previous;     // in the interpreter's list, while there is a snapshot
    ListIterator* _following;

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.ListIterator"u8),
        BasicSize = sizeof(ListIterator),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Iterator over what a List held at one moment."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Iter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.IterNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Next),
            Slot(PyTypeSlot.Methods, Table(
                Method("__length_hint__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&LengthHint, PyMethodDef.NoArgs, "How many are left."u8)))),
    });

    /// <summary>A new iterator over the elements as they are now; null with an exception set.</summary>
    internal static PyObject* Create(Handle* owner, bool reversed)
    {
        if (!LiveMethods.IsUsable(owner)) return null;
        LiveState* state = owner->State;
        Status status = Vector.Snapshot(state->Me, (SharedVector*)owner->Shared, out VectorSnapshot snapshot);
        if (status != Status.Done) return LiveErrors.Raise(owner, status);
        ListIterator* iterator = (ListIterator*)Api.Table.PyType_GenericAlloc(state->ListIteratorType, 0);
        if (iterator == null)
        {
            snapshot.Release(state->Me);
            return null;
        }
        References.Take((PyObject*)owner);
        iterator->_owner = owner;
        iterator->_snapshot = snapshot;
        iterator->_reversed = reversed;
        iterator->_following = state->ListIterators;
        if (iterator->_following != null) iterator->_following->_previous = iterator;
        state->ListIterators = iterator;
        return (PyObject*)iterator;
    }

    /// <summary>Gives back the snapshot, if the iterator still has it: it is used up.</summary>
    internal static void Finish(ListIterator* iterator)
    {
        if (iterator->_isOver) return;
        iterator->_isOver = true;
        LiveState* state = iterator->_owner->State;
        if (iterator->_previous != null) iterator->_previous->_following = iterator->_following;
        else state->ListIterators = iterator->_following;
        if (iterator->_following != null) iterator->_following->_previous = iterator->_previous;
        iterator->_previous = iterator->_following = null;
        if (!ForkGuard.IsForkedChild) iterator->_snapshot.Release(state->Me);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Next(PyObject* self)
    {
        try
        {
            ListIterator* iterator = (ListIterator*)self;
            if (iterator->_isOver) return null;
            Handle* owner = iterator->_owner;
            if (!LiveMethods.IsUsable(owner)) return null;
            LiveState* state = owner->State;
            // Before any Python code runs, which may use the same iterator.
            long next = iterator->_next++;
            PyObject* result = null;
            bool isOver = false;
            do
            {
                Epoch.Enter(state->Me);
                bool isDeleted = PoolHeap.IsDeleted(Heap.Of(owner->Shared));
                isOver = isDeleted || next >= iterator->_snapshot.Count;
                if (!isOver) result = Outgoing.Object(state, iterator->_snapshot.Items[iterator->_reversed ? iterator->_snapshot.Count - 1 - next : next]);
                Epoch.Exit(state->Me);
                if (isDeleted) LiveErrors.RaiseDeleted(owner);
                if (isOver) Finish(iterator);
            } while (result == null && !isOver && LiveState.Again(state) && !iterator->_isOver);
            return result;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LengthHint(PyObject* self, PyObject* none)
    {
        ListIterator* iterator = (ListIterator*)self;
        return Api.Table.PyLong_FromLongLong(iterator->_isOver ? 0 : Math.Max(0, iterator->_snapshot.Count - iterator->_next));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        ListIterator* iterator = (ListIterator*)self;
        Finish(iterator);
        References.Drop((PyObject*)iterator->_owner);
        Api.Table.PyObject_Free(self);
        References.Drop(type);
    }
}
