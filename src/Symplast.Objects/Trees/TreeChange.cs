namespace Symplast.Objects;

/// <summary>What the operations on one entry do to it.</summary>
internal static unsafe class TreeChange
{
    /// <summary>What becomes of an entry.</summary>
    internal enum Turn
    {
        Nothing,
        Store,
        Remove,
    }

    /// <summary>Decides about an entry, under its leaf's lock.</summary>
    internal interface IChange
    {
        /// <summary>Whether it may store where there is nothing.</summary>
        static abstract bool Inserts { get; }

        /// <summary>Whether the reference to a value that it removes becomes the caller's.</summary>
        static virtual bool Takes => false;

        /// <summary>
        /// <paramref name="present"/> is empty if there is no such key; <paramref name="next"/>, if it is to be stored, comes
        /// with a reference.
        /// </summary>
        Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status);
    }

    internal readonly struct Store(Value value) : IChange
    {
        public static bool Inserts => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            Reference.Take(value);
            next = value;
            status = Status.Done;
            return Turn.Store;
        }
    }

    internal readonly struct Insertion(Value value) : IChange
    {
        public static bool Inserts => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = value;
            status = Status.Exists;
            if (!present.IsEmpty) return Turn.Nothing;
            Reference.Take(value);
            status = Status.Done;
            return Turn.Store;
        }
    }

    internal readonly struct Removal : IChange
    {
        public static bool Inserts => false;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = default;
            status = present.IsEmpty ? Status.Missing : Status.Done;
            return present.IsEmpty ? Turn.Nothing : Turn.Remove;
        }
    }

    internal readonly struct Taking(ValueGuard guard) : IChange
    {
        public static bool Inserts => false;

        public static bool Takes => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            Turn turn = default(Removal).Decide(me, heap, present, out next, out status);
            if (turn == Turn.Nothing || guard.Accepts(present)) return turn;
            status = Status.Refused;
            return Turn.Nothing;
        }
    }

    internal readonly struct Exchange(Probe expected, Value value) : IChange
    {
        public static bool Inserts => false;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            next = value;
            status = Status.Missing;
            if (present.IsEmpty || !expected.Matches(present)) return Turn.Nothing;
            Reference.Take(value);
            status = Status.Done;
            return Turn.Store;
        }
    }

    internal readonly struct Addition(Value delta, Value* sum) : IChange
    {
        public static bool Inserts => true;

        public Turn Decide(Participant* me, PoolHeap* heap, Value present, out Value next, out Status status)
        {
            status = Sum.Of(me, heap, present.IsEmpty ? Value.OfInt(0) : present, delta, out next);
            if (status != Status.Done) return Turn.Nothing;
            *sum = next;
            return Turn.Store;
        }
    }
}
