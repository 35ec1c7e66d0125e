using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class HeapThreadTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();

    public void Dispose() => Epoch.Leave(_me);

    /// <summary>How a thread ends its work.</summary>
    public enum End
    {
        Leaves,
        Dies,
        DiesInsideASection,
    }

    /// <summary>Blocks that threads pass to each other: whoever puts one in gets the one that was there.</summary>
    sealed class Exchange(int size)
    {
        readonly nint[] _slots = new nint[size];

        internal int Size => _slots.Length;

        internal nint Put(int slot, nint block) => Interlocked.Exchange(ref _slots[slot], block);
    }

    // A block holds its size and a number; all its words but the first say the same.
    static void Write(ulong* block, nuint words, ulong number)
    {
        block[0] = words;
        for (nuint i = 1; i < words; i++) block[i] = number;
    }

    static void Check(ulong* block)
    {
        ulong words = block[0];
        Assert.InRange(words, 2ul, 1ul << 20);
        Assert.False(new ReadOnlySpan<ulong>(block + 1, (int)words - 1).ContainsAnyExcept(block[1]), "overwritten");
    }

    static void Work(Participant* me, PoolHeap* heap, Exchange exchange, int number, int rounds, bool small)
    {
        Random random = new(number);
        for (int round = 0; round < rounds; round++)
        {
            nuint words = (nuint)(small || random.Next(50) != 0 ? random.Next(2, 40) : random.Next(2, 20_000));
            Epoch.Enter(me);
            ulong* block = (ulong*)Heap.Allocate(me, heap, words * 8);
            Write(block, words, (ulong)number << 32 | (uint)round);
            ulong* old = (ulong*)exchange.Put(random.Next(exchange.Size), (nint)block);
            if (old != null)
            {
                Check(old);
                if (random.Next(2) == 0) Heap.Free(me, old);
                else Heap.Retire(me, old);
            }
            Epoch.Exit(me);
        }
    }

    long Empty(PoolHeap* heap, Exchange exchange)
    {
        long live = 0;
        Epoch.Enter(_me);
        for (int i = 0; i < exchange.Size; i++)
        {
            ulong* block = (ulong*)exchange.Put(i, 0);
            if (block == null) continue;
            live++;
            Check(block);
            Heap.Free(_me, block);
        }
        Epoch.Exit(_me);
        return live;
    }

    [Theory]
    [InlineData(End.Leaves)]
    [InlineData(End.Dies)]
    [InlineData(End.DiesInsideASection)]
    public void NothingIsLostOrSharedWhenThreadsFreeEachOthersBlocksAndGo(End end)
    {
        Pool pool = Pool.Create("exchanged");
        PoolHeap* heap = Heap.Of(pool);
        Exchange exchange = new(500);
        for (int generation = 0; generation < 4; generation++)
        {
            int first = generation * 4;
            Together.Run(4, number =>
            {
                Participant* me = Epoch.Join();
                Work(me, heap, exchange, first + number, 20_000, small: number < 2);
                if (end == End.DiesInsideASection) Epoch.Enter(me);
                if (end == End.Leaves) Epoch.Leave(me);
            });
        }
        long held = Heap.LiveBlocks(heap);
        Assert.Equal(held, Empty(heap, exchange));
        Assert.Equal(0, Heap.LiveBlocks(heap));
        // The kernel ends a thread a little after its last statement.
        Together.Await(() =>
        {
            Heap.Collect(_me, heap);
            return pool.Statistics().ReservedBytes == 0;
        });
        Assert.True(HeapInvariants.IsValid(heap));
        PoolStatistics now = pool.Statistics();
        Assert.Equal(0, now.LimboBytes);
        Assert.Equal(0, now.LiveBytes);
        Assert.Equal(0, now.ReservedBytes);
        pool.Delete();
        Assert.Null(PoolTable.Find(pool.Id));
    }
}
