using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What one interpreter needs to work on live objects, in native memory: each handle points here, so that an operation finds
/// everything without asking the module. Used with the interpreter's GIL held.
/// </summary>
/// <remarks>
/// The participant is the interpreter's, not a thread's: the GIL lets one thread at a time use it, and no section spans anything
/// that could give up the GIL.
/// </remarks>
internal unsafe struct LiveState
{
    const int MostKinds = 16;

    // A class of live objects, by its number. Handles do not keep it alive, whoever set it does for as long as there are some.
    struct ClassUse
    {
        internal PyObject* Type;
        internal long Handles;
    }

    // The pools that this interpreter has handles into, by slot. One pin each keeps the addresses, so that a handle can always
    // ask whether its pool still is.
    struct PoolUse
    {
        internal PoolHeap* Heap;
        internal long Handles;
    }

    /// <summary>The interpreter in the epoch scheme.</summary>
    internal Participant* Me;

    /// <summary>The interpreter's number; never reused within a process.</summary>
    internal long Id;

    /// <summary>Next in <see cref="LiveStates"/>.</summary>
    internal LiveState* Next;

    /// <summary>All handles.</summary>
    internal HandleTable Handles;

    /// <summary>The common base of all live types; a borrowed reference.</summary>
    internal PyObject* SharedType;

    /// <summary>The type of iterators over Dict and Set; a borrowed reference.</summary>
    internal PyObject* DictIteratorType;

    /// <summary>The type of iterators over List; a borrowed reference.</summary>
    internal PyObject* ListIteratorType;

    /// <summary>Those that hold a snapshot, which ends with the interpreter at the latest.</summary>
    internal void* ListIterators;

    /// <summary>The iterators that hold a snapshot, which ends with the interpreter at the latest.</summary>
    internal void* Iterators;

    /// <summary>The type of declared attributes; a borrowed reference.</summary>
    internal PyObject* FieldType;

    /// <summary>Pools that hold others.</summary>
    internal HeldPools HeldPools;

    /// <summary>
    /// What an interpreter remembers of classes, as <c>ClassCaches</c> has it: here, so that it costs no indirection.
    /// </summary>
    internal fixed ulong ClassWords[MostClassWords];

    /// <summary>How many words that are.</summary>
    internal const int MostClassWords = 6;

    /// <summary>Handles that exist, of which some may have ended.</summary>
    internal long Living;

    /// <summary>A record, with a reference, whose handle waits for its class to be found; null if none does.</summary>
    internal Header* Unresolved;

    /// <summary>The last record that a guard of <see cref="UnknownClasses"/> refused, without a reference.</summary>
    internal Header* Refused;

    /// <summary>A part of an answer that could not be completed; dropped outside the section.</summary>
    internal PyObject* Leftover;

    nint _interpreter;
    ClassUse* _classes;
    int _classCapacity;
    PoolUse* _pools;
    int _poolCapacity;
    fixed ulong _types[MostKinds];

    /// <summary>The module's state for this interpreter; null when that is gone.</summary>
    internal readonly InterpreterState? Interpreter => _interpreter == 0 ? null : InterpreterState.FromHandle(_interpreter);

    /// <summary>
    /// A state for an interpreter; <paramref name="interpreter"/> is the handle of its <see cref="InterpreterState"/>,
    /// <paramref name="id"/> its number.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static LiveState* Create(nint interpreter, long id)
    {
        LiveState* state = (LiveState*)NativeMemory.AllocZeroed((nuint)sizeof(LiveState));
        state->_interpreter = interpreter;
        state->Me = Epoch.JoinUnbound();
        state->Id = id;
        for (LiveKind kind = LiveKind.None + 1; kind < LiveKind.Count; kind++)
        {
            if (Kinds.Of(kind).Begin != null) Kinds.Of(kind).Begin(state);
        }
        LiveStates.Add(state);
        return state;
    }

    /// <summary>
    /// Ends the interpreter's part in all live objects: handles that are left answer as deleted, what they held is released. The
    /// state itself stays until the last of them is gone.
    /// </summary>
    internal static void Close(LiveState* state)
    {
        state->_interpreter = 0;
        for (LiveKind kind = LiveKind.None + 1; kind < LiveKind.Count; kind++)
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
        // Handles that are left need their types to end.
        for (int kind = 0; kind < MostKinds; kind++)
        {
            if (state->_types[kind] != 0) References.Take((PyObject*)state->_types[kind]);
        }
        if (state->Living == 0) Free(state);
    }

    static void Free(LiveState* state)
    {
        for (int kind = 0; kind < MostKinds; kind++) References.Drop((PyObject*)state->_types[kind]);
        NativeMemory.Free(state);
    }

    /// <summary>Notes that a handle is gone.</summary>
    internal static void Forget(LiveState* state)
    {
        if (--state->Living == 0 && state->Me == null) Free(state);
    }

    /// <summary>
    /// What to do when an answer could not be made inside a section: false if an exception is set, true if the operation is to be
    /// done again, because an object died after it was loaded, or because its class is known now. Outside sections; may run
    /// Python code.
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
    /// The class with a number in this interpreter, a borrowed reference; null if it is not known, or not held.
    /// </summary>
    internal readonly PyObject* ClassWith(int number) => (uint)number < (uint)_classCapacity ? _classes[number].Type : null;

    /// <summary>How many handles there are of objects with the number of a class.</summary>
    internal readonly long HandlesOfClass(int number) => (uint)number < (uint)_classCapacity ? _classes[number].Handles : 0;

    /// <summary>Notes a handle of an object of a class that is held, or, with -1, its end.</summary>
    internal readonly void CountHandle(int number, int change)
    {
        if ((uint)number < (uint)_classCapacity) _classes[number].Handles += change;
    }

    /// <summary>
    /// Notes the class with a number, or with null that it is not held any more; the reference to it is kept elsewhere.
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
        Section section = Section.Enter(state->Me);
        if (!PoolHeap.IsDeleted(Heap.Of(value.Pointer))) Reference.Drop(state->Me, value);
        section.Exit(state->Me);
    }

    /// <summary>The same.</summary>
    internal static void Drop(LiveState* state, Header* block) => Drop(state, Value.Of(block));

    /// <summary>The type of handles to objects of a kind; a borrowed reference. Of records, the base of their classes.</summary>
    internal readonly PyObject* TypeOf(LiveKind kind) => (PyObject*)_types[(int)kind];

    /// <summary>Sets it.</summary>
    internal void SetType(LiveKind kind, PyObject* type) => _types[(int)kind] = (ulong)type;

    /// <summary>
    /// Notes one more handle into a pool; false if there is no memory. Inside a section in which the pool was not deleted.
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

    /// <summary>Notes one handle less.</summary>
    internal readonly void Unuse(PoolHeap* heap)
    {
        if (--_pools[heap->Slot].Handles == 0) Heap.Unpin(heap);
    }

    /// <summary>
    /// How many handles this interpreter has into a pool. Called with <see cref="LiveStates.Gate"/> held, under which the memory
    /// is replaced.
    /// </summary>
    // Only a figure: any value will do.
    internal readonly long HandlesInto(PoolHeap* heap) =>
        heap->Slot < _poolCapacity && _pools[heap->Slot].Heap == heap ? Volatile.Read(ref _pools[heap->Slot].Handles) : 0;

    /// <summary>Frees what others may look at. Called with <see cref="LiveStates.Gate"/> held.</summary>
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
