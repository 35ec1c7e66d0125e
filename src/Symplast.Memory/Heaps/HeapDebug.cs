namespace Symplast.Memory;

/// <summary>Faults on demand, for tests.</summary>
public static class HeapDebug
{
    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal long Countdown;
    }

    static State _state;

    /// <summary>
    /// Makes the <paramref name="n"/>-th allocation from now on, in any heap and by any thread, give null as if there was no memory; 0 ends the mode. Until then all
    /// allocations are slow.
    /// </summary>
    public static void FailAt(long n)
    {
        Volatile.Write(ref _state.Countdown, n);
        HeapTable.Route(n != 0);
    }

    /// <summary>True if the allocation that <see cref="FailAt"/> chose has failed.</summary>
    public static bool HasFailed => Volatile.Read(ref _state.Countdown) < 0;

    // Counts to 0, where the allocation fails, and then stays below.
    internal static bool IsFailing()
    {
        if (Volatile.Read(ref _state.Countdown) <= 0) return false;
        long left = Interlocked.Decrement(ref _state.Countdown);
        if (left == 0) Volatile.Write(ref _state.Countdown, -1);
        return left == 0;
    }
}
