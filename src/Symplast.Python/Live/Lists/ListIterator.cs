using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>
/// An iterator over the elements that a List had at one moment. It makes several elements ready in one section, so that not every
/// step enters a section.
/// </summary>
internal unsafe partial struct ListIterator
{
    internal PyObject Head;
    Handle* _owner;              // a reference, which keeps the pool's addresses as well
    PoolHeap* _heap;             // the owner's pool, so that it can always be asked whether it was deleted
    VectorSnapshot _snapshot;
    long _next;                  // the index of the element to return next
    long _first;                 // the index of the first element that is ready
    int _ready;
    ReadyObjects _objects;
    bool _reversed;
    bool _isOver;
    ListIterator* _previous;     // in the interpreter's list, while there is a snapshot
    ListIterator* _following;

    /// <summary>The specification of the type, once it is built.</summary>
    internal static PyTypeSpec* Definition { get; set; }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.ListIterator"u8),
        BasicSize = sizeof(ListIterator),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Iterator over the elements of a List at one moment."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Iter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.IterNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Next),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__length_hint__"u8, &LengthHint, "How many are left."u8)))),
    });

    /// <summary>A new iterator over the present elements; null with an exception set.</summary>
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
        iterator->_heap = Heap.Of(owner->Shared);
        iterator->_snapshot = snapshot;
        iterator->_reversed = reversed;
        iterator->_following = (ListIterator*)state->ListIterators;
        if (iterator->_following != null) iterator->_following->_previous = iterator;
        state->ListIterators = iterator;
        return (PyObject*)iterator;
    }

    /// <summary>Releases the snapshots of all iterators of an interpreter.</summary>
    internal static void FinishAll(LiveState* state)
    {
        while (state->ListIterators != null) Finish((ListIterator*)state->ListIterators);
    }

    /// <summary>Releases the snapshot if the iterator still has it. The iterator is then exhausted.</summary>
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
        bool isUsedUp = iterator->_next - iterator->_first >= iterator->_ready;
        iterator->_ready = 0;
        if (!isUsedUp) iterator->_objects.Drop();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Next(PyObject* self)
    {
        ListIterator* iterator = (ListIterator*)self;
        return IsReady(iterator) ? Give(iterator) : NextSlowly(iterator);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static PyObject* Give(ListIterator* iterator) => iterator->_objects.Take((int)(iterator->_next++ - iterator->_first));

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* NextSlowly(ListIterator* iterator)
    {
        try
        {
            while (!IsReady(iterator))
            {
                if (!Prepare(iterator)) return null;
            }
            return Give(iterator);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // Whether the next element is ready. Elements of a deleted pool are not returned any more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsReady(ListIterator* iterator) =>
        iterator->_next - iterator->_first < iterator->_ready && !PoolHeap.IsDeleted(iterator->_heap) && !ForkGuard.IsForkedChild;

    // Makes the next elements ready, as many as one section allows. Returns false at the end, or with an exception set. May run
    // Python code, which may use the same iterator.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Prepare(ListIterator* iterator)
    {
        if (iterator->_isOver || !LiveMethods.IsUsable(iterator->_owner)) return false;
        Handle* owner = iterator->_owner;
        LiveState* state = owner->State;
        // Few elements at first, since many loops take only one.
        long most = Math.Min(iterator->_next == 0 ? 8 : ReadyObjects.Room, iterator->_snapshot.Count - iterator->_next);
        int done = 0;
        Section section = Heap.Enter(state->Me, owner->Shared, out bool isDeleted);
        for (; !isDeleted && done < most; done++)
        {
            long next = iterator->_next + done;
            PyObject* o = Outgoing.Object(
                state, iterator->_snapshot.Items[iterator->_reversed ? iterator->_snapshot.Count - 1 - next : next]);
            if (o == null) break;
            iterator->_objects.Put(done, o);
        }
        iterator->_first = iterator->_next;
        iterator->_ready = done;
        section.Exit(state->Me);
        bool isOver = isDeleted || most <= 0;
        if (isDeleted) LiveErrors.RaiseDeleted(owner);
        if (isOver) Finish(iterator);
        if (isOver || done == most) return !isOver;
        bool goesOn = LiveState.Again(state);
        // An element that failed raises its exception again when it is the next one.
        if (!goesOn && done != 0) Api.Table.PyErr_Clear();
        return goesOn || done != 0;
    }

    [Callback]
    private static partial PyObject* LengthHint(ListIterator* iterator, PyObject* none)
    {
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
