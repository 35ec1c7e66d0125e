namespace Symplast.Objects;

/// <summary>How an element changes: computed from what it holds, again if another thread was faster.</summary>
internal unsafe interface IUpdate
{
    /// <summary>The next value, with a reference for the container, or why there is none. Inside a section.</summary>
    Status Next(Participant* me, PoolHeap* heap, Value current, out Value next);
}

/// <summary>Another value, whatever was there.</summary>
internal readonly unsafe struct Replacement(Value value) : IUpdate
{
    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next)
    {
        Reference.Take(value);
        next = value;
        return Status.Done;
    }
}

/// <summary>Another value if what is there equals one that is expected.</summary>
internal readonly unsafe struct ConditionalReplacement(Probe expected, Value value) : IUpdate
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

/// <summary>The sum with what was there.</summary>
internal readonly unsafe struct Addition(Value delta) : IUpdate
{
    public Status Next(Participant* me, PoolHeap* heap, Value current, out Value next) =>
        Sum.Of(me, heap, current, delta, out next);
}
