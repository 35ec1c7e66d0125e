using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Counting references to shared blocks, atomically. All methods are thread-safe and must be called inside a section.</summary>
public static unsafe class Reference
{
    /// <summary>
    /// One more reference, unless the block is dead. Inside the section in which the pointer was loaded the memory stays, so a dead block can be asked.
    /// </summary>
    public static bool TryTake(Header* block) => ReferenceCount<Uninterrupted>.TryTake(ref block->Count);

    /// <summary>The same for what a value refers to; true for values that are not counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTake(Value value) => !value.IsCounted || TryTake(value.Head);

    /// <summary>One more reference to a block that cannot be dead, because the caller holds one.</summary>
    public static void Take(Value value)
    {
        bool alive = TryTake(value);
        Debug.Assert(alive);
    }

    /// <summary>One reference less; with the last one the block dies, and with it what only it referred to. Never recurses.</summary>
    public static void Drop(Participant* me, Header* block)
    {
        Debug.Assert(Epoch.IsInside(me));
        if (DropOne(block)) Release.Run(me, block);
    }

    /// <summary>The same for what a value refers to, if it is counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Drop(Participant* me, Value value)
    {
        if (value.IsCounted) Drop(me, value.Head);
    }

    /// <summary>Takes one off the count; true if that was the last.</summary>
    internal static bool DropOne(Header* block)
    {
        Debug.Assert(block->Count > 0);
        return ReferenceCount<Uninterrupted>.Drop(ref block->Count);
    }
}
