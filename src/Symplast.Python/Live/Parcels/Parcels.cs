using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Live objects on their way between interpreters. Pickled data names each by a ticket, a number that is never used again; the
/// ticket holds a reference until the parcel it belongs to, which travels with the data, is dropped. Large data that many
/// messages name have tickets too. Thread-safe.
/// </summary>
internal static unsafe class Parcels
{
    struct Ticket
    {
        internal nint Shared;
        internal nint Heap;      // pinned, so that it can be asked whether the object still is
        internal nint Data;      // or bytes that many messages name, in native memory
        internal nint Length;
    }

    // What was packed together: tickets, and closed parcels that it holds as well.
    sealed class Parcel
    {
        internal readonly List<long> Tickets = [];
        internal readonly List<long> Parcels = [];
        internal int Holders = 1;
    }

    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<long, Ticket> Tickets = [];
    static readonly Dictionary<long, Parcel> Closed = [];
    static long _lastTicket;
    static long _lastParcel;
    static Participant* _postman;

    // The parcels that this thread is packing: a pickler's hooks may send something themselves.
    [ThreadStatic]
    static Stack<Parcel>? _open;

    /// <summary>Begins a parcel of the calling thread.</summary>
    internal static void Open() => (_open ??= new Stack<Parcel>()).Push(new Parcel());

    /// <summary>Ends the parcel that the calling thread began last. Returns its number, or 0 if it is empty.</summary>
    internal static long Close()
    {
        if (_open is not { Count: > 0 }) return 0;
        Parcel parcel = _open.Pop();
        if (parcel.Tickets.Count == 0 && parcel.Parcels.Count == 0) return 0;
        using (Gate.Hold())
        {
            try
            {
                Closed.Add(_lastParcel + 1, parcel);
            }
            catch (OutOfMemoryException)
            {
                End(parcel);
                throw;
            }
            return ++_lastParcel;
        }
    }

    /// <summary>
    /// Makes the parcel that the calling thread is packing, if there is one, hold a closed one too: data that are sent again and
    /// again have one of their own.
    /// </summary>
    internal static void Attach(long parcel)
    {
        if (_open is not { Count: > 0 }) return;
        using (Gate.Hold())
        {
            if (!Closed.TryGetValue(parcel, out Parcel? known)) return;
            // First what may fail.
            _open.Peek().Parcels.Add(parcel);
            known.Holders++;
        }
    }

    /// <summary>
    /// Lets go of a parcel; the last of its holders ends its tickets, and the references they held. 0 is no parcel. No section
    /// may be open, nor Python be left to run.
    /// </summary>
    internal static void Drop(long parcel)
    {
        if (parcel == 0) return;
        using (Gate.Hold()) DropHeld(parcel);
    }

    // The lock is held.
    static void DropHeld(long parcel)
    {
        if (!Closed.TryGetValue(parcel, out Parcel? known) || --known.Holders != 0) return;
        Closed.Remove(parcel);
        End(known);
    }

    // The lock is held. Recursion is bounded: a parcel that is held holds no others.
    static void End(Parcel parcel)
    {
        foreach (long each in parcel.Parcels) DropHeld(each);
        foreach (long number in parcel.Tickets)
        {
            if (!Tickets.Remove(number, out Ticket ticket)) continue;
            NativeMemory.Free((void*)ticket.Data);
            if (ticket.Heap == 0) continue;
            PoolHeap* heap = (PoolHeap*)ticket.Heap;
            Section section = Section.Enter(_postman);
            if (!PoolHeap.IsDeleted(heap)) Reference.Drop(_postman, (Header*)ticket.Shared);
            section.Exit(_postman);
            Heap.Unpin(heap);
        }
    }

    /// <summary>
    /// The ticket of a live object in the parcel that the calling thread is packing, as pickled data have it: a negative int.
    /// Null with an exception set.
    /// </summary>
    internal static PyObject* Address(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        if (_open is not { Count: > 0 })
            return Errors.Type(
            $"cannot pickle a {Text.TypeName((PyObject*)handle)}: a live object goes by reference to the workers of an "
            + "InterpreterPoolExecutor only");
        LiveState* state = handle->State;
        // What can fail for want of memory comes first: then the ticket holds nothing, and goes with its parcel.
        List<long> parcel = _open.Peek().Tickets;
        parcel.EnsureCapacity(parcel.Count + 1);
        long number;
        using (Gate.Hold())
        {
            if (_postman == null) _postman = Epoch.JoinUnbound();
            number = ++_lastTicket;
            Tickets.Add(number, default);
        }
        parcel.Add(number);
        Section section = Section.Enter(state->Me);
        PoolHeap* heap = Heap.Of(handle->Shared);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)handle->Shared);
        if (!isDeleted)
        {
            Reference.Take(Value.Of(handle->Shared));
            Heap.Pin(heap);
        }
        section.Exit(state->Me);
        if (isDeleted) return LiveErrors.RaiseDeleted(handle);
        using (Gate.Hold()) Tickets[number] = new Ticket { Shared = (nint)handle->Shared, Heap = (nint)heap };
        return Api.Table.PyLong_FromLongLong(-number);
    }

    /// <summary>
    /// Puts a copy of some bytes into the parcel that the calling thread is packing, and returns their ticket; null with an
    /// exception set.
    /// </summary>
    internal static PyObject* Deposit(ReadOnlySpan<byte> data)
    {
        if (_open is not { Count: > 0 }) return Errors.Type("no parcel is open");
        List<long> parcel = _open.Peek().Tickets;
        parcel.EnsureCapacity(parcel.Count + 1);
        byte* copy = (byte*)NativeMemory.Alloc((nuint)data.Length);
        data.CopyTo(new Span<byte>(copy, data.Length));
        long number;
        using (Gate.Hold())
        {
            number = _lastTicket + 1;
            try
            {
                Tickets.Add(number, new Ticket { Data = (nint)copy, Length = data.Length });
            }
            catch (OutOfMemoryException)
            {
                NativeMemory.Free(copy);
                throw;
            }
            _lastTicket = number;
        }
        parcel.Add(number);
        return Api.Table.PyLong_FromLongLong(number);
    }

    /// <summary>The bytes with a ticket, a new object; null with an exception set.</summary>
    internal static PyObject* Read(long number)
    {
        using (Gate.Hold())
        {
            // Under the lock, as the parcel may be dropped: bytes are copied at some gigabytes a second, and seldom.
            if (Tickets.TryGetValue(number, out Ticket ticket) && ticket.Data != 0)
                return Api.Table.PyBytes_FromStringAndSize((byte*)ticket.Data, ticket.Length);
        }
        return Errors.Value("not the ticket of data on their way");
    }

    /// <summary>
    /// The handle, in the calling interpreter, of the object with a ticket, a new reference; null with an exception set. Runs
    /// Python code.
    /// </summary>
    internal static PyObject* Collect(LiveState* state, long number)
    {
        // Who sends an object has left what has changed in its own classes since.
        if (!Kinds.Of(LiveKind.Object).RefreshClasses(state)) return null;
        PyObject* handle;
        do
        {
            bool known;
            PoolHeap* deleted;
            using (Gate.Hold())
            {
                known = Tickets.TryGetValue(number, out Ticket ticket) && ticket.Heap != 0;
                PoolHeap* heap = (PoolHeap*)ticket.Heap;
                Section section = Section.Enter(state->Me);
                bool isDeleted = known && PoolHeap.IsDeleted(heap);
                handle = known && !isDeleted ? Handle.Of(state, (Header*)ticket.Shared) : null;
                section.Exit(state->Me);
                deleted = isDeleted ? heap : null;
            }
            if (deleted != null) return LiveErrors.RaiseDeletedPool(state, deleted);
            if (!known) return Errors.Value("not the ticket of a live object on its way");
        } while (handle == null && LiveState.Again(state));
        return handle;
    }
}
