using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// The place where threads and event loops wait for events of shared objects. An event is any number, such as the address of a
/// field. All methods are thread-safe. <see cref="Sleep"/> is called neither inside a section nor with a GIL, and the others inside
/// a section only where its length does not matter: none waits for anything but the lock of a bucket.
/// </summary>
/// <remarks>
/// <para>A hash table of queues of waiters, as in WebKit's and Rust's parking_lot (F. Pizlo, "Locking in WebKit"). Each waiter
/// sleeps on a word of its own outside of pools. Unlike a wait on a word in the object, it can thus be ended when the pool is
/// deleted, when its interpreter is interrupted, or by an event loop, and it need not be polled.</para>
/// <para>To wait: <see cref="Add"/>, then look once more whether the event has happened, and if not, <see cref="Sleep"/>. When
/// done, <see cref="Remove"/>. To signal: make the event happen, then <see cref="Unpark"/>. A signaller may skip
/// <see cref="Unpark"/> if a flag in the object tells that nobody waits. Then the waiter sets the flag before it looks once more,
/// and a full fence stands between the two steps on each side.</para>
/// <para>A waiter that was unparked but gives up, because of an exception for instance, passes the wake on to another one.</para>
/// </remarks>
public static unsafe class ParkingLot
{
    const int BucketBits = 8;
    const int Buckets = 1 << BucketBits;
    const int WokenAtOnce = 16;

    [StructLayout(LayoutKind.Explicit, Size = 64)]
    struct Bucket
    {
        [FieldOffset(0)]
        internal int Lock;

        [FieldOffset(8)]
        internal Waiter* First;

        [FieldOffset(16)]
        internal Waiter* Last;

        [FieldOffset(24)]
        internal ulong Numbers;
    }

    // Which waiters of a bucket are meant.
    interface IChoice
    {
        bool Includes(Waiter* waiter);
    }

    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal Bucket* Buckets;
        internal long Waiters;
    }

    static State _state;

    /// <summary>Must be called once before anything else here. Idempotent, not thread-safe.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static void Start()
    {
        if (_state.Buckets == null)
            _state.Buckets = (Bucket*)NativeMemory.AllocZeroed(Buckets, (nuint)sizeof(Bucket));
    }

    /// <summary>
    /// Adds a waiter for an event, after those that wait for it already. <paramref name="heap"/> is the pool's heap in which the
    /// event's object lies (a <see cref="PoolHeap"/>), or null: when the pool is deleted, the waiter is unparked. The caller then
    /// looks once more whether the event has happened.
    /// </summary>
    public static void Add(Waiter* waiter, nuint happening, void* heap)
    {
        Debug.Assert(Waiter.WasUnparked(waiter));
        // Full fence: pairs with the read in UnparkAll. A pool whose deletion does not see the waiter looks deleted to it.
        Interlocked.Increment(ref _state.Waiters);
        Bucket* bucket = BucketOf(happening);
        Enter(bucket);
        waiter->Event = happening;
        waiter->Heap = heap;
        waiter->Number = bucket->Numbers++;
        waiter->State = Waiter.IsParked;
        waiter->Next = null;
        waiter->Previous = bucket->Last;
        if (bucket->Last == null) bucket->First = waiter;
        else bucket->Last->Next = waiter;
        bucket->Last = waiter;
        FutexLock.Exit(&bucket->Lock);
    }

    /// <summary>
    /// Sleeps until the waiter is unparked or alerted, a signal arrives, or <see cref="Stopwatch.GetTimestamp"/> has reached
    /// <paramref name="deadline"/> (<see cref="long.MaxValue"/>: no limit). The caller looks again whether the event has
    /// happened, whatever the outcome.
    /// </summary>
    public static ParkOutcome Sleep(Waiter* waiter, long deadline)
    {
        Debug.Assert(waiter->Descriptor < 0 && Stopwatch.Frequency == 1_000_000_000);
        Interleaving.Point();
        // Full fence: pairs with the exchange in End. Either that thread finds this one asleep and wakes it, or this one finds
        // its state changed.
        if (Interlocked.CompareExchange(ref waiter->State, Waiter.IsAsleep, Waiter.IsParked) == Waiter.IsParked)
        {
            long left = deadline == long.MaxValue ? -1 : deadline - Stopwatch.GetTimestamp();
            if (left > 0 || deadline == long.MaxValue) Interleaving.Sleep(&waiter->State, Waiter.IsAsleep, left);
        }
        Interleaving.Point();
        // Acquires what was done before the waiter was unparked; pairs with the exchange in End. Takes an alert in: the caller
        // looks for its reason afterwards.
        int state = Interlocked.CompareExchange(ref waiter->State, Waiter.IsParked, Waiter.IsAsleep);
        if (state == Waiter.IsAlerted)
            state = Interlocked.CompareExchange(ref waiter->State, Waiter.IsParked, Waiter.IsAlerted);
        return state == Waiter.IsUnparked ? ParkOutcome.Unparked
            : state == Waiter.IsAsleep && deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline ? ParkOutcome.TimedOut
            : ParkOutcome.Alerted;
    }

    /// <summary>
    /// Removes a waiter. Returns false if it was unparked before: the caller has got the wake, and passes it on with
    /// <see cref="Unpark"/> if it does not use it.
    /// </summary>
    public static bool Remove(Waiter* waiter)
    {
        if (waiter->Event == 0) return true;
        Bucket* bucket = BucketOf(waiter->Event);
        Enter(bucket);
        bool isParked = waiter->State != Waiter.IsUnparked;
        if (isParked)
        {
            Unlink(bucket, waiter);
            waiter->State = Waiter.IsUnparked;
        }
        FutexLock.Exit(&bucket->Lock);
        return isParked;
    }

    /// <summary>
    /// Unparks the <paramref name="most"/> waiters that have waited longest for an event. Returns how many there were. Those that
    /// come during the call may be left.
    /// </summary>
    public static int Unpark(nuint happening, int most = 1) =>
        End(BucketOf(happening), new OfEvent(happening), Waiter.IsUnparked, most);

    /// <summary>
    /// Unparks all that wait for an event whose number is <paramref name="happening"/> in the bits of <paramref name="mask"/>.
    /// Looks at all waiters. Those that come during the call may be left.
    /// </summary>
    public static void UnparkAll(nuint happening, nuint mask) => EndAll(new OfEvents(happening, mask), Waiter.IsUnparked);

    /// <summary>How many wait for an event.</summary>
    public static int Count(nuint happening)
    {
        Bucket* bucket = BucketOf(happening);
        Enter(bucket);
        int count = 0;
        for (Waiter* waiter = bucket->First; waiter != null; waiter = waiter->Next) count += waiter->Event == happening ? 1 : 0;
        FutexLock.Exit(&bucket->Lock);
        return count;
    }

    /// <summary>
    /// Makes all waiting threads of an interpreter look for what else they have to do. They go on waiting afterwards. Called when
    /// the reason, such as a pending call, was recorded.
    /// </summary>
    public static void Alert(long interpreter) => EndAll(new OfInterpreter(interpreter), Waiter.IsAlerted);

    /// <summary>
    /// Makes all waiting threads and event loops look again. They go on waiting afterwards. Called after the owner of a lock has
    /// ended, of which no list tells what it held.
    /// </summary>
    public static void AlertAll() => EndAll(new Everyone(), Waiter.IsAlerted);

    /// <summary>
    /// Removes all waiters of an interpreter that was given up, and does not wake them, because others may need the wake.
    /// </summary>
    public static void Dismiss(long interpreter)
    {
        for (int i = 0; i < Buckets; i++)
        {
            Bucket* bucket = _state.Buckets + i;
            Enter(bucket);
            for (Waiter* waiter = bucket->First, next; waiter != null; waiter = next)
            {
                next = waiter->Next;
                if (waiter->Interpreter != interpreter) continue;
                Unlink(bucket, waiter);
                // Under the lock of the bucket; pairs with the read in Remove, should the thread run once more.
                Volatile.Write(ref waiter->State, Waiter.IsUnparked);
            }
            FutexLock.Exit(&bucket->Lock);
        }
    }

    /// <summary>Unparks all that wait for objects of a heap, whose pool was deleted.</summary>
    internal static void UnparkAll(void* heap)
    {
        // The caller has set the flag with a full fence. Pairs with the increment in Add.
        if (Volatile.Read(ref _state.Waiters) != 0) EndAll(new OfHeap(heap), Waiter.IsUnparked);
    }

    readonly struct OfEvent(nuint happening) : IChoice
    {
        public bool Includes(Waiter* waiter) => waiter->Event == happening;
    }

    readonly struct OfEvents(nuint happening, nuint mask) : IChoice
    {
        public bool Includes(Waiter* waiter) => (waiter->Event & mask) == happening;
    }

    readonly struct Everyone : IChoice
    {
        public bool Includes(Waiter* waiter) => true;
    }

    readonly struct OfInterpreter(long interpreter) : IChoice
    {
        // An event loop runs whatever there is to do by itself.
        public bool Includes(Waiter* waiter) => waiter->Interpreter == interpreter && waiter->Descriptor < 0;
    }

    readonly struct OfHeap(void* heap) : IChoice
    {
        readonly nuint _heap = (nuint)heap;

        public bool Includes(Waiter* waiter) => (nuint)waiter->Heap == _heap;
    }

    static void EndAll<TChoice>(TChoice choice, int state)
        where TChoice : struct, IChoice
    {
        Interleaving.Point();
        // What the waiters are to find comes before the looks at the buckets. A bucket that is empty then gets its waiters later:
        // they find it when they look once more, after the full fence with which Add gives back the bucket's lock.
        Interlocked.MemoryBarrier();
        for (int i = 0; i < Buckets; i++)
        {
            Bucket* bucket = _state.Buckets + i;
            // Acquire: pairs with the exchange in Add.
            if (Volatile.Read(ref *(nint*)&bucket->First) != 0) End(bucket, choice, state, int.MaxValue);
        }
    }

    // Gives waiters of a bucket a state and wakes them, outside the lock, so that they do not wait for it.
    static int End<TChoice>(Bucket* bucket, TChoice choice, int state, int most)
        where TChoice : struct, IChoice
    {
        int** woken = stackalloc int*[WokenAtOnce];
        int total = 0, count;
        ulong begin = 0, end = ulong.MaxValue;
        do
        {
            count = 0;
            Enter(bucket);
            // Those that come later are another signaller's.
            if (end == ulong.MaxValue) end = bucket->Numbers;
            for (Waiter* waiter = bucket->First, next; waiter != null && waiter->Number < end && total < most; waiter = next)
            {
                next = waiter->Next;
                if (waiter->Number < begin || !choice.Includes(waiter)) continue;
                if (count == WokenAtOnce) break;
                begin = waiter->Number + 1;
                total++;
                if (state == Waiter.IsUnparked) Unlink(bucket, waiter);
                int* word = &waiter->State;
                int descriptor = waiter->Descriptor;
                // Full fence: pairs with the exchanges in Sleep and the read in WasUnparked. From here on an unparked waiter may
                // be gone. The word is woken by its address only, which does no harm whatever lies there then. A thread that is
                // still awake needs no system call.
                if (Interlocked.Exchange(ref *word, state) == Waiter.IsAsleep) woken[count++] = word;
                // After the state, which the event loop reads once it is woken. The descriptor stays open: who removes the waiter
                // waits for the bucket's lock.
                if (descriptor >= 0) Libc.AddToEvent(descriptor, 1);
            }
            FutexLock.Exit(&bucket->Lock);
            for (int i = 0; i < count; i++) Futex.Wake(woken[i], 1);
        }
        while (count == WokenAtOnce);
        return total;
    }

    static void Unlink(Bucket* bucket, Waiter* waiter)
    {
        if (waiter->Previous == null) bucket->First = waiter->Next;
        else waiter->Previous->Next = waiter->Next;
        if (waiter->Next == null) bucket->Last = waiter->Previous;
        else waiter->Next->Previous = waiter->Previous;
        Interlocked.Decrement(ref _state.Waiters);
    }

    static void Enter(Bucket* bucket)
    {
        Interleaving.Point();
        if (!FutexLock.TryEnter(&bucket->Lock)) FutexLock.EnterContended(&bucket->Lock);
    }

    // Fibonacci hashing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Bucket* BucketOf(nuint happening) => _state.Buckets + (int)(happening * 0x9E37_79B9_7F4A_7C15ul >> (64 - BucketBits));
}
