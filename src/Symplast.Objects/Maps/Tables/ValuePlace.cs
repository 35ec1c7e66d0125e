using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The word of an entry that holds its value, <see cref="Removed"/>, or a forward: the address of the place that the value moved
/// to.
/// </summary>
internal static unsafe class ValuePlace
{
    /// <summary>The value of an entry that was removed.</summary>
    internal static Value Removed
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Value.Mark(1);
    }

    // Acquire. Pairs with the interlocked operation that stored the value, so that what it points to is filled in.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Load(Value* place) => new(Volatile.Read(ref *(ulong*)place));

    // Full fence: publishes what the value points to (pairs with Load), and unlinks the old one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Swap(Value* place, Value desired, Value expected) =>
        new(Interlocked.CompareExchange(ref *(ulong*)place, desired.Bits, expected.Bits));

    // The value of an entry, and where it is: packing moves it, perhaps several times. The new place stays for as long as the old
    // one, which was unlinked before it, does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Current(ref Value* place)
    {
        Value value = MapAtomics.LoadCurrent(place);
        while (value.IsForward)
        {
            place = value.Place;
            Interleaving.Point();
            // Acquire: pairs with the compare-and-swap in Move, as the reading before does, so that the value is there.
            value = MapAtomics.LoadCurrent(place);
        }
        return value;
    }

    // Under Growing, which lets one thread at a time pack; or under the lock of a small map.
    internal static void Move(Value* from, Value* to)
    {
        Interleaving.Point();
        Value value = Load(from);
        while (true)
        {
            *to = value;
            // For ever, so there is nothing to move, and nobody looks here for another value.
            if (value == Removed) return;
            Interleaving.Point();
            Value seen = MapAtomics.ForwardValue(from, to, value);
            if (seen == value) return;
            value = seen;
        }
    }
}
