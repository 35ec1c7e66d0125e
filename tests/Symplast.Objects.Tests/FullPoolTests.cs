using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Pools in which not a byte is left: what makes structures smaller, or no larger, works all the same.</summary>
public sealed unsafe class FullPoolTests : IDisposable
{
    const long MaxBytes = 200_000;

    static readonly string[] Emptying =
        ["get", "count", "clear", "remove", "removeif", "removeat", "takeat", "takefirst", "take", "first", "last", "popmin",
            "popmax", "reverse", "sort", "removeequal", "removesame", "set"];

    readonly Participant* _me = Epoch.Join();

    public void Dispose() => Epoch.Leave(_me);

    /// <summary>Numbers in the list of all structures.</summary>
    public static TheoryData<int> Structures => [.. Enumerable.Range(0, Battery.All().Length)];

    [Theory]
    [MemberData(nameof(Structures))]
    public void TheyCanBeEmptied(int structure)
    {
        Battery battery = Battery.All()[structure];
        foreach (string operation in battery.Operations.Intersect(Emptying))
        {
            if (!battery.ShrinksInPlace && operation is "remove" or "take") continue;
            Pool pool = Pool.Create("full", MaxBytes);
            PoolHeap* heap = pool.LiveHeap();
            Epoch.Enter(_me);
            Value held = Value.Of((Header*)AtomicInteger.Create(_me, heap, 1));
            nint made = battery.Create(_me, heap, held);
            Epoch.Exit(_me);
            List<nint> blocks = Fill(heap);
            Assert.Equal(Status.Done, battery.Do(_me, made, operation, held));
            Assert.True(battery.IsValid(_me, made), operation);
            battery.Drop(_me, made);
            Epoch.Enter(_me);
            Reference.Drop(_me, held);
            foreach (nint block in blocks) Heap.Free(_me, (void*)block);
            Epoch.Exit(_me);
            Assert.Equal(0, Heap.LiveBlocks(heap));
            // Nothing was charged that was not given back, nor the other way round.
            Assert.Equal(MaxBytes / 16, Fill(heap).Count);
            pool.Delete();
        }
    }

    List<nint> Fill(PoolHeap* heap)
    {
        List<nint> blocks = [];
        Epoch.Enter(_me);
        void* block;
        while ((block = Heap.Allocate(_me, heap, 16)) != null) blocks.Add((nint)block);
        Assert.Equal(AllocationFailure.PoolFull, _me->Failure);
        Epoch.Exit(_me);
        return blocks;
    }
}
