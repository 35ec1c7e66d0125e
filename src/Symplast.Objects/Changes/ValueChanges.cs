namespace Symplast.Objects;

/// <summary>Stores a value, whatever was there.</summary>
internal readonly unsafe struct Replacement(Value value) : IValueChange
{
    public static bool Inserts => true;

    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next)
    {
        Reference.Take(value);
        next = value;
        return Status.Done;
    }
}

/// <summary>Stores a value where there is none; <see cref="Status.Exists"/> where there is one.</summary>
internal readonly unsafe struct Insertion(Value value) : IValueChange
{
    public static bool Inserts => true;

    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next)
    {
        next = default;
        if (!current.IsEmpty) return Status.Exists;
        Reference.Take(value);
        next = value;
        return Status.Done;
    }
}

/// <summary>Replaces a value if it equals an expected one.</summary>
internal readonly unsafe struct ConditionalReplacement(Probe expected, Value value) : IValueChange
{
    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next)
    {
        next = default;
        if (!expected.Matches(current)) return Status.Missing;
        Reference.Take(value);
        next = value;
        return Status.Done;
    }
}

/// <summary>Adds to a number.</summary>
internal readonly unsafe struct Addition(Value delta) : IValueChange
{
    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next) =>
        Sum.Of(me, heap, current, delta, out next);
}

/// <summary>Adds to a number, which counts as 0 if there is none.</summary>
internal readonly unsafe struct AdditionFromZero(Value delta) : IValueChange
{
    public static bool Inserts => true;

    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next) =>
        Sum.Of(me, heap, current.IsEmpty ? Value.OfInt(0) : current, delta, out next);
}

/// <summary>Removes a value.</summary>
internal readonly unsafe struct Removal : IValueChange
{
    public static bool Removes => true;

    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next)
    {
        next = default;
        return Status.Done;
    }
}

/// <summary>Removes a value for the caller, unless a guard refuses it.</summary>
internal readonly unsafe struct GuardedRemoval(ValueGuard guard) : IValueChange
{
    public static bool Removes => true;
    public static bool TakesPrevious => true;

    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next)
    {
        next = default;
        return guard.Accepts(current) ? Status.Done : Status.Refused;
    }
}

/// <summary>Another change, after which the reference to the previous value is the caller's.</summary>
internal unsafe struct TakingPrevious<TChange>(TChange change) : IValueChange where TChange : struct, IValueChange
{
    public static bool Inserts => TChange.Inserts;
    public static bool Removes => TChange.Removes;
    public static bool TakesPrevious => true;

    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next) =>
        change.Next(me, heap, current, out next);
}
