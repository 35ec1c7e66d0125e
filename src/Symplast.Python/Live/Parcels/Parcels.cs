using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Live objects that are being sent between interpreters. Pickled data name each of them by a ticket, a number that is never used
/// again. A ticket holds a reference to the object until the last parcel that has it, which travels with the data, is dropped.
/// Large data that many messages name have tickets, too. Thread-safe.
/// </summary>
/// <remarks>
/// While an object has a ticket it gets no other: data that name the same objects then are the same bytes, by which those who
/// send them repeatedly find out that nothing in them has changed.
/// </remarks>
internal static unsafe class Parcels
{
    struct Ticket
    {
        internal nint Shared;
        internal nint Heap;      // pinned, so that it can be asked whether the object still exists
        internal nint Data;      // or bytes that many messages name, in native memory
        internal nint Length;
        internal int Holders;    // how often parcels have it
    }

    // The tickets that were packed together, and the closed parcels that this parcel holds as well.
    sealed class Parcel
    {
        internal readonly List<long> Tickets = [];
        internal readonly List<long> Parcels = [];
        internal int Holders = 1;
    }

    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<long, Ticket> Tickets = [];
    static readonly Dictionary<nint, long> ByObject = [];
    static readonly Dictionary<long, Parcel> Closed = [];
    static long _lastTicket;
    static long _lastParcel;
    static Participant* _postman;

    // The parcels that this thread is packing. There may be several, because a pickler's hooks may send something themselves.
    [ThreadStatic]
    static Stack<Parcel>? _open;

    // The tickets, in a dict, that came with the object that this thread is unpickling; null if none did.
    [ThreadStatic]
    static PyObject* _unpacked;

    /// <summary>Opens a new parcel on the calling thread.</summary>
    internal static void Open() => (_open ??= new Stack<Parcel>()).Push(new Parcel());

    /// <summary>Closes the parcel that the calling thread opened last. Returns its number, or 0 if it is empty.</summary>
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
    /// Makes the parcel that the calling thread is packing, if there is one, hold a closed parcel. Data that are sent repeatedly
    /// have a parcel of their own.
    /// </summary>
    internal static void Attach(long parcel)
    {
        if (_open is not { Count: > 0 }) return;
        using (Gate.Hold())
        {
            if (!Closed.TryGetValue(parcel, out Parcel? known)) return;
            // What may fail comes first.
            _open.Peek().Parcels.Add(parcel);
            known.Holders++;
        }
    }

    /// <summary>Adds a hold on a closed parcel, which the caller drops; 0 is no parcel.</summary>
    internal static void Hold(long parcel)
    {
        if (parcel == 0) return;
        using (Gate.Hold())
        {
            if (Closed.TryGetValue(parcel, out Parcel? known)) known.Holders++;
        }
    }

    /// <summary>
    /// Drops one hold on a parcel; 0 is no parcel. The last one ends the parcel's tickets and drops their references. Called
    /// outside sections, when no Python code may run.
    /// </summary>
    internal static void Drop(long parcel)
    {
        if (parcel == 0) return;
        using (Gate.Hold()) DropHeld(parcel);
    }

    // Called with the lock held.
    static void DropHeld(long parcel)
    {
        if (!Closed.TryGetValue(parcel, out Parcel? known) || --known.Holders != 0) return;
        Closed.Remove(parcel);
        End(known);
    }

    // Called with the lock held. Recursion is bounded: a parcel that another one holds does not hold any itself.
    static void End(Parcel parcel)
    {
        foreach (long each in parcel.Parcels) DropHeld(each);
        foreach (long number in parcel.Tickets)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(Tickets, number).Holders != 0) continue;
            Tickets.Remove(number, out Ticket ticket);
            NativeMemory.Free((void*)ticket.Data);
            if (ticket.Heap == 0) continue;
            ByObject.Remove(ticket.Shared);
            PoolHeap* heap = (PoolHeap*)ticket.Heap;
            Section section = PoolHeap.Enter(_postman, heap, out bool isDeleted);
            if (!isDeleted) Reference.Drop(_postman, (Header*)ticket.Shared);
            section.Exit(_postman);
            Heap.Unpin(heap);
        }
    }

    /// <summary>
    /// The ticket of a live object in the parcel that the calling thread is packing, as a negative int for pickled data. Returns
    /// null with an exception set.
    /// </summary>
    internal static PyObject* Address(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        if (_open is not { Count: > 0 })
            return Errors.Type(
            $"cannot pickle a {Text.TypeName((PyObject*)handle)}: a live object goes by reference to the workers of an "
            + "InterpreterPoolExecutor only");
        Participant* me = handle->State->Me;
        List<long> parcel = _open.Peek().Tickets;
        long number;
        using (Gate.Hold())
        {
            if (_postman == null) _postman = Epoch.JoinUnbound();
            // What may fail for lack of memory comes first.
            parcel.EnsureCapacity(parcel.Count + 1);
            Tickets.EnsureCapacity(Tickets.Count + 1);
            ByObject.EnsureCapacity(ByObject.Count + 1);
            Section section = Section.Enter(me);
            bool isDeleted = SharedObject.IsDeleted((SharedObject*)handle->Shared);
            number = isDeleted ? 0 : TicketOf(handle->Shared);
            section.Exit(me);
        }
        if (number == 0) return LiveErrors.RaiseDeleted(handle);
        parcel.Add(number);
        return Api.Table.PyLong_FromLongLong(-number);
    }

    // The ticket of a live object, held once more. Called with the lock held, inside a section in which the object was not
    // deleted, and with room for one more ticket.
    static long TicketOf(Header* shared)
    {
        if (ByObject.TryGetValue((nint)shared, out long number))
        {
            CollectionsMarshal.GetValueRefOrNullRef(Tickets, number).Holders++;
            return number;
        }
        PoolHeap* heap = Heap.Of(shared);
        Reference.Take(Value.Of(shared));
        Heap.Pin(heap);
        number = ++_lastTicket;
        Tickets.Add(number, new Ticket { Shared = (nint)shared, Heap = (nint)heap, Holders = 1 });
        ByObject.Add((nint)shared, number);
        return number;
    }

    /// <summary>
    /// Copies bytes into the parcel that the calling thread is packing and returns their ticket; null with an exception set.
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
                Tickets.Add(number, new Ticket { Data = (nint)copy, Length = data.Length, Holders = 1 });
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

    /// <summary>The tickets of a parcel and of those that it holds. The caller holds the parcel; 0 is no parcel.</summary>
    internal static List<long> TicketsOf(long parcel)
    {
        List<long> tickets = [];
        using (Gate.Hold()) AddTickets(parcel, tickets);
        return tickets;
    }

    // Called with the lock held. Recursion is bounded, as in End.
    static void AddTickets(long parcel, List<long> tickets)
    {
        if (!Closed.TryGetValue(parcel, out Parcel? known)) return;
        foreach (long number in known.Tickets)
        {
            if (!tickets.Contains(number)) tickets.Add(number);
        }
        foreach (long each in known.Parcels) AddTickets(each, tickets);
    }

    /// <summary>
    /// What a ticket stands for, a live object or bytes, as a value for a structure in <paramref name="heap"/>. The reference is
    /// the caller's, who holds a parcel with the ticket. Returns false with an exception set.
    /// </summary>
    internal static bool TryValueOf(LiveState* state, PoolHeap* heap, long number, out Value value)
    {
        value = default;
        Ticket ticket;
        using (Gate.Hold()) ticket = Tickets[number];
        if (ticket.Heap == 0)
        {
            PyObject* data = Api.Table.PyBytes_FromStringAndSize((byte*)ticket.Data, ticket.Length);
            bool stored = data != null && Incoming.TryValue(state, heap, data, out value);
            References.Drop(data);
            return stored;
        }
        Section section = Section.Enter(state->Me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)ticket.Shared);
        if (!isDeleted)
        {
            value = Value.Of((Header*)ticket.Shared);
            Reference.Take(value);
        }
        section.Exit(state->Me);
        PoolHeap* own = (PoolHeap*)ticket.Heap;
        if (isDeleted)
        {
            if (PoolHeap.IsDeleted(own)) return LiveErrors.RaiseDeletedPool(state, own) != null;
            InterpreterState? interpreter = state->Interpreter;
            PyObject* error = interpreter is null ? *Api.Table.PyExc_ReferenceError : interpreter.DeletedError;
            return Errors.Set(error, "an object to which the value refers was deleted") != null;
        }
        if (own == heap || CrossPool.HoldLive(state, heap, own)) return true;
        LiveState.Drop(state, value);
        value = default;
        return false;
    }

    /// <summary>
    /// Makes tickets known to the calling thread until <see cref="EndUnpacking"/>, which is called with the result in any case:
    /// those in a tuple, from its second item on, each followed by what it stands for. Sets an exception if not
    /// <paramref name="done"/>.
    /// </summary>
    internal static PyObject* Unpack(PyObject* tuple, out bool done)
    {
        PyObject* previous = _unpacked;
        nint count = ((PyVarObject*)tuple)->Size;
        _unpacked = null;
        done = true;
        if (count < 2) return previous;
        _unpacked = Api.Table.PyDict_New();
        done = _unpacked != null;
        for (nint i = 1; i + 1 < count && done; i += 2)
            done = Api.Table.PyDict_SetItem(_unpacked, Tuples.Items(tuple)[i], Tuples.Items(tuple)[i + 1]) == 0;
        return previous;
    }

    /// <summary>Ends what <see cref="Unpack"/> began. An exception that is set stays set.</summary>
    internal static void EndUnpacking(PyObject* previous)
    {
        PyObject* unpacked = _unpacked;
        _unpacked = previous;
        ReadyObjects.Drop(unpacked);
    }

    // A new reference to what a ticket stands for that came with its object; null, perhaps with an exception set, if none did.
    static PyObject* FindUnpacked(long number)
    {
        if (_unpacked == null) return null;
        PyObject* key = Api.Table.PyLong_FromLongLong(number);
        PyObject* found = key == null ? null : Api.Table.PyDict_GetItemWithError(_unpacked, key);
        References.Drop(key);
        return found == null ? null : References.New(found);
    }

    /// <summary>A new bytes object with the bytes of a ticket; null with an exception set.</summary>
    internal static PyObject* Read(long number)
    {
        PyObject* unpacked = FindUnpacked(number);
        if (unpacked != null || Api.Table.PyErr_Occurred() != null) return unpacked;
        using (Gate.Hold())
        {
            // Copied under the lock, because another thread may drop the parcel. It is rare, and copies some gigabytes a second.
            if (Tickets.TryGetValue(number, out Ticket ticket) && ticket.Data != 0)
                return Api.Table.PyBytes_FromStringAndSize((byte*)ticket.Data, ticket.Length);
        }
        return Errors.Value("not the ticket of data on their way");
    }

    /// <summary>
    /// Returns a new reference to the handle, in the calling interpreter, of the object with a ticket; null with an exception
    /// set. Runs Python code.
    /// </summary>
    internal static PyObject* Collect(LiveState* state, long number)
    {
        // The sender has published the changes of its classes before it sent the object.
        if (!Kinds.Of(LiveKind.Object).RefreshClasses(state)) return null;
        PyObject* handle = FindUnpacked(number);
        if (handle != null || Api.Table.PyErr_Occurred() != null) return handle;
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
