using System.Buffers.Binary;

namespace Symplast.Soak;

/// <summary>
/// Makes random values and structures in a pool. All inside a section in which the pool was not deleted; what is made has one
/// reference, the caller's.
/// </summary>
internal static unsafe class Maker
{
    const int MostText = 70_000;

    internal static Value Text(Participant* me, PoolHeap* heap, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
            return Made(Blob.Create(me, heap, ValueKind.Text, data, (nuint)bytes.Length, Hashing.OfBytes(bytes)));
    }

    internal static Value BigInt(Participant* me, PoolHeap* heap, long high)
    {
        Span<byte> bytes = stackalloc byte[12];
        bytes.Fill(1);
        // The highest byte is neither 0 nor -1, so that the number is as short as it can be.
        BinaryPrimitives.WriteInt64LittleEndian(bytes[3..], high);
        bytes[11] = 5;
        fixed (byte* data = bytes)
            return Made(Blob.Create(me, heap, ValueKind.BigInt, data, (nuint)bytes.Length, Hashing.OfBigInt(bytes)));
    }

    internal static Value Tuple(Participant* me, PoolHeap* heap, Value first, Value second)
    {
        Value* items = stackalloc Value[2] { first, second };
        return Made(TupleBlob.Create(me, heap, items, 2));
    }

    /// <summary>A value without structures in it.</summary>
    internal static Value Plain(Participant* me, PoolHeap* heap, Dice dice) => dice.Next(8) switch
    {
        0 => Value.None,
        1 or 2 => Value.OfInt(dice.Next(1000)),
        3 => Value.Of(dice.Next(1000) / 8.0),
        4 => BigInt(me, heap, dice.Next(1000)),
        5 => Tuple(me, heap, Value.OfInt(dice.Next(100)), AnyText(me, heap, dice)),
        _ => AnyText(me, heap, dice),
    };

    static Value AnyText(Participant* me, PoolHeap* heap, Dice dice)
    {
        int length = dice.OneIn(1000) ? dice.Next(MostText) : dice.OneIn(20) ? dice.Next(1000) : dice.Next(40);
        Span<byte> bytes = stackalloc byte[MostText];
        bytes = bytes[..length];
        bytes.Fill((byte)('a' + dice.Next(26)));
        return Text(me, heap, bytes);
    }

    /// <summary>
    /// A value that may be, or hold in a tuple, a new structure of a depth below <paramref name="depth"/>: so there are never
    /// cycles.
    /// </summary>
    internal static Value Any(Participant* me, Arena arena, Dice dice, int depth)
    {
        if (depth == 0 || dice.OneIn(depth == 2 ? 10 : 2)) return Plain(me, arena.Heap, dice);
        if (depth == 1 && dice.OneIn(2))
        {
            // One that others have as well.
            Status status = Cells.TakeGet(me, arena.Leaves[dice.Next(Arena.LeafCount)], out Value leaf);
            return status == Status.Done ? leaf : Value.None;
        }
        Value structure = AnyStructure(me, arena, dice);
        return dice.OneIn(8) ? Tuple(me, arena.Heap, structure, Plain(me, arena.Heap, dice)) : structure;
    }

    /// <summary>A new structure of any kind; None if the pool was deleted meanwhile.</summary>
    internal static Value AnyStructure(Participant* me, Arena arena, Dice dice)
    {
        Header* made = Structure(me, arena, dice.Next(Arena.KindCount));
        return made == null ? Value.None : Value.Of(made);
    }

    /// <summary>A new structure of this kind; null if the pool was deleted meanwhile.</summary>
    internal static Header* Structure(Participant* me, Arena arena, int kind)
    {
        void* made = kind switch
        {
            0 => Maps.Create(me, arena.Heap),
            1 => Sets.Create(me, arena.Heap),
            2 => SortedMaps.Create(me, arena.Heap),
            3 => Vectors.Create(me, arena.Heap),
            4 => Cells.Create(me, arena.Heap, Value.None),
            5 => Queues.Create(me, arena.Heap, 0),
            6 => Records.Create(me, arena.Heap, arena.Shapes),
            _ => Queues.Create(me, arena.Heap, 16),
        };
        if (made == null && !PoolHeap.IsDeleted(arena.Heap)) Verdict.Fatal("no memory");
        return (Header*)made;
    }

    static Value Made(Value value)
    {
        if (value.IsEmpty) Verdict.Fatal("no memory");
        return value;
    }
}
