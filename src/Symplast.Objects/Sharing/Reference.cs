using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Counting references to shared blocks, atomically. All methods are thread-safe and must be called inside a section.
/// </summary>
public static unsafe class Reference
{
    /// <summary>
    /// One more reference, unless the block is dead. Inside the section in which the pointer was loaded the memory stays, so a
    /// dead block can be asked.
    /// </summary>
    public static bool TryTake(Header* block) => ReferenceCount.TryTake(ref block->Count);

    /// <summary>
    /// The same for what a value refers to; true for values that are not counted, and for objects of other pools that were
    /// deleted, which nobody counts any more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTake(Value value) => !value.IsCounted || IsGone(value) || TryTake(value.Head);

    /// <summary>One more reference to a block that cannot be dead, because the caller holds one.</summary>
    public static void Take(Value value)
    {
        bool alive = TryTake(value);
        Debug.Assert(alive);
    }

    /// <summary>How many references there are at the moment, the caller's among them.</summary>
    // Only a figure: any value will do.
    public static int CountOf(Header* block) => Volatile.Read(ref block->Count);

    /// <summary>
    /// One reference less; with the last one the block dies, and with it what only it referred to. Never recurses.
    /// </summary>
    public static void Drop(Participant* me, Header* block)
    {
        Debug.Assert(Epoch.IsInside(me));
        if (DropOne(block)) Release.Run(me, block);
    }

    /// <summary>The same for what a value refers to, if it is counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Drop(Participant* me, Value value)
    {
        if (value.IsCounted && !IsGone(value)) Drop(me, value.Head);
    }

    /// <summary>
    /// Whether a value is an object of another pool that was deleted: the address is still that pool's, but the memory is gone.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsGone(Value value) => value.PointsTo(ValueKind.Object) && PoolHeap.IsDeleted(Heap.Of(value.Pointer));

    /// <summary>Takes one off the count; true if that was the last.</summary>
    internal static bool DropOne(Header* block)
    {
        Debug.Assert(block->Count > 0);
        return ReferenceCount.Drop(ref block->Count);
    }
}
