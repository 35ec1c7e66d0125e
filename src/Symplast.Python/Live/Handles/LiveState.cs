using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What one interpreter needs to work on live objects. It lies in native memory, and each handle points to it, so that an
/// operation finds everything without asking the module. Used with the interpreter's GIL held.
/// </summary>
/// <remarks>
/// The epoch participant belongs to the interpreter, not to a thread. The GIL lets only one thread at a time use it, and no
/// section spans anything that could release the GIL.
/// </remarks>
internal unsafe struct LiveState
{
    // A class of live objects, by its number. Whoever set the class keeps it alive while it has handles; the handles do not.
    struct ClassUse
    {
        internal PyObject* Type;
        internal long Handles;
    }

    // The pools that this interpreter has handles into, by slot. One pin for each pool keeps its addresses reserved, so that a
    // handle can always ask whether its pool was deleted.
    struct PoolUse
    {
        internal PoolHeap* Heap;
        internal long Handles;
    }

    /// <summary>The interpreter's participant in the epoch scheme.</summary>
    internal Participant* Me;

    /// <summary>The interpreter's number; never reused within a process.</summary>
    internal long Id;

    /// <summary>The next state in <see cref="LiveStates"/>.</summary>
    internal LiveState* Next;

    /// <summary>All handles of the interpreter.</summary>
    internal HandleTable Handles;

    /// <summary>The common base of all live types; a borrowed reference.</summary>
    internal PyObject* SharedType;

    /// <summary>The type of iterators over Dict and Set; a borrowed reference.</summary>
    internal PyObject* DictIteratorType;

    /// <summary>The type of iterators over List; a borrowed reference.</summary>
    internal PyObject* ListIteratorType;

    /// <summary>The iterators over List that hold a snapshot, which ends with the interpreter at the latest.</summary>
    internal void* ListIterators;

    /// <summary>The other iterators that hold a snapshot, which ends with the interpreter at the latest.</summary>
    internal void* Iterators;

    /// <summary>The type of declared attributes; a borrowed reference.</summary>
    internal PyObject* FieldType;

    /// <summary>The pools that are known to hold other pools.</summary>
    internal HeldPools HeldPools;

    /// <summary>
    /// The interpreter's caches of classes, as <c>ClassCaches</c> lays them out. They lie here to save an indirection.
    /// </summary>
    internal fixed ulong ClassWords[MostClassWords];

    /// <summary>The number of words in <see cref="ClassWords"/>.</summary>
    internal const int MostClassWords = 6;

    /// <summary>The interpreter as an owner of locks.</summary>
    internal LockOwner* Owner;

    /// <summary>The thread that was the last to take a reentrant lock.</summary>
    internal LockingThread OwningThread;

    /// <summary>The number of handles that exist, including those without an object.</summary>
    internal long Living;

    /// <summary>A record, with a reference, whose handle cannot be made until its class is found; else null.</summary>
    internal Header* Unresolved;

    /// <summary>The last record that a guard of <see cref="UnknownClasses"/> refused, a borrowed reference.</summary>
    internal Header* Refused;

    /// <summary>A part of a result that could not be completed. Its reference is dropped outside the section.</summary>
    internal PyObject* Leftover;

    nint _interpreter;
    ClassUse* _classes;
    int _classCapacity;
    PoolUse* _pools;
    int _poolCapacity;
    fixed ulong _types[(int)LiveKind.Limit];

    /// <summary>The module's state for this interpreter; null when that has ended.</summary>
    internal readonly InterpreterState? Interpreter => _interpreter == 0 ? null : InterpreterState.FromHandle(_interpreter);

    /// <summary>
    /// Creates the state of an interpreter. <paramref name="interpreter"/> is the handle of its <see cref="InterpreterState"/>,
    /// <paramref name="id"/> its number.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static LiveState* Create(nint interpreter, long id)
    {
        LiveState* state = (LiveState*)NativeMemory.AllocZeroed((nuint)sizeof(LiveState));
        state->_interpreter = interpreter;
        state->Me = Epoch.JoinUnbound();
        state->Id = id;
        for (LiveKind kind = LiveKind.None + 1; kind < LiveKind.Limit; kind++)
        {
            if (Kinds.Of(kind).Begin != null) Kinds.Of(kind).Begin(state);
        }
        LiveStates.Add(state);
        return state;
    }

    /// <summary>
    /// Ends the interpreter's use of live objects. Handles that are left drop their objects and behave as deleted ones. The state
    /// itself is freed with the last handle.
    /// </summary>
    internal static void Close(LiveState* state)
    {
        state->_interpreter = 0;
        for (LiveKind kind = LiveKind.None + 1; kind < LiveKind.Limit; kind++)
        {
            if (Kinds.Of(kind).End != null) Kinds.Of(kind).End(state);
        }
        for (PyObject* handle; (handle = state->Handles.Any()) != null;) Handle.Release((Handle*)handle);
        LiveStates.Remove(state);
        NativeMemory.Free(state->_pools);
        state->_pools = null;
        state->_poolCapacity = 0;
        NativeMemory.Free(state->_classes);
        state->_classes = null;
        state->_classCapacity = 0;
        if (!ForkGuard.IsForkedChild) Epoch.Leave(state->Me);
        state->Me = null;
        // Handles that are left need their types until they are deallocated.
        for (int kind = 0; kind < (int)LiveKind.Limit; kind++)
        {
            if (state->_types[kind] != 0) References.Take((PyObject*)state->_types[kind]);
        }
        if (state->Living == 0) Free(state);
    }

    static void Free(LiveState* state)
    {
        for (int kind = 0; kind < (int)LiveKind.Limit; kind++) References.Drop((PyObject*)state->_types[kind]);
        NativeMemory.Free(state);
    }

    /// <summary>Counts one handle less that exists. Frees a closed state with the last one.</summary>
    internal static void Forget(LiveState* state)
    {
        if (--state->Living == 0 && state->Me == null) Free(state);
    }

    /// <summary>
    /// Called outside sections when a result could not be made inside one. Returns false if an exception is set. Returns true if
    /// the operation must be repeated, because an object died after it was loaded or because its class has been found now. May
    /// run Python code.
    /// </summary>
    internal static bool Again(LiveState* state)
    {
        if (state->Leftover != null)
        {
            PyObject* raised = Api.Table.PyErr_GetRaisedException();
            PyObject* leftover = state->Leftover;
            state->Leftover = null;
            References.Drop(leftover);
            if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
        }
        if (Api.Table.PyErr_Occurred() != null) return false;
        if (state->Interpreter is { Awaited: Pool pool } interpreter)
        {
            interpreter.Awaited = null;
            return interpreter.Receive(pool);
        }
        Header* record = state->Unresolved;
        if (record == null) return true;
        state->Unresolved = null;
        bool known = Kinds.Of(LiveKind.Object).FindClass(state, ((SharedObject*)record)->Tag);
        if (state->Me != null) Drop(state, record);
        return known;
    }

    /// <summary>The class of a record in this interpreter, a borrowed reference; null if it is not known yet.</summary>
    internal readonly PyObject* ClassOf(Record* record)
    {
        int number = ((SharedObject*)record)->Tag;
        return ClassWith(number);
    }

    /// <summary>
    /// The class with a number in this interpreter, a borrowed reference; null if the class is not known or not held.
    /// </summary>
    internal readonly PyObject* ClassWith(int number) => (uint)number < (uint)_classCapacity ? _classes[number].Type : null;

    /// <summary>The number of handles whose objects have the class with a number.</summary>
    internal readonly long HandlesOfClass(int number) => (uint)number < (uint)_classCapacity ? _classes[number].Handles : 0;

    /// <summary>Changes the number of handles of a class by 1 or -1.</summary>
    internal readonly void CountHandle(int number, int change)
    {
        if ((uint)number < (uint)_classCapacity) _classes[number].Handles += change;
    }

    /// <summary>
    /// Sets the class with a number, or null when the class is not held any more. The caller keeps the reference to the class
    /// elsewhere.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal void SetClass(int number, PyObject* type)
    {
        if (number >= _classCapacity)
        {
            if (type == null) return;
            int capacity = Math.Max(16, number + number / 2 + 1);
            _classes = (ClassUse*)NativeMemory.Realloc(_classes, (nuint)capacity * (nuint)sizeof(ClassUse));
            new Span<ClassUse>(_classes + _classCapacity, capacity - _classCapacity).Clear();
            _classCapacity = capacity;
        }
        _classes[number].Type = type;
    }

    /// <summary>Drops a reference to a block in a section of its own, unless its pool is deleted.</summary>
    internal static void Drop(LiveState* state, Value value)
    {
        if (!value.IsCounted) return;
        Section section = Heap.Enter(state->Me, value.Pointer, out bool isDeleted);
        if (!isDeleted) Reference.Drop(state->Me, value);
        section.Exit(state->Me);
    }

    /// <summary>Drops a reference to a block in a section of its own, unless its pool is deleted.</summary>
    internal static void Drop(LiveState* state, Header* block) => Drop(state, Value.Of(block));

    /// <summary>
    /// The type of handles to objects of a kind; a borrowed reference. For records it is the base of their classes.
    /// </summary>
    internal readonly PyObject* TypeOf(LiveKind kind) => (PyObject*)_types[(int)kind];

    /// <summary>Sets the type of handles to objects of a kind; the reference is borrowed.</summary>
    internal void SetType(LiveKind kind, PyObject* type) => _types[(int)kind] = (ulong)type;

    /// <summary>
    /// Counts one more handle into a pool. Returns false if there is no memory. Called inside a section in which the pool was not
    /// deleted.
    /// </summary>
    internal bool Use(PoolHeap* heap)
    {
        int slot = heap->Slot;
        if (slot >= _poolCapacity && !GrowPools(slot)) return false;
        if (_pools[slot].Handles++ == 0)
        {
            _pools[slot].Heap = heap;
            Heap.Pin(heap);
        }
        return true;
    }

    /// <summary>Counts one handle less into a pool.</summary>
    internal readonly void Unuse(PoolHeap* heap)
    {
        if (--_pools[heap->Slot].Handles == 0) Heap.Unpin(heap);
    }

    /// <summary>
    /// The number of handles that this interpreter has into a pool. Called with <see cref="LiveStates.Gate"/> held, under which
    /// the table is replaced.
    /// </summary>
    // A statistic, so any recent value is good enough.
    internal readonly long HandlesInto(PoolHeap* heap) =>
        heap->Slot < _poolCapacity && _pools[heap->Slot].Heap == heap ? Volatile.Read(ref _pools[heap->Slot].Handles) : 0;

    /// <summary>Frees the tables that other threads may read. Called with <see cref="LiveStates.Gate"/> held.</summary>
    internal void DisposeTables()
    {
        Handles.Dispose();
        NativeMemory.Free(_pools);
        _pools = null;
        _poolCapacity = 0;
    }

    bool GrowPools(int slot)
    {
        int capacity = Math.Max(16, slot + slot / 2 + 1);
        try
        {
            using (LiveStates.Gate.Hold())
            {
                PoolUse* larger = (PoolUse*)NativeMemory.Realloc(_pools, (nuint)capacity * (nuint)sizeof(PoolUse));
                new Span<PoolUse>(larger + _poolCapacity, capacity - _poolCapacity).Clear();
                _pools = larger;
                _poolCapacity = capacity;
            }
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }
}
