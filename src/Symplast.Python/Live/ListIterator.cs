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
        return (PyObject*)iterator;
    }

    static void Finish(ListIterator* iterator)
    {
        if (iterator->_isOver) return;
        iterator->_isOver = true;
        // When the interpreter's part has ended, what is left goes with the pool.
        if (iterator->_owner->Shared != null) iterator->_snapshot.Release(iterator->_owner->State->Me);
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
            PyObject* result = null;
            do
            {
                bool isOver = iterator->_isOver || iterator->_next >= iterator->_snapshot.Count;
                bool isDeleted = false;
                if (!isOver)
                {
                    Epoch.Enter(state->Me);
                    isDeleted = PoolHeap.IsDeleted(Heap.Of(owner->Shared));
                    if (!isDeleted)
                    {
                        long at = iterator->_reversed ? iterator->_snapshot.Count - 1 - iterator->_next : iterator->_next;
                        result = Outgoing.Object(state, iterator->_snapshot.Items[at]);
                    }
                    Epoch.Exit(state->Me);
                }
                if (isDeleted) LiveErrors.RaiseDeleted(owner);
                if (isDeleted || isOver)
                {
                    Finish(iterator);
                    return null;
                }
                if (result != null) iterator->_next++;
            } while (result == null && LiveState.Again(state));
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
        return Api.Table.PyLong_FromLongLong(iterator->_isOver ? 0 : iterator->_snapshot.Count - iterator->_next);
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
