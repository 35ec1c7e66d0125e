using CsCheck;
using Xunit;

namespace Symplast.Memory.Tests;

public sealed unsafe class HeapTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();

    public void Dispose() => Epoch.Leave(_me);

    static readonly Gen<int> Size = Gen.Frequency(
        (8, Gen.Int[0, 200]), (4, Gen.Int[200, 3000]), (3, Gen.Int[3000, 70_000]), (2, Gen.Int[70_000, 1_100_000]),
            (1, Gen.Int[1_100_000, 5_000_000]));

    [Fact]
    public void BlocksKeepWhatIsWrittenInThemWhateverIsFreedAround() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1000], Size).Array[0, 400].Sample(
            steps =>
            {
                Pool pool = Pool.Create("model");
                PoolHeap* heap = pool.LiveHeap();
                List<LiveBlock> blocks = [];
                byte pattern = 0;
                foreach ((int kind, int which, int size) in steps)
                {
                    Epoch.Enter(_me);
                    if (kind < 5)
                    {
                        LiveBlock block = LiveBlock.Take(_me, heap, (nuint)Math.Max(size, 1), ++pattern)!.Value;
                        Assert.DoesNotContain(blocks, block.Overlaps);
                        blocks.Add(block);
                    }
                    else if (blocks.Count > 0)
                    {
                        int index = which % blocks.Count;
                        Assert.True(blocks[index].IsIntact);
                        if (kind < 8) Heap.Free(_me, blocks[index].Start);
                        else Heap.Retire(_me, blocks[index].Start);
                        blocks.RemoveAt(index);
                    }
                    Epoch.Exit(_me);
                    Assert.Equal(blocks.Count, Heap.LiveBlocks(heap));
                }
                Assert.All(blocks, block => Assert.True(block.IsIntact));
                Epoch.Enter(_me);
                foreach (LiveBlock block in blocks) Heap.Retire(_me, block.Start);
                Epoch.Exit(_me);
                Heap.Collect(_me, heap);
                Assert.Equal(0, Heap.LiveBlocks(heap));
                PoolStatistics now = pool.Statistics();
                Assert.Equal(0, now.LimboBytes);
                Assert.Equal(0, now.ReservedBytes);
                Assert.True(pool.Delete());
                Assert.Null(PoolTable.Find(pool.Id));
            },
            iter: 150,
            threads: 1);
}
