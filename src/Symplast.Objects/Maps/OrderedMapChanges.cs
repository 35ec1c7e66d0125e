using System.Buffers.Binary;

namespace Symplast.Objects;

// The operations on one key.
public static unsafe partial class OrderedMap<THook>
{
    /// <summary>Gives a key a value, new or not.</summary>
    public static Status Set(Participant* me, OrderedMap* map, in Probe key, Value value)
    {
        Storing change = new() { Value = value };
        return Apply(me, map, key, ref change, out _);
    }

    /// <summary>Inserts a key; <see cref="Status.Exists"/> if it is there.</summary>
    public static Status TryAdd(Participant* me, OrderedMap* map, in Probe key, Value value) => GetOrAdd(me, map, key, value, out _);

    /// <summary>
    /// The value that the key has (<see cref="Status.Exists"/>), or else gets (<see cref="Status.Done"/>), in one atomic step. Without a reference.
    /// </summary>
    public static Status GetOrAdd(Participant* me, OrderedMap* map, in Probe key, Value value, out Value actual)
    {
        Adding change = new() { Value = value };
        return Apply(me, map, key, ref change, out actual);
    }

    /// <summary>Removes a key. The value that it had can be read in the caller's section, and comes without a reference.</summary>
    public static Status Remove(Participant* me, OrderedMap* map, in Probe key, out Value removed)
    {
        Removing change = default;
        return Apply(me, map, key, ref change, out removed);
    }

    /// <summary>Removes a key; the map's reference to the value that it had becomes the caller's.</summary>
    public static Status Take(Participant* me, OrderedMap* map, in Probe key, out Value taken)
    {
        Taking change = default;
        return Apply(me, map, key, ref change, out taken);
    }

    /// <summary>
    /// Removes a key if its value equals what is expected, as Python has it; otherwise <see cref="Status.Missing"/>, and <paramref name="actual"/>
    /// is its value, if it has one.
    /// </summary>
    public static Status Remove(Participant* me, OrderedMap* map, in Probe key, in Probe expected, out Value actual)
    {
        RemovingExpected change = new() { Expected = expected };
        return Apply(me, map, key, ref change, out actual);
    }

    /// <summary>
    /// Replaces a value if it equals what is expected, as Python has it; otherwise <see cref="Status.Missing"/>, and <paramref name="actual"/> is
    /// the value, if there is one.
    /// </summary>
    public static Status CompareExchange(Participant* me, OrderedMap* map, in Probe key, in Probe expected, Value desired, out Value actual)
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
        return Sum(me, map, key, ref change, out result);
    }

    /// <summary>The same with a double; the sum is a double.</summary>
    public static Status Add(Participant* me, OrderedMap* map, in Probe key, double delta, out Value result)
    {
        Summing change = new() { Real = delta, IsReal = true };
        return Sum(me, map, key, ref change, out result);
    }

    static Status Sum(Participant* me, OrderedMap* map, in Probe key, ref Summing change, out Value result)
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

        public readonly MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired) => Absent(me, heap, out desired);

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

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new InvalidOperationException();
    }

    struct Taking : IMapChange
    {
        public static bool Inserts => false;

        public static bool TakesCurrent => true;

        public readonly Status Status => Status.Done;

        public readonly MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            desired = default;
            return MapDecision.Remove;
        }

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new InvalidOperationException();
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

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new InvalidOperationException();
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

        public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new InvalidOperationException();
    }

    struct Summing : IMapChange
    {
        internal long Integer;
        internal double Real;
        internal bool IsReal;
        internal Value Result;

        public static bool Inserts => true;

        public static bool TakesCurrent => false;

        public Status Status { get; private set; }

        public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
        {
            desired = default;
            ValueKind kind = current.Kind;
            if (kind == ValueKind.Float || IsReal && kind is ValueKind.Int or ValueKind.Bool)
            {
                double present = kind == ValueKind.Float ? current.Float : kind == ValueKind.Int ? current.Int : current == Value.True ? 1 : 0;
                desired = Value.Of(present + (IsReal ? Real : Integer));
                return Decide(desired);
            }
            if (kind is not (ValueKind.Int or ValueKind.Bool or ValueKind.BigInt))
            {
                Status = Status.WrongKind;
                return MapDecision.Leave;
            }
            if (!TryRead(current, out long number) || IsReal is false && Overflows(number, Integer))
            {
                Status = Status.Overflow;
                return MapDecision.Leave;
            }
            desired = IsReal ? Value.Of(number + Real) : FromLong(me, heap, number + Integer);
            return Decide(desired);
        }

        public MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired)
        {
            desired = IsReal ? Value.Of(Real) : FromLong(me, heap, Integer);
            return Decide(desired);
        }

        MapDecision Decide(Value desired)
        {
            Result = desired;
            Status = desired.IsEmpty ? Status.NoMemory : Status.Done;
            return desired.IsEmpty ? MapDecision.Leave : MapDecision.Store;
        }

        static bool Overflows(long left, long right) => ((left ^ left + right) & (right ^ left + right)) < 0;

        static bool TryRead(Value value, out long number)
        {
            number = value.IsInt ? value.Int : value == Value.True ? 1 : 0;
            if (value.Kind != ValueKind.BigInt) return true;
            ReadOnlySpan<byte> bytes = Blob.Bytes(value);
            if (bytes.Length > sizeof(long)) return false;
            number = (sbyte)bytes[^1] < 0 ? -1 : 0;
            for (int i = bytes.Length - 1; i >= 0; i--) number = number << 8 | bytes[i];
            return true;
        }

        static Value FromLong(Participant* me, PoolHeap* heap, long number)
        {
            if (Value.Fits(number)) return Value.OfInt(number);
            byte* bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(bytes, sizeof(long)), number);
            nuint length = sizeof(long);
            // As short as possible: a last byte that only repeats the sign goes.
            while (length > 1 && bytes[length - 1] == ((sbyte)bytes[length - 2] < 0 ? 0xFF : 0)) length--;
            return Blob.Create(me, heap, ValueKind.BigInt, bytes, length, Hashing.OfBigInt(new ReadOnlySpan<byte>(bytes, (int)length)));
        }
    }
}
