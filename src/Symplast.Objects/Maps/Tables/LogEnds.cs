namespace Symplast.Objects;

/// <summary>Finds the first and the last entry of a log, with hints that skip what is known to be removed.</summary>
internal static unsafe class LogEnds
{
    // The first or last entry that was not Removed when it was looked at. Under the lock of the order, it is the first or last
    // until it is Removed.
    internal static MapEntry* Find(LargeTable* large, bool last, out uint id) =>
        last ? FindLast(large, out id) : FindFirst(large, out id);

    internal static MapEntry* FindFirst(LargeTable* large, out uint id)
    {
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        for (id = Volatile.Read(ref large->FirstLive); id < tail; id++)
        {
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry == null)
            {
                id = Log.GapEnd(large, id) - 1;
                continue;
            }
            Interleaving.Point();
            if (MapEntry.ValueOf(entry) == ValuePlace.Removed) continue;
            // What was removed stays so, whoever writes last.
            Volatile.Write(ref large->FirstLive, id);
            return entry;
        }
        return null;
    }

    internal static MapEntry* FindLast(LargeTable* large, out uint id)
    {
        // Acquire: pairs with the release in TryAppend.
        uint tail = Volatile.Read(ref large->Tail);
        ulong run = Volatile.Read(ref large->DeadRun);
        for (id = tail; id-- > 0;)
        {
            // The hint: from here down to its end all are known to be removed.
            if (id == (uint)(run >> 32) - 1 && (uint)run <= id)
            {
                id = (uint)run;
                continue;
            }
            MapEntry* entry = Log.EntryAt(large, id);
            if (entry == null)
            {
                id = Log.GapStart(large, id);
                continue;
            }
            Interleaving.Point();
            if (MapEntry.ValueOf(entry) == ValuePlace.Removed) continue;
            // What was removed stays so, whoever writes last.
            Volatile.Write(ref large->DeadRun, (ulong)tail << 32 | (id + 1));
            return entry;
        }
        return null;
    }
}
