using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Live objects in plain pickles, by reference within the process. A pickle names the process, the pool, the object's offset in
/// the address range, and its ticket: a number that no other object ever has and that the object carries. Nothing is registered,
/// so a pickle that is never loaded costs nothing and keeps nothing alive.
/// </summary>
internal static unsafe class LivePickles
{
    // The ticket's bits of an object's note (SharedObject.NoteOf); 0 if the object has no ticket. At a million new tickets a
    // second they last twelve days.
    const ulong TicketMask = (1UL << Tracking.TicketBits) - 1;

    static long _lastTicket;

    /// <summary>
    /// The result of <c>__reduce__</c>: (symplast._symplast._live_by_ticket, (process, name of the type, pool, offset, ticket)).
    /// </summary>
    internal static PyObject* Reduce(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle) || !PoolReference.StaysHere(Text.TypeName((PyObject*)handle))) return null;
        LiveState* state = handle->State;
        Pool? pool = null;
        ulong ticket = 0;
        Section section = Section.Enter(state->Me);
        if (!SharedObject.IsDeleted((SharedObject*)handle->Shared))
        {
            pool = LiveErrors.PoolOf(Heap.Of(handle->Shared));
            ticket = TicketOf((SharedObject*)handle->Shared);
        }
        section.Exit(state->Me);
        if (pool is null) return LiveErrors.RaiseDeleted(handle);
        return PoolReference.Call("_live_by_ticket"u8,
        [
            (nint)Text.ToPython(PoolReference.Process),
            (nint)Text.ToPython(Text.TypeName((PyObject*)handle)),
            (nint)Api.Table.PyLong_FromLongLong(pool.Id),
            (nint)Api.Table.PyLong_FromUnsignedLongLong(AddressRange.OffsetOf(handle->Shared)),
            (nint)Api.Table.PyLong_FromUnsignedLongLong(ticket),
        ]);
    }

    /// <summary>The handle of a pickled object in the calling interpreter; null with an exception set.</summary>
    internal static PyObject* Load(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        ref Api api = ref Api.Table;
        if (count != 5 || arguments[0]->Type != api.PyUnicode_Type || arguments[1]->Type != api.PyUnicode_Type)
            return Errors.Type("_live_by_ticket() takes two texts and three numbers");
        Span<ulong> numbers = stackalloc ulong[3];
        for (int i = 0; i < 3; i++)
        {
            PyObject* number = arguments[2 + i];
            if (number->Type != api.PyLong_Type) return Errors.Type("_live_by_ticket() takes two texts and three numbers");
            numbers[i] = api.PyLong_AsUnsignedLongLong(number);
            if (numbers[i] == ulong.MaxValue && api.PyErr_Occurred() != null) return null;
        }
        string type = Text.FromPython(arguments[1]);
        if (Text.FromPython(arguments[0]) != PoolReference.Process)
            return Errors.Set(
                interpreter.SymplastError,
                $"a {type} is pickled by reference: it can be unpickled only in the process that pickled it, while that runs");
        Pool? pool = PoolTable.Find((long)numbers[0]);
        if (pool is not { Deleted: false }) return interpreter.RaiseDeleted(pool);
        return Find(interpreter, type, pool, (nuint)numbers[1], numbers[2]);
    }

    static PyObject* Find(InterpreterState interpreter, string type, Pool pool, nuint place, ulong ticket)
    {
        LiveState* state = interpreter.Live;
        void* address = AddressRange.At(place);
        if (ticket is 0 or > TicketMask || address == null) return Errors.Value("not a pickled live object");
        PoolHeap* heap = pool.LiveHeap();
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        if (!isDeleted) Heap.Pin(heap);
        section.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        Header* found = ObjectWalk.Find(state->Me, pool, address, ticket, TicketMask);
        PyObject* handle = found != null ? Outgoing.Give(state, Value.Of(found))
            : Errors.Set(
                interpreter.DeletedError,
                $"the {type} that was pickled no longer exists: a pickle of a live object does not keep it alive");
        Heap.Unpin(heap);
        return handle;
    }

    static ulong TicketOf(SharedObject* o)
    {
        ref ulong note = ref SharedObject.NoteOf(o);
        while (true)
        {
            ulong seen = Volatile.Read(ref note);
            if ((seen & TicketMask) != 0) return seen & TicketMask;
            // The full fence is not needed: only uniqueness counts, and nothing is published through the counter.
            ulong ticket = (ulong)Interlocked.Increment(ref _lastTicket);
            if (ticket > TicketMask) throw new InvalidOperationException("too many live objects were pickled");
            // Full fence: if two interpreters pickle an object at once, the second one finds the first one's ticket.
            if (Interlocked.CompareExchange(ref note, seen | ticket, seen) == seen) return ticket;
        }
    }
}
