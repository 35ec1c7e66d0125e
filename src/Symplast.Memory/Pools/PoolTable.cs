namespace Symplast.Memory;

/// <summary>All pools of the process whose memory has not been returned, by slot. Thread-safe.</summary>
public static unsafe class PoolTable
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly WordLock HoldersGate = WordLock.Create();
    static NativeList<long> _holders;     // who holds leases: each number that is not negative, once
    static int _otherLeases;              // those of negative numbers, which may be many
    static Pool?[] _pools = new Pool?[16];
    static Pool? _default;

    /// <summary>
    /// The pool that is current where no other was chosen. It is made at first use, and again after its deletion.
    /// </summary>
    public static Pool Default
    {
        get
        {
            // Acquire: pairs with the store under the lock. A late reader may see a pool that was deleted meanwhile, as an
            // earlier reader would.
            if (Volatile.Read(ref _default) is { Deleted: false } known) return known;
            using (Gate.Hold())
            {
                if (_default is null || _default.Deleted) _default = Pool.CreateDefault();
                return _default;
            }
        }
    }

    /// <summary>The pool that owns the place <paramref name="pointer"/> in the address range, or null if none does.</summary>
    public static Pool? OwnerOf(void* pointer)
    {
        int slot = AddressRange.OwnerSlot(pointer);
        // Acquire: pairs with the release in Add, which comes before any chunk carries the slot.
        return slot < 0 ? null : Volatile.Read(ref _pools)[slot];
    }

    /// <summary>The pool with this number, or null if its memory has been returned.</summary>
    public static Pool? Find(long id)
    {
        using (Gate.Hold()) return Array.Find(_pools, pool => pool?.Id == id);
    }

    /// <summary>The pools that are not deleted, oldest first.</summary>
    public static Pool[] Live()
    {
        Pool?[] live;
        using (Gate.Hold()) live = Array.FindAll(_pools, pool => pool is { Deleted: false });
        Array.Sort(live, (one, other) => one!.Id.CompareTo(other!.Id));
        return live!;
    }

    /// <summary>
    /// Ends the leases of all interpreters for which <paramref name="ended"/> is true; memory of deleted pools may return to the
    /// system.
    /// </summary>
    public static void EndLeases(Func<long, bool> ended)
    {
        if (!TakeEndedHolders(ended)) return;
        // Acquire, both: pair with the releases in Add. A pool that is added meanwhile is one of interpreters that live. No copy
        // of the table: where many deleted pools wait for an interpreter to end, each further deletion would make one, too large
        // for the collector's youngest generation.
        Pool?[] pools = Volatile.Read(ref _pools);
        for (int slot = 0; slot < pools.Length; slot++) Volatile.Read(ref pools[slot])?.EndLeases(ended);
    }

    /// <summary>Must be called before a pool notes a lease, so that <see cref="EndLeases"/> finds the interpreter.</summary>
    internal static void NoteLease(long holder)
    {
        if (holder < 0)
        {
            // Full fence: the lease is noted after it.
            Interlocked.Increment(ref _otherLeases);
            return;
        }
        using (HoldersGate.Hold())
        {
            for (int i = 0; i < _holders.Count; i++)
            {
                if (*_holders[i] == holder) return;
            }
            _holders.Add(holder);
        }
    }

    /// <summary>Must be called when a lease of a negative number has ended.</summary>
    internal static void NoteEnd(long holder)
    {
        if (holder < 0) Interlocked.Decrement(ref _otherLeases);
    }

    // Whether some lease may have ended. The holders are few, while thousands of deleted pools may wait for one of them.
    static bool TakeEndedHolders(Func<long, bool> ended)
    {
        bool found = Volatile.Read(ref _otherLeases) != 0;
        using (HoldersGate.Hold())
        {
            for (int i = _holders.Count - 1; i >= 0; i--)
            {
                if (!ended(*_holders[i])) continue;
                _holders.RemoveAtUnordered(i);
                found = true;
            }
        }
        return found;
    }

    /// <summary>The pool in a slot, or null.</summary>
    // Acquire: pairs with the release in Add.
    public static Pool? At(int slot) => Volatile.Read(ref _pools)[slot];

    /// <summary>The addresses of the heap of a deleted pool are no longer that pool's.</summary>
    internal static void HeapReleased(int slot) => At(slot)!.HeapReleased();

    internal static int Add(Pool pool)
    {
        using (Gate.Hold()) return Insert(pool);
    }

    /// <summary>Does this for <see cref="Default"/>, which holds the gate.</summary>
    internal static int Insert(Pool pool)
    {
        int slot = Array.IndexOf(_pools, null);
        if (slot < 0)
        {
            slot = _pools.Length;
            Pool?[] larger = new Pool?[slot * 2];
            _pools.CopyTo(larger, 0);
            larger[slot] = pool;
            // Release: pairs with the acquire in OwnerOf.
            Volatile.Write(ref _pools, larger);
            return slot;
        }
        // Release: pairs with the acquire in OwnerOf.
        Volatile.Write(ref _pools[slot], pool);
        return slot;
    }

    internal static void Remove(Pool pool)
    {
        using (Gate.Hold()) _pools[pool.Slot] = null;
    }
}
