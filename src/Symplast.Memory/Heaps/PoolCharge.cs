namespace Symplast.Memory;

/// <summary>
/// The account of a pool's <c>max_bytes</c>, in native memory so that allocation touches no managed object. Pools without a limit
/// have none.
/// </summary>
internal unsafe struct PoolCharge
{
    long _max;
    long _charged;

    internal static PoolCharge* Create(long max)
    {
        PoolCharge* charge = (PoolCharge*)Native.Allocate((nuint)sizeof(PoolCharge));
        if (charge == null) throw new InsufficientMemoryException();
        charge->_max = max;
        return charge;
    }

    /// <summary>
    /// Reserves bytes; false if the limit would be exceeded, by this and all other reservations together. Thread-safe.
    /// </summary>
    internal static bool TryTake(PoolCharge* charge, long bytes)
    {
        // Only the sum matters. A refused reservation must not count even for a moment, or another one that fits would be
        // refused.
        long charged = Volatile.Read(ref charge->_charged);
        while (bytes <= charge->_max - charged)
        {
            // Full fence; pairs with GiveBack.
            long seen = Interlocked.CompareExchange(ref charge->_charged, charged + bytes, charged);
            if (seen == charged) return true;
            charged = seen;
        }
        return false;
    }

    /// <summary>Charges bytes even above the limit, because as many will be released at once. Thread-safe.</summary>
    // Full fence; pairs with TryTake.
    internal static void Take(PoolCharge* charge, long bytes) => Interlocked.Add(ref charge->_charged, bytes);

    /// <summary>Takes back a reservation. Thread-safe.</summary>
    // Full fence; pairs with TryTake: the bytes are free for the next reservation.
    internal static void GiveBack(PoolCharge* charge, long bytes) => Interlocked.Add(ref charge->_charged, -bytes);
}
