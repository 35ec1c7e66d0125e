using System.Diagnostics;

namespace Symplast.Objects;

internal unsafe struct Storing : IMapChange
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

internal unsafe struct Adding : IMapChange
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

internal unsafe struct Replacing : IMapChange
{
    internal Value Value;
    internal bool IsReplaced;

    public static bool Inserts => true;
    public static bool TakesCurrent => true;
    public readonly Status Status => Status.Done;

    public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
    {
        IsReplaced = true;
        return Store(out desired);
    }

    public MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired)
    {
        IsReplaced = false;
        return Store(out desired);
    }

    readonly MapDecision Store(out Value desired)
    {
        Reference.Take(Value);
        desired = Value;
        return MapDecision.Store;
    }
}

internal unsafe struct Updating<TUpdate> : IMapChange where TUpdate : struct, IUpdate
{
    internal TUpdate Update;
    internal Value Next;

    public static bool Inserts => false;
    public static bool TakesCurrent => true;
    public Status Status { get; private set; }

    public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
    {
        Status = Update.Next(me, heap, current, out desired);
        Next = desired;
        return Status == Status.Done ? MapDecision.Store : MapDecision.Leave;
    }

    public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new UnreachableException();
}

internal unsafe struct Removing : IMapChange
{
    public static bool Inserts => false;
    public static bool TakesCurrent => false;
    public readonly Status Status => Status.Done;

    public readonly MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
    {
        desired = default;
        return MapDecision.Remove;
    }

    public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new UnreachableException();
}

internal unsafe struct Taking : IMapChange
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

    public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new UnreachableException();
}

internal unsafe struct Exchanging : IMapChange
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

    public readonly MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) => throw new UnreachableException();
}

internal unsafe struct Summing : IMapChange
{
    internal Value Delta;
    internal Value Result;

    public static bool Inserts => true;
    public static bool TakesCurrent => false;
    public Status Status { get; private set; }

    public MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired)
    {
        Status = Sum.Of(me, heap, current, Delta, out desired);
        Result = desired;
        return Status == Status.Done ? MapDecision.Store : MapDecision.Leave;
    }

    public MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired) =>
        Present(me, heap, Value.OfInt(0), out desired);
}
