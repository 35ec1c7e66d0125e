using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// Epoch-based reclamation, the RCU of the project: readers announce the epoch in which they begin, and what was unlinked is freed two
/// epochs later, when nobody who might have seen it is still reading.
/// </summary>
/// <remarks>
/// <para>K. Fraser, "Practical lock-freedom", 2004; T. Brown, "Reclaiming memory for lock-free data structures", PODC 2015. Readers use no fence: the
/// one who advances the epoch makes all running threads execute one (<c>membarrier</c>), as liburcu's memb flavour does.</para>
/// <para>Protocol. A reader stores the global epoch in its slot (Enter), loads pointers, clears the slot (Exit). A writer unlinks with an interlocked
/// operation, then reads the global epoch <c>t</c> as the block's tag. Advance, which is serialised: increment the global epoch; barrier on all threads; take the
/// minimum over all slots. Blocks with <c>tag + 2 &lt;= minimum</c> may be freed.</para>
/// <para>Why that is safe. A reader that loaded the pointer before it was unlinked read the global epoch still earlier, so it announced at most <c>t</c>. The scan
/// that yields <c>t + 2</c> comes after an increment that came after the tag was read, so its barrier comes after the unlinking. At that barrier the
/// reader's announcement is visible, and then the scan sees it and yields at most <c>t</c>; or its loads come after the barrier, and they do not find the block.</para>
/// <para>A section must never span Python code, a wait, or the taking of a GIL.</para>
/// </remarks>
public static unsafe class Epoch
{
    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal ulong Global;
        internal ulong Oldest;           // minimum over all sections at the last advance
        internal nint First;             // Participant*: all that ever joined
        internal Participant* Free;      // those that left
        internal int* Advancing;         // 1 while a thread advances
        internal WordLock Gate;          // over the lists
    }

    static State _state;

    /// <summary>Must be called once before anything else here. Idempotent, not thread-safe.</summary>
    public static void Start()
    {
        if (_state.Global != 0) return;
        _state.Gate = WordLock.Create();
        _state.Advancing = (int*)NativeMemory.AllocZeroed(sizeof(int));
        _state.Oldest = 1;
        _state.Global = 1;
        // Registers the process with the kernel now, so that no later call can fail.
        Interlocked.MemoryBarrierProcessWide();
    }

    /// <summary>Makes the calling thread a participant. A thread may be several ones, though it need not.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public static Participant* Join()
    {
        _state.Gate.Enter();
        Participant* me = _state.Free;
        if (me != null) _state.Free = me->NextFree;
        _state.Gate.Exit();
        bool isNew = me == null;
        if (isNew) me = (Participant*)NativeMemory.AlignedAlloc((nuint)sizeof(Participant), 128);
        Participant* next = isNew ? null : me->Next;
        BeginAdvance();
        *me = default;
        me->Next = next;
        RobustMutex.CreateHeld(me->Alive);
        me->Joined = 1;
        EndAdvance();
        if (!isNew) return me;
        _state.Gate.Enter();
        me->Next = (Participant*)_state.First;
        // Release: pairs with the acquire in Scan, which walks the list without the lock; it is filled in by now.
        Volatile.Write(ref _state.First, (nint)me);
        _state.Gate.Exit();
        return me;
    }

    /// <summary>Ends the calling thread's participation; what it has retired and not freed is left to others. Not inside a section.</summary>
    public static void Leave(Participant* me)
    {
        Debug.Assert(me->Depth == 0 && me->Joined == 1);
        BeginAdvance();
        Heap.Abandon(me);
        RobustMutex.Destroy(me->Alive);
        Retire(me);
        EndAdvance();
    }

    /// <summary>Begins a read section, in which nothing that can be reached is freed. Sections nest. The first pointer must be loaded with Volatile.Read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(Participant* me)
    {
        if (me->Depth++ != 0) return;
        // Release orders nothing that matters here; that loads of the section do not come before this store, for others to see, is what the barrier
        // in TryAdvance is for. The global epoch may be read stale: that only delays freeing.
        Volatile.Write(ref me->Announced, (Volatile.Read(ref _state.Global) << 1) | 1);
    }

    /// <summary>Ends a read section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exit(Participant* me)
    {
        Debug.Assert(me->Depth > 0);
        // Release: pairs with the acquire in Scan; all accesses of the section come before.
        if (--me->Depth == 0) Volatile.Write(ref me->Announced, 0);
    }

    /// <summary>True inside a section.</summary>
    public static bool IsInside(Participant* me) => me->Depth > 0;

    /// <summary>The tag for what was unlinked just now. The unlinking must have been an interlocked operation.</summary>
    // Acquire; the interlocked unlinking before it is a full fence, so the tag is not older than the unlinking.
    public static ulong Now => Volatile.Read(ref _state.Global);

    /// <summary>Whether what was tagged with <paramref name="tag"/> can be freed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // Acquire: pairs with the release in TryAdvance, so that the memory of the sections that the scan saw closed is ours to write.
    public static bool HasPassed(ulong tag) => tag + 2 <= Volatile.Read(ref _state.Oldest);

    /// <summary>Begins a new epoch and looks which one is over. False if another thread does so at this moment. May be called inside a section.</summary>
    public static bool TryAdvance()
    {
        if (!TryBeginAdvance()) return false;
        // Full fence; pairs with the readings in Enter and Now.
        ulong global = Interlocked.Increment(ref _state.Global);
        // Pairs with the announcement in Enter: see the remarks.
        Interlocked.MemoryBarrierProcessWide();
        ulong oldest = Scan(global);
        // Release: pairs with the acquire in HasPassed. Never goes back: a late announcement of an old epoch protects nothing that was freed before.
        if (oldest > _state.Oldest) Volatile.Write(ref _state.Oldest, oldest);
        EndAdvance();
        return true;
    }

    // One at a time, so that no scan relies on a barrier that another thread has yet to issue, and so that nobody comes or goes while one looks who died.
    // Full fence; pairs with the release in EndAdvance.
    static bool TryBeginAdvance() => Volatile.Read(ref *_state.Advancing) == 0 && Interlocked.CompareExchange(ref *_state.Advancing, 1, 0) == 0;

    static void BeginAdvance()
    {
        while (!TryBeginAdvance()) Thread.Yield();
    }

    // Release: pairs with the exchange in TryBeginAdvance.
    static void EndAdvance() => Volatile.Write(ref *_state.Advancing, 0);

    /// <summary>
    /// Waits until every section that is open now has ended (<c>synchronize_rcu</c>). Not inside a section; no GIL may be held for which a section's
    /// thread could wait.
    /// The argument may be null: a thread that is no participant can wait too.
    /// </summary>
    public static void Synchronize(Participant* me)
    {
        Debug.Assert(me == null || me->Depth == 0);
        // Full fence: what the caller unlinked comes before the tag is read.
        Interlocked.MemoryBarrier();
        ulong tag = Now;
        for (int turn = 0; !HasPassed(tag); turn++)
        {
            TryAdvance();
            if (turn < 100) Thread.Yield();
            else Thread.Sleep(1);
        }
    }

    static ulong Scan(ulong oldest)
    {
        // Acquire: pairs with the release in Join.
        Participant* each = (Participant*)Volatile.Read(ref _state.First);
        for (; each != null; each = each->Next)
        {
            // Acquire: pairs with the release in Exit.
            ulong announced = Volatile.Read(ref each->Announced);
            if (announced == 0 || announced >> 1 >= oldest) continue;
            // One that lags may be dead.
            if (announced >> 1 < oldest - 1 && Bury(each)) continue;
            oldest = announced >> 1;
        }
        return oldest;
    }

    /// <summary>
    /// Ends the participation of threads that died without leaving, so that others get what they had. Does nothing if another thread advances at this moment. May be
    /// called inside a section. Those that died inside one are found by <see cref="TryAdvance"/> anyway.
    /// </summary>
    internal static void BuryDead()
    {
        if (!TryBeginAdvance()) return;
        // Acquire: pairs with the release in Join.
        Participant* each = (Participant*)Volatile.Read(ref _state.First);
        for (; each != null; each = each->Next) Bury(each);
        EndAdvance();
    }

    // Ends the participation of a thread that died, inside a section or not. The caller is the one that advances.
    static bool Bury(Participant* each)
    {
        if (each->Joined == 0 || !RobustMutex.HolderDied(each->Alive)) return false;
        // Release: pairs with the acquire in Scan.
        Volatile.Write(ref each->Announced, 0);
        Heap.Abandon(each);
        Retire(each);
        return true;
    }

    static void Retire(Participant* participant)
    {
        _state.Gate.Enter();
        participant->Joined = 0;
        participant->NextFree = _state.Free;
        _state.Free = participant;
        _state.Gate.Exit();
    }
}
