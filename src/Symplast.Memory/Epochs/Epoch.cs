using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// Epoch-based reclamation, the RCU of the project: readers announce the epoch in which they begin, and what was unlinked is
/// freed two epochs later, when nobody who might have seen it is still reading. The protocol and why it is safe:
/// <see cref="EpochProtocol{TMemory}"/>.
/// </summary>
/// <remarks>
/// <para>A section must never span Python code, a wait, or the taking of a GIL.</para>
/// <para>Participants are never freed, only used again: others walk their list without a lock. A participant is joined from Join
/// to Leave, or until it is buried: each holds a robust mutex, by which the others learn that its thread died. Joined, and the
/// participant's caches, change hands only while no thread advances.</para>
/// </remarks>
public static unsafe class Epoch
{
    // Every so many epochs the idle participants are looked at too, in case their threads have died.
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
    /// Takes away the <see cref="Participant.Caches"/> of a participant that leaves, or whose thread died. Called by whichever
    /// thread finds that out, while none advances; it must not advance either.
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

    /// <summary>Makes the calling thread a participant. A thread may be several ones, though it need not.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    public static Participant* Join() => Join(isBound: true);

    /// <summary>
    /// A participant of no thread's own: a lock of the caller's, such as an interpreter's GIL, sees to it that one thread at a
    /// time uses it and that it does not change hands inside a section. It stays until <see cref="Leave"/>, whatever becomes of
    /// the threads.
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
            // Release: pairs with the acquire in Scan, which walks the list without the lock; it is filled in by now.
            Volatile.Write(ref _state.Clock.First, (nint)me);
        }
        EndAdvance();
        return me;
    }

    /// <summary>
    /// Ends the calling thread's participation, or an unbound one; what it has retired and not freed is left to others. Not
    /// inside a section. Has no effect on the participant of another thread, which ends with that thread.
    /// </summary>
    public static void Leave(Participant* me)
    {
        Debug.Assert(me->Depth == 0 && me->Joined == 1);
        BeginAdvance();
        // The kernel walks the mutexes that a thread holds when it ends: the memory of one that cannot be given up must stay as
        // it is.
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
    /// True if the calling thread is inside a section, as whichever participant of its own: then it must not wait for sections to
    /// end. Of participants that are no thread's own nobody knows which thread is inside.
    /// </summary>
    public static bool IsInsideAny()
    {
        nuint thread = Libc.CurrentThread();
        bool isInside = false;
        BeginAdvance();
        // Acquire: pairs with the release in Join.
        Participant* each = (Participant*)Volatile.Read(ref _state.Clock.First);
        // Of other threads' participants only the number is read, which stays while nobody joins. One that has ours, is inside
        // and not dead is ours.
        for (; each != null && !isInside; each = each->Next)
        {
            isInside = each->Joined != 0 && each->Thread == thread && each->Announced != 0 && !Bury(each);
        }
        EndAdvance();
        return isInside;
    }

    /// <summary>
    /// The tag for what was unlinked just now. The unlinking must have been an interlocked operation, or a store that one has
    /// followed since.
    /// </summary>
    public static ulong Now => EpochProtocol<Hardware>.Tag(ref _state.Clock);

    /// <summary>Whether what was tagged with <paramref name="tag"/> can be freed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasPassed(ulong tag) => EpochProtocol<Hardware>.HasPassed(ref _state.Clock, tag);

    /// <summary>
    /// Begins a new epoch and looks which one is over. False if another thread does so at this moment. May be called inside a
    /// section.
    /// </summary>
    public static bool TryAdvance()
    {
        if (!EpochProtocol<Hardware>.TryBeginAdvance(ref _state.Clock)) return false;
        EpochProtocol<Hardware>.Advance(ref _state.Clock);
        if (_state.Clock.Global % BurialInterval == 0) BuryAll();
        EndAdvance();
        return true;
    }

    /// <summary>
    /// True if nobody but <paramref name="me"/> can be looking at what was unlinked just now, by an interlocked operation: then
    /// it need not wait. Interrupts all running threads, so it is for what is worth that.
    /// </summary>
    internal static bool IsAlone(Participant* me) => EpochProtocol<Hardware>.IsAlone(ref _state.Clock, me);

    /// <summary>
    /// Waits until every section that is open now has ended (<c>synchronize_rcu</c>); those that begin later may go on. No GIL
    /// may be held for which a section's thread could wait. The calling thread need not be a participant.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread is inside a section, whose end it would wait
    /// for.</exception>
    public static void Synchronize()
    {
        if (IsInsideAny()) throw new InvalidOperationException("a thread cannot wait for sections to end inside one of its own");
        // Full fence: what the caller unlinked comes before the tag is loaded.
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
    /// Ends the participation of threads that died without leaving, so that others get what they had. Does nothing if another
    /// thread advances at this moment. May be called inside a section. Those that died inside one are found by
    /// <see cref="TryAdvance"/> anyway.
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

    // One at a time, so that no scan relies on a fence that another thread has yet to issue, and so that nobody comes or goes
    // while one looks who died.
    static void BeginAdvance()
    {
        while (!EpochProtocol<Hardware>.TryBeginAdvance(ref _state.Clock)) Thread.Yield();
    }

    // A millisecond. Thread.Sleep would give the calling thread a managed object, which a finalizer takes back.
    static void Pause()
    {
        int word = 0;
        Futex.Wait(&word, 0, 1_000_000);
    }

    static void EndAdvance() => EpochProtocol<Hardware>.EndAdvance(ref _state.Clock);
}
