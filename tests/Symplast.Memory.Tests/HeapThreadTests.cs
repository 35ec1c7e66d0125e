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

        internal nint Look(int slot) => Volatile.Read(ref _slots[slot]);

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

    long Empty(Exchange exchange)
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
        PoolHeap* heap = pool.LiveHeap();
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
        Assert.Equal(held, Empty(exchange));
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

    // Pages of two or three blocks become full and are handed back all the time.
    [Theory]
    [InlineData(4, 30_000, 4)]
    [InlineData(40, 20_000, 4)]
    [InlineData(7, 32_768, 2)]
    [InlineData(300, 2000, 4)]
    public void PagesThatAreFullComeBackExactlyOnce(int slots, int size, int threads)
    {
        const long Held = 0x5EED;
        Pool pool = Pool.Create("full pages");
        PoolHeap* heap = pool.LiveHeap();
        Exchange exchange = new(slots);
        for (int generation = 0; generation < 10; generation++)
        {
            int first = generation * 4;
            Together.Run(threads, number =>
            {
                Participant* me = Epoch.Join();
                Random random = new(first + number);
                for (int round = 0; round < 5000; round++)
                {
                    Epoch.Enter(me);
                    int count = random.Next(4);
                    for (int i = 0; i <= count; i++)
                    {
                        long* block = (long*)Heap.Allocate(me, heap, (nuint)size);
                        block[1] = Held;
                        long* old = (long*)exchange.Put(random.Next(slots), (nint)block);
                        if (old == null) continue;
                        Assert.Equal(Held, Interlocked.Exchange(ref old[1], 0));
                        if (random.Next(4) != 0) Heap.Free(me, old);
                        else Heap.Retire(me, old);
                    }
                    Epoch.Exit(me);
                }
                Epoch.Leave(me);
            });
            Assert.True(HeapInvariants.IsValid(heap));
            Assert.InRange(Heap.LiveBlocks(heap), 1, slots);
            Assert.InRange(pool.Statistics().ReservedBytes, 0, 300 << 20);
        }
        long live = Heap.LiveBlocks(heap);
        long held = 0;
        Epoch.Enter(_me);
        for (int i = 0; i < slots; i++)
        {
            void* block = (void*)exchange.Put(i, 0);
            if (block == null) continue;
            held++;
            Heap.Free(_me, block);
        }
        Epoch.Exit(_me);
        Assert.Equal(live, held);
        Heap.Collect(_me, heap);
        Assert.Equal(0, pool.Statistics().ReservedBytes);
        pool.Delete();
    }

    [Fact]
    public void ABlockStaysAsItWasInEverySectionThatFoundIt()
    {
        const int Slots = 8;
        const int Words = 6;
        Pool pool = Pool.Create("read");
        PoolHeap* heap = pool.LiveHeap();
        Exchange exchange = new(Slots);
        int writing = 2;
        long read = 0;
        Together.Run(4, number =>
        {
            Participant* me = Epoch.Join();
            Random random = new(number);
            for (ulong round = 1; number < 2 && round <= 150_000; round++)
            {
                Epoch.Enter(me);
                ulong* block = (ulong*)Heap.Allocate(me, heap, Words * 8);
                Write(block, Words, round << 1 | (uint)number);
                ulong* old = (ulong*)exchange.Put(random.Next(Slots), (nint)block);
                if (old != null) Heap.Retire(me, old);
                Epoch.Exit(me);
            }
            if (number < 2) Interlocked.Decrement(ref writing);
            long seen = 0;
            while (Volatile.Read(ref writing) > 0)
            {
                Epoch.Enter(me);
                ulong* block = (ulong*)exchange.Look(random.Next(Slots));
                if (block != null)
                {
                    ulong written = block[1];
                    if (random.Next(64) == 0) Thread.Yield();
                    Check(block);
                    Assert.Equal(written, block[1]);
                    seen++;
                }
                Epoch.Exit(me);
            }
            Interlocked.Add(ref read, seen);
            Epoch.Leave(me);
        });
        Assert.True(read > 0);
        Assert.Equal(Slots, Heap.LiveBlocks(heap));
        Assert.True(HeapInvariants.IsValid(heap));
        pool.Delete();
    }
}
