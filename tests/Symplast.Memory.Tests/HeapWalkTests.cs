using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class HeapWalkTests : IDisposable
{
    const ulong Mark = 0xFEED_0000_0000_0001;

    struct Collector : IBlockVisitor
    {
        internal NativeList<nint> Found;

        public void Prepare(int most) => Found.Reserve(most);

        public void Visit(void* block)
        {
            if (*(ulong*)block == Mark) Found.Add((nint)block);
        }

        internal static HashSet<nint> Run(Participant* me, Pool pool)
        {
            Collector collector = default;
            HeapWalk.Run(me, pool.KnownHeap, ref collector);
            HashSet<nint> found = [];
            for (int i = 0; i < collector.Found.Count; i++) Assert.True(found.Add(*collector.Found[i]), "twice");
            collector.Found.Dispose();
            return found;
        }

        internal static bool IsAt(Participant* me, Pool pool, void* address)
        {
            Collector collector = default;
            HeapWalk.At(me, pool.KnownHeap, address, ref collector);
            bool found = collector.Found.Count == 1 && *collector.Found[0] == (nint)address;
            collector.Found.Dispose();
            return found;
        }
    }

    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("walk");

    public void Dispose()
    {
        if (!_pool.Deleted) _pool.Delete();
        Epoch.Leave(_me);
    }

    ulong* Make(Participant* me, nuint size)
    {
        Epoch.Enter(me);
        ulong* block = (ulong*)Heap.AllocateObject(me, _pool.LiveHeap(), size);
        Volatile.Write(ref *block, Mark);
        Epoch.Exit(me);
        return block;
    }

    void Free(Participant* me, void* block)
    {
        Epoch.Enter(me);
        Heap.Free(me, block);
        Epoch.Exit(me);
    }

    [Fact]
    public void AllObjectsAreFoundAndNothingElse()
    {
        HashSet<nint> made = [];
        Random random = new(1);
        List<nint> others = [];
        for (int i = 0; i < 20_000; i++)
        {
            made.Add((nint)Make(_me, (nuint)random.Next(32, 1000)));
            Epoch.Enter(_me);
            ulong* other = (ulong*)Heap.Allocate(_me, _pool.LiveHeap(), (nuint)random.Next(32, i % 100 == 0 ? 100_000 : 1000));
            // It looks like an object, but lies elsewhere.
            *other = Mark;
            others.Add((nint)other);
            Epoch.Exit(_me);
        }
        Assert.Equal(made, Collector.Run(_me, _pool));
        foreach (nint block in made.Where((_, i) => i % 3 == 0).ToList())
        {
            made.Remove(block);
            Free(_me, (void*)block);
        }
        Assert.Equal(made, Collector.Run(_me, _pool));
        Assert.True(HeapInvariants.IsValid(_pool.LiveHeap()));
        foreach (nint block in made) Free(_me, (void*)block);
        foreach (nint block in others) Free(_me, (void*)block);
        Assert.Empty(Collector.Run(_me, _pool));
    }

    [Fact]
    public void PagesThatHadOtherBlocksBeforeShowNothingOfThem()
    {
        for (int round = 0; round < 3; round++)
        {
            List<nint> others = [];
            for (int i = 0; i < 5_000; i++)
            {
                Epoch.Enter(_me);
                ulong* other = (ulong*)Heap.Allocate(_me, _pool.LiveHeap(), 128);
                new Span<ulong>(other, 16).Fill(Mark);
                others.Add((nint)other);
                Epoch.Exit(_me);
            }
            foreach (nint block in others) Free(_me, (void*)block);
            Heap.Collect(_me, _pool.LiveHeap());
            nint only = (nint)Make(_me, 64);
            Assert.Equal([only], Collector.Run(_me, _pool));
            Free(_me, (void*)only);
        }
    }

    [Fact]
    public void AnAddressIsLookedAtOnlyIfAnObjectBeginsThere()
    {
        ulong* block = Make(_me, 64);
        Assert.True(Collector.IsAt(_me, _pool, block));
        for (int offset = 1; offset < 64; offset++) Assert.False(Collector.IsAt(_me, _pool, (byte*)block + offset));
        Pool other = Pool.Create("other");
        Assert.False(Collector.IsAt(_me, other, block));
        Epoch.Enter(_me);
        ulong* plain = (ulong*)Heap.Allocate(_me, _pool.LiveHeap(), 64);
        *plain = Mark;
        Epoch.Exit(_me);
        Assert.False(Collector.IsAt(_me, _pool, plain));
        foreach (nuint place in new nuint[] { 0, AddressRange.ChunkSize, AddressRange.Size - 16 })
            Assert.False(Collector.IsAt(_me, other, AddressRange.At(place)));
        Assert.False(Collector.IsAt(_me, _pool, (void*)&block));
        Free(_me, block);
        Assert.False(Collector.IsAt(_me, _pool, block));
        other.Delete();
        Assert.False(Collector.IsAt(_me, other, block));
        Assert.Empty(Collector.Run(_me, other));
    }

    [Fact]
    public void BlocksOfACheckedHeapAreFoundToo()
    {
        HeapDebug.Start(1 << 20);
        Pool pool = Pool.Create("checked");
        PoolHeap* heap = pool.LiveHeap();
        HeapDebug.Stop();
        HashSet<nint> made = [];
        for (int i = 0; i < 3000; i++)
        {
            Epoch.Enter(_me);
            ulong* block = (ulong*)Heap.AllocateObject(_me, heap, 96);
            *block = Mark;
            if (i % 2 == 0) Heap.Free(_me, block);
            else made.Add((nint)block);
            Epoch.Exit(_me);
        }
        Assert.Equal(made, Collector.Run(_me, pool));
        pool.Delete();
    }

    [Fact]
    public void WhatLivesThroughoutIsFoundWhileOthersAllocateAndFreeAndPoolsAreDeleted()
    {
        HashSet<nint> kept = [];
        for (int i = 0; i < 5000; i++) kept.Add((nint)Make(_me, 96));
        bool stop = false;
        Thread[] threads = [.. Enumerable.Range(0, 3).Select(number => new Thread(() => Churn(number, ref stop)))];
        foreach (Thread thread in threads) thread.Start();
        try
        {
            for (int i = 0; i < 50; i++)
            {
                HashSet<nint> found = Collector.Run(_me, _pool);
                Assert.Subset(found, kept);
                foreach (Pool pool in PoolTable.Live()) Collector.Run(_me, pool);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            foreach (Thread thread in threads) thread.Join();
        }
        Assert.Equal(kept, Collector.Run(_me, _pool));
        Assert.True(HeapInvariants.IsValid(_pool.LiveHeap()));
    }

    void Churn(int number, ref bool stop)
    {
        Participant* me = Epoch.Join();
        Random random = new(number);
        List<nint> mine = [];
        while (!Volatile.Read(ref stop))
        {
            for (int i = 0; i < 2000; i++) mine.Add((nint)Make(me, (nuint)random.Next(32, 600)));
            while (mine.Count > 100)
            {
                Free(me, (void*)mine[^1]);
                mine.RemoveAt(mine.Count - 1);
            }
            Pool pool = Pool.Create("short");
            Epoch.Enter(me);
            for (int i = 0; i < 100; i++) *(ulong*)Heap.AllocateObject(me, pool.LiveHeap(), 64) = Mark;
            Epoch.Exit(me);
            pool.Delete();
        }
        foreach (nint block in mine) Free(me, (void*)block);
        Epoch.Leave(me);
    }
}
