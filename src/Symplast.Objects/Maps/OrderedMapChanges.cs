using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// The operations on one key.
public unsafe partial struct OrderedMap
{
    /// <summary>Gives a key a value, new or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Set<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey =>
        TryReplace(me, map, key, value) ? Status.Done : SetSlowly(me, map, key.AsProbe, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status SetSlowly(Participant* me, OrderedMap* map, in Probe key, Value value)
    {
        Storing change = new() { Value = value };
        return Apply(me, map, key, ref change, out _);
    }

    /// <summary>
    /// The same with a value whose reference becomes the map's, or is dropped if it cannot be stored. Inside a section in which
    /// the pool was not deleted.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Give<TKey>(Participant* me, OrderedMap* map, in TKey key, Value value) where TKey : struct, IMapKey =>
        TryReplaceInside(me, map, key, value) ? Status.Done : GiveSlowly(me, map, key.AsProbe, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status GiveSlowly(Participant* me, OrderedMap* map, in Probe key, Value value)
    {
        Storing change = new() { Value = value };
        Status status = Apply(me, map, key, ref change, out _);
        Reference.Drop(me, value);
        return status;
    }

    /// <summary>Inserts a key; <see cref="Status.Exists"/> if it is there.</summary>
    public static Status TryAdd(Participant* me, OrderedMap* map, in Probe key, Value value) =>
        GetOrAdd(me, map, key, value, out _);

    /// <summary>
    /// The value that the key has (<see cref="Status.Exists"/>), or else gets (<see cref="Status.Done"/>), in one atomic step.
    /// Without a reference.
    /// </summary>
    public static Status GetOrAdd(Participant* me, OrderedMap* map, in Probe key, Value value, out Value actual)
    {
        Adding change = new() { Value = value };
        return Apply(me, map, key, ref change, out actual);
    }

    /// <summary>
    /// Removes a key. The value that it had can be read in the caller's section, and comes without a reference.
    /// </summary>
    public static Status Remove(Participant* me, OrderedMap* map, in Probe key, out Value removed)
    {
        Removing change = default;
        return Apply(me, map, key, ref change, out removed);
    }

    /// <summary>Removes a key; the map's reference to the value that it had becomes the caller's.</summary>
    public static Status Take(Participant* me, OrderedMap* map, in Probe key, out Value taken) =>
        Take(me, map, key, default, out taken);

    /// <summary>The same, unless the guard refuses the value.</summary>
    public static Status Take(Participant* me, OrderedMap* map, in Probe key, in ValueGuard guard, out Value taken)
    {
        Taking change = new() { Guard = guard };
        Status status = Apply(me, map, key, ref change, out taken);
        if (status != Status.Done) taken = default;
        return status;
    }

    /// <summary>
    /// Removes a key if its value equals what is expected, as Python has it; otherwise <see cref="Status.Missing"/>, and
    /// <paramref name="actual"/> is its value, if it has one.
    /// </summary>
    public static Status Remove(Participant* me, OrderedMap* map, in Probe key, in Probe expected, out Value actual)
    {
        RemovingExpected change = new() { Expected = expected };
        return Apply(me, map, key, ref change, out actual);
    }

    /// <summary>
    /// Replaces a value if it equals what is expected, as Python has it; otherwise <see cref="Status.Missing"/>, and
    /// <paramref name="actual"/> is the value, if there is one.
    /// </summary>
    public static Status CompareExchange(
        Participant* me, OrderedMap* map, in Probe key, in Probe expected, Value desired, out Value actual)
    {
        Exchanging change = new() { Expected = expected, Value = desired };
        return Apply(me, map, key, ref change, out actual);
    }

    /// <summary>
    /// Adds to a number, atomically; a missing key counts as 0. <see cref="Status.WrongKind"/> if the value is no real number,
    /// <see cref="Status.Overflow"/> if the sum or
    /// the value is an integer beyond 64 bits.
    /// </summary>
    public static Status Add(Participant* me, OrderedMap* map, in Probe key, long delta, out Value result)
    {
        Summing change = new() { Integer = delta };
        return Accumulate(me, map, key, ref change, out result);
    }

    /// <summary>The same with a double; the sum is a double.</summary>
    public static Status Add(Participant* me, OrderedMap* map, in Probe key, double delta, out Value result)
    {
        Summing change = new() { Real = delta, IsReal = true };
        return Accumulate(me, map, key, ref change, out result);
    }

    /// <summary>The same with any number. Inside a section if it is of the pool.</summary>
    public static Status Add(Participant* me, OrderedMap* map, in Probe key, Value delta, out Value result)
    {
        Summing change = new() { Delta = delta };
        return Accumulate(me, map, key, ref change, out result);
    }

    static Status Accumulate(Participant* me, OrderedMap* map, in Probe key, ref Summing change, out Value result)
    {
        Status status = Apply(me, map, key, ref change, out _);
        result = status == Status.Done ? change.Result : default;
        return status;
    }

    struct Storing : IMapChange
    {
        internal Value Value;

        public static bool Inserts => true;

        public static bool TakesCurrent => false;

        public readonly Status Status => Status.Done;

        public readonly MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired) =>
            Absent(me, heap, out desired);

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired)
        {
            Reference.Take(Value);
            desired = Value;
            return MapDecision.Store;
        }
    }

    struct Adding : IMapChange
    {
        internal Value Value;

        public static bool Inserts => true;

        public static bool TakesCurrent => false;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            desired = default;
            Status = Status.Exists;
            return MapDecision.Leave;
        }

        public MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired)
        {
            Reference.Take(Value);
            desired = Value;
            Status = Status.Done;
            return MapDecision.Store;
        }
    }

    struct Removing : IMapChange
    {
        public static bool Inserts => false;

        public static bool TakesCurrent => false;

        public readonly Status Status => Status.Done;

        public readonly MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            desired = default;
            return MapDecision.Remove;
        }

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
            throw new InvalidOperationException();
    }

    struct Taking : IMapChange
    {
        internal ValueGuard Guard;

        public static bool Inserts => false;

        public static bool TakesCurrent => true;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            desired = default;
            bool accepted = Guard.Accepts(current);
            Status = accepted ? Status.Done : Status.Refused;
            return accepted ? MapDecision.Remove : MapDecision.Leave;
        }

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
            throw new InvalidOperationException();
    }

    struct RemovingExpected : IMapChange
    {
        internal Probe Expected;

        public static bool Inserts => false;

        public static bool TakesCurrent => false;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            desired = default;
            bool equal = Expected.Matches(current);
            Status = equal ? Status.Done : Status.Missing;
            return equal ? MapDecision.Remove : MapDecision.Leave;
        }

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
            throw new InvalidOperationException();
    }

    struct Exchanging : IMapChange
    {
        internal Probe Expected;
        internal Value Value;

        public static bool Inserts => false;

        public static bool TakesCurrent => false;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            bool equal = Expected.Matches(current);
            Status = equal ? Status.Done : Status.Missing;
            desired = equal ? Value : default;
            if (equal) Reference.Take(Value);
            return equal ? MapDecision.Store : MapDecision.Leave;
        }

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
            throw new InvalidOperationException();
    }

    struct Summing : IMapChange
    {
        internal long Integer;
        internal double Real;
        internal bool IsReal;

        /// <summary>What is added, if it is not empty.</summary>
        internal Value Delta;
        internal Value Result;

        public static bool Inserts => true;

        public static bool TakesCurrent => false;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            if (!Delta.IsEmpty) Status = Sum.Of(me, heap, current, Delta, out desired);
            else Status = IsReal ? Sum.Of(current, Real, out desired) : Sum.Of(me, heap, current, Integer, out desired);
            Result = desired;
            return Status == Status.Done ? MapDecision.Store : MapDecision.Leave;
        }

        public MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
            Present(me, heap, Value.OfInt(0), out desired);
    }
}
