using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Counts references to shared blocks atomically. All methods are thread-safe and must be called inside a section.
/// </summary>
public static unsafe class Reference
{
    /// <summary>
    /// Takes a reference, unless the block is dead. The memory stays for the section in which the pointer was loaded, so the
    /// count of a dead block can be read.
    /// </summary>
    public static bool TryTake(Header* block) => ReferenceCount.TryTake(ref block->Count);

    /// <summary>
    /// Takes a reference to the block of a value, unless the block is dead. Returns true for values that are not counted, and for
    /// objects of another pool that was deleted, whose references are not counted any more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTake(Value value) => !value.IsCounted || IsGone(value) || TryTake(value.Head);

    /// <summary>Takes a reference to a block to which the caller already holds a reference, so that it cannot be dead.</summary>
    public static void Take(Value value)
    {
        bool alive = TryTake(value);
        Debug.Assert(alive);
    }

    /// <summary>The current number of references, including the caller's.</summary>
    // A statistic, so any recent value is sufficient.
    public static int CountOf(Header* block) => Volatile.Read(ref block->Count);

    /// <summary>
    /// Drops a reference. When the last one is dropped, the block dies, with all blocks to which only it referred. Does not
    /// recurse.
    /// </summary>
    public static void Drop(Participant* me, Header* block)
    {
        Debug.Assert(Epoch.IsInside(me));
        if (DropOne(block)) Release.Run(me, block);
    }

    /// <summary>Drops a reference to the block of a value, if the value is counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Drop(Participant* me, Value value)
    {
        if (value.IsCounted && !IsGone(value)) Drop(me, value.Head);
    }

    /// <summary>
    /// Whether a value is an object of another pool that was deleted. The address still belongs to that pool, but the memory is
    /// gone.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsGone(Value value) => value.PointsTo(ValueKind.Object) && PoolHeap.IsDeleted(Heap.Of(value.Pointer));

    /// <summary>Decrements the count. Returns true if this was the last reference.</summary>
    internal static bool DropOne(Header* block)
    {
        Debug.Assert(block->Count > 0);
        return ReferenceCount.Drop(ref block->Count);
    }
}
