using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>The state that the threads of an epoch scheme share, except the participants.</summary>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct EpochClock
{
    /// <summary>The global epoch, which begins at 1. Every reader loads it; only an advance changes it.</summary>
    [FieldOffset(128)]
    internal ulong Global;

    /// <summary>The oldest epoch that an open section may have announced, as the last advance found.</summary>
    [FieldOffset(136)]
    internal ulong Oldest;

    /// <summary>Participant*: the first in the list of all participants that ever joined.</summary>
    [FieldOffset(144)]
    internal nint First;

    /// <summary>
    /// 1 while a thread advances, joins or leaves. On a cache line of its own, apart from the fields that readers load.
    /// </summary>
    [FieldOffset(256)]
    internal int Advancing;
}

/// <summary>The steps of epoch-based reclamation. <see cref="Epoch"/> uses them.</summary>
/// <remarks>
/// <para>K. Fraser, "Practical lock-freedom", 2004; T. Brown, "Reclaiming memory for lock-free data structures", PODC 2015.
/// Readers use no fence. The thread that advances the epoch makes all running threads execute one (<c>membarrier</c>), as
/// liburcu's memb flavour does.</para>
/// <para>Steps. A reader stores the global epoch in its slot (Announce), loads pointers, clears the slot (Withdraw). A writer
/// unlinks with an interlocked operation, then loads the global epoch <c>t</c> as the block's tag. Advance, which is serialised:
/// increment the global epoch; fence in all threads; take the minimum of the new epoch and all slots.</para>
/// <para>A minimum above <c>t</c> means that no thread reads the block any more. Proof: A reader that found the pointer loaded
/// the global epoch before, and the writer loaded the tag after the unlinking, so the reader announced at most <c>t</c>. A
/// minimum above <c>t</c> is the result of an advance that took the global epoch from <c>t</c> or more to <c>t + 1</c> or more;
/// the increment came after the tag was loaded, its fence after that, so the fence comes after the unlinking. If in the reader
/// the fence fell after the announcement, the announcement is visible to the scan, and the minimum is at most <c>t</c> while the
/// section is open; if it fell before, the reader's loads come after it, and they do not find the block.</para>
/// <para>Unlinking by a plain store and concurrent advances would together break the proof; each alone is harmless. With a plain
/// store the tag may be loaded before the store is visible; with two advances at once the epoch may be <c>t + 2</c> before the
/// first fence, so that a reader announces <c>t + 2</c> and still finds the block. Hence unlinking is interlocked, or an
/// interlocked operation comes between it and the tag (Limbo has one); advancing is serialised, and blocks are freed at <c>tag +
/// 2</c>, one epoch later than needed.</para>
/// <para>A reader that was interrupted between loading the global epoch and storing it announces an old one late. That delays
/// freeing, but is safe for blocks that were freed before: the reader's loads come after the fence.</para>
/// </remarks>
internal static unsafe class EpochProtocol<TMemory> where TMemory : struct, IMemoryModel
{
    /// <summary>Begins a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Announce(ref EpochClock clock, Participant* me)
    {
        // Other threads may see the loads of the section before this store. The fence in Advance orders them.
        TMemory.Store(ref me->Announced, TMemory.Load(ref clock.Global) << 1 | 1);
    }

    /// <summary>Ends a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Release: pairs with the acquire in Scan; all accesses of the section come before.
    internal static void Withdraw(Participant* me) => TMemory.Store(ref me->Announced, 0);

    /// <summary>
    /// The tag for a block that the caller just unlinked, by an interlocked operation, or by a store followed by one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Tag(ref EpochClock clock) => TMemory.Load(ref clock.Global);

    /// <summary>Whether every section has ended that was open when <paramref name="tag"/> was loaded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Acquire: pairs with the release in Advance, so that all accesses of the sections that the scan saw closed come before the
    // caller's.
    internal static bool IsOver(ref EpochClock clock, ulong tag) => tag < TMemory.Load(ref clock.Oldest);

    /// <summary>Whether what was tagged with <paramref name="tag"/> can be freed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Acquire: as above.
    internal static bool HasPassed(ref EpochClock clock, ulong tag) => tag + 2 <= TMemory.Load(ref clock.Oldest);

    /// <summary>Takes the right to advance, if it is free.</summary>
    // Full fence: pairs with EndAdvance.
    internal static bool TryBeginAdvance(ref EpochClock clock) => TMemory.TryTake(ref clock.Advancing);

    /// <summary>Releases the right to advance.</summary>
    // Release: pairs with TryBeginAdvance.
    internal static void EndAdvance(ref EpochClock clock) => TMemory.GiveBack(ref clock.Advancing);

    /// <summary>
    /// Begins a new epoch and finds the oldest one that a section may still have announced. The caller has the right to advance.
    /// </summary>
    internal static void Advance(ref EpochClock clock)
    {
        // Full fence; pairs with the loads in Announce and Tag.
        ulong global = TMemory.Increment(ref clock.Global);
        // Pairs with the store in Announce.
        TMemory.FenceAll();
        ulong oldest = Scan(ref clock, global);
        // Release: pairs with the acquire in IsOver and HasPassed. The value never decreases: see the remarks about late
        // announcements.
        if (oldest > TMemory.Load(ref clock.Oldest)) TMemory.Store(ref clock.Oldest, oldest);
    }

    /// <summary>
    /// Whether no section except the caller's own can find a block that the caller unlinked before by an interlocked operation.
    /// It answers for one block the question that <see cref="Advance"/> answers for all, and relies on its own fence only.
    /// </summary>
    internal static bool IsAlone(ref EpochClock clock, Participant* me)
    {
        // Pairs with the store in Announce: a section whose announcement is not visible now begins its loads after this.
        TMemory.FenceAll();
        // Acquire: as in Scan.
        Participant* each = (Participant*)Volatile.Read(ref clock.First);
        // Acquire: pairs with the release in Withdraw.
        while (each != null && (each == me || TMemory.Load(ref each->Announced) == 0)) each = each->Next;
        return each == null;
    }

    static ulong Scan(ref EpochClock clock, ulong global)
    {
        ulong oldest = global;
        // Acquire: pairs with the release in Epoch.Join. A participant that is not in the list yet begins its first section after
        // the fence.
        Participant* each = (Participant*)Volatile.Read(ref clock.First);
        for (; each != null; each = each->Next)
        {
            // Acquire: pairs with the release in Withdraw.
            ulong announced = TMemory.Load(ref each->Announced) >> 1;
            if (announced == 0 || announced >= oldest) continue;
            // A participant that lags may be dead.
            if (announced + 2 <= global && Epoch.Bury(each)) continue;
            oldest = announced;
        }
        return oldest;
    }
}
