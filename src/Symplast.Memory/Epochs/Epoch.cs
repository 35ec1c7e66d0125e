using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// Epoch-based reclamation, the RCU of the project. Readers announce the epoch in which they begin. An unlinked block is freed
/// two epochs later, when no reader that might have seen it is still reading. The protocol and its proof:
/// <see cref="EpochProtocol{TMemory}"/>.
/// </summary>
/// <remarks>
/// <para>A section must never span Python code, a wait, or the taking of a GIL.</para>
/// <para>Participants are never freed, only reused, because other threads walk their list without a lock. A participant is joined
/// from Join to Leave, or until it is buried after its thread's death. Each participant holds a robust mutex, by which other
/// threads learn of that death. Joined and Caches change only while no thread advances.</para>
/// </remarks>
public static unsafe class Epoch
{
    // Once in so many epochs, idle participants are checked too, in case their threads have died.
    const ulong BurialInterval = 64;

    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal EpochClock Clock;
        internal Participant* Free;      // those that left; changes only while no thread advances
        internal delegate*<Participant*, void> Ended;
    }

    static State _state;

    /// <summary>Must be called once before anything else here. Idempotent, not thread-safe.</summary>
    /// <param name="ended">
    /// Removes the <see cref="Participant.Caches"/> of a participant that leaves or whose thread died. Called by the thread that
    /// finds this out, while no thread advances; the function must not advance either.
    /// </param>
    internal static void Start(delegate*<Participant*, void> ended)
    {
        if (_state.Clock.Global != 0) return;
        _state.Ended = ended;
        _state.Clock.Oldest = 1;
        _state.Clock.Global = 1;
        // Registers the process with the kernel now, so that no later call can fail.
        Interlocked.MemoryBarrierProcessWide();
    }

    /// <summary>Makes the calling thread a participant. One thread may have several participants.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public static Participant* Join() => Join(isBound: true);

    /// <summary>
    /// Makes a participant that no thread owns. A lock of the caller's, such as an interpreter's GIL, ensures that one thread at
    /// a time uses the participant, and that no other thread takes it over inside a section. The participant stays until
    /// <see cref="Leave"/>, also if threads die.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public static Participant* JoinUnbound() => Join(isBound: false);

    static Participant* Join(bool isBound)
    {
        BeginAdvance();
        Participant* me = TakeFree();
        if (me == null)
        {
            BuryAll();
            me = TakeFree();
        }
        bool isNew = me == null;
        if (isNew) me = AllocateParticipant();
        Participant* next = isNew ? null : me->Next;
        *me = default;
        me->Next = next;
        if (isBound)
        {
            RobustMutex.CreateHeld(me->Alive);
            me->Thread = Libc.CurrentThread();
        }
        else me->IsUnbound = 1;
        me->Joined = 1;
        if (isNew)
        {
            me->Next = (Participant*)_state.Clock.First;
            // Release: pairs with the acquire in Scan, which walks the list without the lock. The participant is filled in
            // before.
            Volatile.Write(ref _state.Clock.First, (nint)me);
        }
        EndAdvance();
        return me;
    }

    /// <summary>
    /// Ends the participation of the calling thread, or an unbound participant. Blocks that were retired and not yet freed are
    /// left to other threads. Not inside a section. Has no effect on the participant of another thread, which ends with that
    /// thread.
    /// </summary>
    public static void Leave(Participant* me)
    {
        Debug.Assert(me->Depth == 0 && me->Joined == 1);
        BeginAdvance();
        // The kernel walks the mutexes that a thread holds when it ends, so the memory of a mutex that cannot be given up must
        // stay unchanged.
        if (me->IsUnbound != 0 || RobustMutex.TryDestroy(me->Alive)) End(me);
        EndAdvance();
    }

    /// <summary>
    /// Begins a read section, in which nothing that can be reached is freed. Sections nest. The first pointer must be loaded with
    /// Volatile.Read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(Participant* me)
    {
        if (me->Depth++ == 0) EpochProtocol<Hardware>.Announce(ref _state.Clock, me);
    }

    /// <summary>Ends a read section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exit(Participant* me)
    {
        Debug.Assert(me->Depth > 0);
        if (--me->Depth == 0) EpochProtocol<Hardware>.Withdraw(me);
    }

    /// <summary>
    /// Ends all sections that are open, after an exception went past their ends. Has no effect outside sections.
    /// </summary>
    public static void ExitAll(Participant* me)
    {
        if (me->Depth == 0) return;
        me->Depth = 0;
        EpochProtocol<Hardware>.Withdraw(me);
    }

    /// <summary>True inside a section.</summary>
    public static bool IsInside(Participant* me) => me->Depth > 0;

    /// <summary>
    /// True if the calling thread is inside a section of any of its own participants. Then it must not wait for sections to end.
    /// Unbound participants are not considered, because nothing tells which thread uses them.
    /// </summary>
    public static bool IsInsideAny()
    {
        nuint thread = Libc.CurrentThread();
        bool isInside = false;
        BeginAdvance();
        // Acquire: pairs with the release in Join.
        Participant* each = (Participant*)Volatile.Read(ref _state.Clock.First);
        // Of other threads' participants only the thread number is read, which is constant while no thread joins. A participant
        // that has this thread's number, is inside a section and is not dead belongs to this thread.
        for (; each != null && !isInside; each = each->Next)
        {
            isInside = each->Joined != 0 && each->Thread == thread && each->Announced != 0 && !Bury(each);
        }
        EndAdvance();
        return isInside;
    }

    /// <summary>
    /// The tag for a block that was just unlinked. The unlinking must have been an interlocked operation, or a store followed by
    /// one.
    /// </summary>
    public static ulong Now => EpochProtocol<Hardware>.Tag(ref _state.Clock);

    /// <summary>Whether what was tagged with <paramref name="tag"/> can be freed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasPassed(ulong tag) => EpochProtocol<Hardware>.HasPassed(ref _state.Clock, tag);

    /// <summary>
    /// Begins a new epoch and finds the oldest one that a section may still have announced. False if another thread does so at
    /// this moment. May be called inside a section.
    /// </summary>
    public static bool TryAdvance()
    {
        if (!EpochProtocol<Hardware>.TryBeginAdvance(ref _state.Clock)) return false;
        EpochProtocol<Hardware>.Advance(ref _state.Clock);
        if (_state.Clock.Global % BurialInterval == 0) BuryAll();
        Invariants.Check(IsValid());
        EndAdvance();
        return true;
    }

    /// <summary>
    /// True if no thread but that of <paramref name="me"/> can be reading a block that was just unlinked by an interlocked
    /// operation. Such a block can be freed without a grace period. Interrupts all running threads, so it is for large blocks
    /// only.
    /// </summary>
    internal static bool IsAlone(Participant* me) => EpochProtocol<Hardware>.IsAlone(ref _state.Clock, me);

    /// <summary>
    /// Waits until every section that is open now has ended (<c>synchronize_rcu</c>). Sections that begin later are not waited
    /// for. The caller may not hold a GIL for which a section's thread could wait. The calling thread need not be a participant.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section, whose end it would wait
    /// for.</exception>
    public static void Synchronize()
    {
        if (IsInsideAny()) throw new InvalidOperationException("a thread cannot wait for sections to end inside one of its own");
        // Full fence: the caller's unlinking comes before the load of the tag.
        Interlocked.MemoryBarrier();
        ulong tag = Now;
        for (int turn = 0; ; turn++)
        {
            TryAdvance();
            if (EpochProtocol<Hardware>.IsOver(ref _state.Clock, tag)) return;
            if (turn < 100) Thread.Yield();
            else Pause();
        }
    }

    /// <summary>
    /// Ends the participation of threads that died without leaving, so that other threads take over their caches. Does nothing if
    /// another thread advances at this moment. May be called inside a section. Threads that died inside a section are also found
    /// by <see cref="TryAdvance"/>.
    /// </summary>
    internal static void BuryDead()
    {
        if (!EpochProtocol<Hardware>.TryBeginAdvance(ref _state.Clock)) return;
        BuryAll();
        EndAdvance();
    }

    /// <summary>
    /// Ends the participation of a thread that died, inside a section or not. The caller has the right to advance.
    /// </summary>
    internal static bool Bury(Participant* each)
    {
        if (each->Joined == 0 || each->IsUnbound != 0 || !RobustMutex.HolderDied(each->Alive)) return false;
        // Release: pairs with the acquire in Scan.
        Volatile.Write(ref each->Announced, 0);
        each->Depth = 0;
        End(each);
        return true;
    }

    static void BuryAll()
    {
        // Acquire: pairs with the release in Join.
        Participant* each = (Participant*)Volatile.Read(ref _state.Clock.First);
        for (; each != null; each = each->Next) Bury(each);
    }

    static void End(Participant* participant)
    {
        _state.Ended(participant);
        participant->Joined = 0;
        participant->NextFree = _state.Free;
        _state.Free = participant;
    }

    /// <summary>
    /// Whether no epoch is older than the oldest one, and who is not joined is in no section and on the list of the free. While
    /// the caller has the right to advance.
    /// </summary>
    internal static bool IsValid()
    {
        int free = 0;
        for (Participant* each = _state.Free; each != null; each = each->NextFree, free++)
        {
            if (each->Joined != 0 || each->Announced != 0) return false;
        }
        // Acquire: pairs with the release in Join.
        Participant* any = (Participant*)Volatile.Read(ref _state.Clock.First);
        for (; any != null; any = any->Next) free -= any->Joined == 0 ? 1 : 0;
        return free == 0 && _state.Clock.Oldest <= _state.Clock.Global;
    }

    static Participant* TakeFree()
    {
        Participant* free = _state.Free;
        if (free != null) _state.Free = free->NextFree;
        return free;
    }

    static Participant* AllocateParticipant()
    {
        try
        {
            return (Participant*)NativeMemory.AlignedAlloc((nuint)sizeof(Participant), 128);
        }
        catch (OutOfMemoryException)
        {
            EndAdvance();
            throw;
        }
    }

    // One thread at a time advances, joins or leaves. So no scan relies on a fence that another thread has yet to issue, and the
    // list is stable while dead participants are searched.
    static void BeginAdvance()
    {
        while (!EpochProtocol<Hardware>.TryBeginAdvance(ref _state.Clock)) Thread.Yield();
    }

    // A millisecond. Thread.Sleep would give the calling thread a managed object that has a finalizer.
    static void Pause()
    {
        int word = 0;
        Futex.Wait(&word, 0, 1_000_000);
    }

    static void EndAdvance() => EpochProtocol<Hardware>.EndAdvance(ref _state.Clock);
}
