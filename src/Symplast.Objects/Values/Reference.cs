using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Counting references to shared blocks, atomically. All methods are thread-safe and must be called inside a section.</summary>
public static unsafe class Reference
{
    // A count that got this far stays: wrapping round would free what is in use. It is set far above, so that threads which looked at the count shortly
    // before and subtract now cannot bring it back below.
    const int Saturated = 1 << 30;
    const int Stuck = Saturated + (Saturated >> 1);

    /// <summary>
    /// One more reference, unless the block is dead. Inside the section in which the pointer was loaded the memory stays, so a dead block can be asked.
    /// </summary>
    public static bool TryTake(Header* block)
    {
        // Any value will do to begin with: the exchange decides.
        int count = Volatile.Read(ref block->Count);
        while (count > 0)
        {
            if (count >= Saturated) return true;
            // Full fence; pairs with that in Drop: it never finds 0 after we found more.
            int next = count + 1 < Saturated ? count + 1 : Stuck;
            int seen = Interlocked.CompareExchange(ref block->Count, next, count);
            if (seen == count) return true;
            count = seen;
        }
        return false;
    }

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
        int count = Volatile.Read(ref block->Count);
        Debug.Assert(count > 0);
        // Full fence; pairs with TryTake, and makes what others did with the block before they dropped it visible to the one that frees it. Also the
        // fence between the unlinking of the reference, which may have been a plain store, and the tag of what is retired.
        return count < Saturated && Interlocked.Decrement(ref block->Count) == 0;
    }
}
