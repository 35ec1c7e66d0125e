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
            PoolHeap* heap = pool.LiveHeap();
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
            RemoteFrees(report, heap, size);
            pool.Delete();
        }
    }

    // Each of two threads frees what the other one allocated; they meet after each batch.
    static void RemoteFrees(Action<Row> report, PoolHeap* heap, int size)
    {
        const int Batch = 8192;
        nint[][] blocks = [new nint[Batch], new nint[Batch]];
        using Barrier meeting = new(2);

        Contender Side(string name, Allocating allocate, Freeing free) => new(name, (thread, count, _) =>
        {
            Participant* me = Epoch.Join();
            for (int left = count; left > 0; left -= Batch)
            {
                int now = Math.Min(left, Batch);
                Epoch.Enter(me);
                for (int i = 0; i < now; i++) blocks[thread][i] = (nint)allocate(me);
                Epoch.Exit(me);
                meeting.SignalAndWait();
                Epoch.Enter(me);
                for (int i = 0; i < now; i++) free(me, (void*)blocks[1 - thread][i]);
                Epoch.Exit(me);
                meeting.SignalAndWait();
            }
            Epoch.Leave(me);
            return 0;
        });

        Contest.Run(report, Subject, $"allocate, and free the other thread's, {size} bytes", 2, new Bar(1),
            Side("", me => Heap.Allocate(me, heap, (nuint)size), Heap.Free),
            Side("malloc", _ => NativeMemory.Alloc((nuint)size), (_, block) => NativeMemory.Free(block)));
    }

    delegate void* Allocating(Participant* me);

    delegate void Freeing(Participant* me, void* block);
}
