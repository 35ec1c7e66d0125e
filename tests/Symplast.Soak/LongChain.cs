using System.Diagnostics;

namespace Symplast.Soak;

/// <summary>
/// Ten million objects, each held by the next alone: the last reference releases them all, and nothing recurses.
/// </summary>
internal static unsafe class LongChain
{
    const int Links = 10_000_000;

    internal static void Run(Participant* me)
    {
        Pool pool = Pool.Create("chain");
        PoolHeap* heap = pool.LiveHeap();
        long start = Stopwatch.GetTimestamp();
        Epoch.Enter(me);
        Value chain = Value.None;
        for (int i = 0; i < Links; i++)
        {
            AtomicCell* cell = Cells.Create(me, heap, chain);
            // What the cell does not hold is held by nobody.
            if (cell == null) Verdict.Fatal("no memory for a long chain");
            Reference.Drop(me, chain);
            chain = Value.Of((Header*)cell);
        }
        Epoch.Exit(me);
        TimeSpan made = Stopwatch.GetElapsedTime(start);
        Verdict.Check(Heap.LiveBlocks(heap) == Links, "a long chain has all its links");
        start = Stopwatch.GetTimestamp();
        Epoch.Enter(me);
        Reference.Drop(me, chain);
        Epoch.Exit(me);
        TimeSpan released = Stopwatch.GetElapsedTime(start);
        Verdict.Check(Heap.LiveBlocks(heap) == 0, "a long chain dies with its last reference");
        Heap.Collect(me, heap);
        pool.Delete();
        Console.WriteLine($"a chain of {Links:N0}: made in {made.TotalSeconds:0.0} s, released in {released.TotalSeconds:0.0} s");
    }
}
