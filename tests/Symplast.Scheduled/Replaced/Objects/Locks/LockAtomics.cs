namespace Symplast.Objects;

/// <summary>The steps of the protocols of locks, events and semaphores, each with its fault.</summary>
internal static unsafe class LockAtomics
{
    internal static bool TryChange(ref ulong word, ulong next, ulong seen)
    {
        if (Interleaving.Omits(LockStep.TakingCompares) && seen == 0)
        {
            bool isFree = word == 0;
            Interleaving.Point();
            if (isFree) word = next;
            return isFree;
        }
        return Interlocked.CompareExchange(ref word, next, seen) == seen;
    }

    internal static ulong Free(ref ulong word)
    {
        if (!Interleaving.Omits(LockStep.FreeingIsOneStep)) return Interlocked.Exchange(ref word, 0);
        ulong seen = word;
        Interleaving.Point();
        word = 0;
        return seen;
    }

    internal static ulong ParkedAfterWaiting(bool waits) =>
        waits && !Interleaving.Omits(LockStep.OthersMayWait) ? SharedLock.Parked : 0;

    internal static void Wake(nuint happening, int most)
    {
        if (!Interleaving.Omits(LockStep.FreeingWakes)) ParkingLot.Unpark(happening, most);
    }

    internal static bool TryTakeOver(ref ulong word, ulong seen)
    {
        if (Interleaving.Omits(LockStep.TakingOverCompares)) word = seen;
        return Interlocked.CompareExchange(ref word, 0, seen) == seen;
    }

    internal static void Alert()
    {
        Interleaving.Point();
        // In one step: a waiter is in one bucket, and in which one depends on addresses, which differ from trial to trial.
        using (Interleaving.Alone())
        {
            if (!Interleaving.Omits(LockStep.EndsAlert)) ParkingLot.AlertAll();
        }
    }

    internal static bool HasEnded(ulong owner) => LockOwners.Find(owner) == null;

    internal static ulong AfterSetting(ulong seen, ulong oneTime) =>
        Interleaving.Omits(LockStep.SettingCounts) ? seen : seen + oneTime;

    internal static bool WakesNext(ulong left) => left != 0 && !Interleaving.Omits(LockStep.LeftoversWake);
}
