using System.Runtime.InteropServices;
using Symplast.Memory;

namespace Symplast.Benchmarks;

/// <summary>Read sections and blocks.</summary>
internal static unsafe class MemorySuite
{
    const string Subject = "memory";

    internal static void Run(bool quick, Action<Row> report)
    {
        int* shared = (int*)NativeMemory.AllocZeroed(sizeof(int));
        ReaderWriterLockSlim gate = new();
        Contender section = new("", (_, count, _) =>
        {
            Participant* me = Epoch.Join();
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                Epoch.Enter(me);
                sum += Volatile.Read(ref *shared);
                Epoch.Exit(me);
            }
            Epoch.Leave(me);
            return sum;
        });
        Contender counting = new("shared reference count", (_, count, _) =>
        {
            for (int i = 0; i < count; i++)
            {
                Interlocked.Increment(ref *shared);
                Interlocked.Decrement(ref *shared);
            }
            return *shared;
        });
        Contender reading = new("ReaderWriterLockSlim", (_, count, _) =>
        {
            long sum = 0;
            for (int i = 0; i < count; i++)
            {
                gate.EnterReadLock();
                sum += Volatile.Read(ref *shared);
                gate.ExitReadLock();
            }
            return sum;
        });
        Contest.Run(report, Subject, "read section", 1, new Bar(0.5), section, counting, reading);
        Contest.Run(report, Subject, "read section, 2 threads", 2, new Bar(0.5), section, counting, reading);

        foreach (int size in (int[])[32, 256, 4096])
        {
            Pool pool = Pool.Create("bench");
            PoolHeap* heap = Heap.Of(pool);
            Contender ours = new("", (_, count, _) =>
            {
                Participant* me = Epoch.Join();
                Epoch.Enter(me);
                for (int i = 0; i < count; i++) Heap.Free(me, Heap.Allocate(me, heap, (nuint)size));
                Epoch.Exit(me);
                Epoch.Leave(me);
                return 0;
            });
            Contender malloc = new("malloc", (_, count, _) =>
            {
                for (int i = 0; i < count; i++) NativeMemory.Free(NativeMemory.Alloc((nuint)size));
                return 0;
            });
            Contest.Run(report, Subject, $"allocate and free {size} bytes", 1, new Bar(1), ours, malloc);
            Contest.Run(report, Subject, $"allocate and free {size} bytes, 2 threads", 2, new Bar(1), ours, malloc);
            pool.Delete();
        }
    }
}
