using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The method <c>wait</c> of Dict and SortedDict.</summary>
internal static unsafe class MapWaits<TMap> where TMap : struct, ILiveMap
{
    // A value, with a reference, and its pinned pool.
    struct Held
    {
        internal Value Value;
        internal PoolHeap* Pool;

        internal readonly void Drop(LiveState* state)
        {
            // Without a participant the interpreter has ended.
            if (state->Me != null) LiveState.Drop(state, Value);
            Outgoing.Unhold(Pool);
        }
    }

    // The value of a key, once it is there and is not one that is known; or, with a known one, once it is gone.
    struct Attempt(in Probe key, bool endsWithKey, Value known) : Waiting.IAttempt
    {
        readonly Probe _key = key;

        // Empty if the key is gone.
        internal Held Seen;

        public Status Try(Handle* handle)
        {
            if (!IsOpen(handle)) return Status.Deleted;
            LiveState* state = handle->State;
            Section section = Section.Enter(state->Me);
            Status status;
            Value value;
            do
            {
                status = TMap.Get(state->Me, handle->Shared, _key, out value);
                if (status == Status.WrongKind) status = Status.Missing;
                if (status == Status.Done && value == known) status = Status.Missing;
                else if (status == Status.Missing && endsWithKey) (status, value) = (Status.Done, default);
            }
            // A value that has died meanwhile is no longer in the map, so the loop ends.
            while (status == Status.Done && !Reference.TryTake(value));
            if (status == Status.Done) Seen = new Held { Value = value, Pool = Outgoing.Hold(value) };
            section.Exit(state->Me);
            return status;
        }
    }

    /// <summary>
    /// Without <paramref name="old"/> (null), waits until a key is there; else until its value does not equal the old one. Returns
    /// a new reference to the value; null with an exception set.
    /// </summary>
    internal static PyObject* Wait(Handle* handle, PyObject* o, PyObject* old, long deadline)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        KeyState known = MapLookup<TMap>.Find(handle, o, out Incoming key);
        if (known == KeyState.Failed) return null;
        PyObject* result = null;
        // Nobody can store a key like this.
        if (known != KeyState.Ready || !TMap.CanHave(key.Probe)) TMap.Refuse(handle, o, key.Probe);
        else if (old == null) result = AwaitKey(handle, key, o, deadline);
        else result = AwaitOther(handle, key, o, old, deadline);
        if (IsOpen(handle)) key.Dispose(handle->State);
        return result;
    }

    static PyObject* AwaitKey(Handle* handle, in Incoming key, PyObject* o, long deadline)
    {
        Attempt attempt = new(key.Probe, endsWithKey: false, default);
        if (!For(handle, key.Probe.Hash, ref attempt, deadline, out Status status)) return null;
        if (status == Status.Done) return Outgoing.Give(handle->State, attempt.Seen.Value, attempt.Seen.Pool);
        return status == Status.TimedOut ? RaiseTimeout(handle, o, "did not come") : LiveErrors.Raise(handle, status);
    }

    // Equality is Python's and may run Python code. So the thread sleeps until the map has another value than the one that
    // compared equal, whose reference it keeps, and then compares again.
    static PyObject* AwaitOther(Handle* handle, in Incoming key, PyObject* o, PyObject* old, long deadline)
    {
        LiveState* state = handle->State;
        Held equal = default;
        while (true)
        {
            Attempt attempt = new(key.Probe, endsWithKey: true, equal.Value);
            bool passed = For(handle, key.Probe.Hash, ref attempt, deadline, out Status status);
            equal.Drop(state);
            if (!passed) return null;
            if (status == Status.TimedOut) return RaiseTimeout(handle, o, "did not change");
            if (status != Status.Done) return LiveErrors.Raise(handle, status);
            equal = attempt.Seen;
            if (equal.Value.IsEmpty) return LiveMethods.RaiseKey(o);
            PyObject* seen = Outgoing.OfHeld(state, equal.Value);
            int isEqual = seen == null ? -1 : Api.Table.PyObject_RichCompareBool(seen, old, Comparison.Equal);
            if (isEqual == 0)
            {
                equal.Drop(state);
                return seen;
            }
            References.Drop(seen);
            if (isEqual == 1) continue;
            equal.Drop(state);
            return null;
        }
    }

    static bool For(Handle* handle, ulong hash, ref Attempt attempt, long deadline, out Status status)
    {
        status = attempt.Try(handle);
        if (status != Status.Missing) return true;
        if (deadline == Deadline.Now)
        {
            status = Status.TimedOut;
            return true;
        }
        nuint happening = KeyWaiting.Event(handle->Shared, hash);
        // Those that change the map meanwhile find nobody to wake.
        if (SpinHabits.Retry(handle, happening, ref attempt, out status)) return true;
        TMap.CountWaiters(handle->State->Me, handle->Shared, 1);
        bool passed = Waiting.Park(handle, happening, ref attempt, deadline, out status);
        // A thread that CPython ends while it waits stays counted. Those who change the map then look into the parking lot in
        // vain.
        if (IsOpen(handle)) TMap.CountWaiters(handle->State->Me, handle->Shared, -1);
        return passed;
    }

    static PyObject* RaiseTimeout(Handle* handle, PyObject* o, string what)
    {
        string place = Place.Item((PyObject*)handle, o).Describe();
        return Errors.Set(*Api.Table.PyExc_TimeoutError, $"{place} {what} in time");
    }

    // Whether the interpreter goes on, and this is not a forked child.
    static bool IsOpen(Handle* handle) => handle->Shared != null && !ForkGuard.IsForkedChild;
}
