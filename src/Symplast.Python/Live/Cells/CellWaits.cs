using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Cells = Symplast.Objects.AtomicReference;
using Integer = Symplast.Objects.AtomicInteger;

namespace Symplast.Python.Live;

/// <summary>The method <c>wait</c> of AtomicInt and AtomicRef.</summary>
internal static unsafe class CellWaits
{
    // The integer, once it is not the one that is given.
    struct OtherInteger(long value) : Waiting.IAttempt
    {
        internal long Seen;

        public Status Try(Handle* handle)
        {
            if (!IsOpen(handle)) return Status.Deleted;
            Status status = Integer.Get(handle->State->Me, CellOf(handle), out Seen);
            return status == Status.Done && Seen == value ? Status.Missing : status;
        }
    }

    // The value with a reference, once it does not equal the one that is given. Its pool is pinned.
    struct OtherValue(in Probe old) : Waiting.IAttempt
    {
        readonly Probe _old = old;

        internal Value Value;
        internal PoolHeap* Held;

        public Status Try(Handle* handle)
        {
            if (!IsOpen(handle)) return Status.Deleted;
            LiveState* state = handle->State;
            Section section = Section.Enter(state->Me);
            Status status = Cells.TakeOther(state->Me, CellOf(handle), _old, out Value);
            Held = status == Status.Done ? Outgoing.Hold(Value) : null;
            section.Exit(state->Me);
            return status;
        }
    }

    /// <summary>
    /// Waits until an AtomicInt is not <paramref name="value"/>. Returns a new reference to the integer seen; null with an
    /// exception set.
    /// </summary>
    internal static PyObject* Integers(Handle* handle, long value, long deadline)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        OtherInteger other = new(value);
        if (!For(handle, ref other, deadline, out Status status)) return null;
        return status == Status.Done ? Outgoing.Int(other.Seen) : Raise(handle, status);
    }

    /// <summary>
    /// Waits until an AtomicRef does not hold what equals <paramref name="o"/>. Returns a new reference to the value seen; null
    /// with an exception set.
    /// </summary>
    internal static PyObject* Values(Handle* handle, PyObject* o, long deadline)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PyObject* result = null;
        if (Incoming.Item(state, Heap.Of(handle->Shared), o, Place.Attribute((PyObject*)handle, null), out Incoming old))
        {
            OtherValue other = new(old.Probe);
            if (For(handle, ref other, deadline, out Status status))
                result = status == Status.Done ? Outgoing.Give(state, other.Value, other.Held) : Raise(handle, status);
        }
        if (IsOpen(handle)) old.Dispose(state);
        return result;
    }

    /// <summary>Counts one waiter more or less for an event loop: see <see cref="Kind.Await"/>. The one event is any change.</summary>
    internal static nuint Await(Handle* handle, int happening, int change)
    {
        if (happening != 0) return 0;
        if (change > 0) CellWaiting.Begin(handle->State->Me, CellOf(handle));
        else CellWaiting.End(handle->State->Me, CellOf(handle));
        return CellWaiting.Event(CellOf(handle));
    }

    static bool For<TAttempt>(Handle* handle, ref TAttempt attempt, long deadline, out Status status)
        where TAttempt : struct, Waiting.IAttempt
    {
        status = attempt.Try(handle);
        if (status != Status.Missing) return true;
        if (deadline == Deadline.Now)
        {
            status = Status.TimedOut;
            return true;
        }
        AtomicCell* cell = CellOf(handle);
        nuint happening = CellWaiting.Event(cell);
        // Those that change the cell meanwhile find nobody to wake.
        if (SpinHabits.Retry(handle, happening, ref attempt, out status)) return true;
        CellWaiting.Begin(handle->State->Me, cell);
        bool passed = Waiting.Park(handle, happening, ref attempt, deadline, out status);
        // A thread that CPython ends while it waits stays counted. Those who change the cell then look into the parking lot in
        // vain.
        if (IsOpen(handle)) CellWaiting.End(handle->State->Me, cell);
        return passed;
    }

    static PyObject* Raise(Handle* handle, Status status) => status == Status.TimedOut
        ? Errors.Set(*Api.Table.PyExc_TimeoutError, $"the {Text.TypeName((PyObject*)handle)} did not change in time")
        : LiveErrors.Raise(handle, status);

    static AtomicCell* CellOf(Handle* handle) => (AtomicCell*)handle->Shared;

    // Whether the interpreter goes on, and this is not a forked child.
    static bool IsOpen(Handle* handle) => handle->Shared != null && !ForkGuard.IsForkedChild;
}
