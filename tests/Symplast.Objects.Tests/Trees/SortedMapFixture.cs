using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>A pool of a test's own, and the calling thread as a participant.</summary>
internal sealed unsafe class SortedMapFixture : IDisposable
{
    readonly Pool _pool = Pool.Create("sorted map");
    readonly Thread _thread = Thread.CurrentThread;

    internal SortedMapFixture()
    {
        Me = Epoch.Join();
        // Checked: what is freed is poisoned and held back for a while.
        HeapDebug.Start(quarantineBytes: 1 << 20);
        PoolHeap = _pool.LiveHeap();
        HeapDebug.Stop();
    }

    internal Participant* Me { get; }

    internal PoolHeap* PoolHeap { get; }

    public void Dispose()
    {
        Assert.Same(_thread, Thread.CurrentThread);
        Epoch.Leave(Me);
        _pool.Delete();
    }

    /// <summary>Runs on so many threads at the same time, each a participant; the first exception is thrown again.</summary>
    internal static void Together(int count, Action<int, nint> body)
    {
        using Barrier start = new(count);
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            Participant* me = Epoch.Join();
            start.SignalAndWait();
            try
            {
                body(number, (nint)me);
            }
            catch (Exception e)
            {
                failure ??= System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
                while (Epoch.IsInside(me)) Epoch.Exit(me);
            }
            Epoch.Leave(me);
        }) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        // Far beyond what any test needs: it only turns a hang into a failure.
        Array.ForEach(threads, thread => Assert.True(thread.Join(TimeSpan.FromMinutes(1)), "a thread never came back"));
        failure?.Throw();
    }

    /// <summary>Drops a reference.</summary>
    internal static void Drop(Participant* me, Value value)
    {
        Epoch.Enter(me);
        Reference.Drop(me, value);
        Epoch.Exit(me);
    }

    /// <summary>Drops a reference to a map.</summary>
    internal static void Drop(Participant* me, SortedMap* map)
    {
        Epoch.Enter(me);
        Reference.Drop(me, &map->Object.Head);
        Epoch.Exit(me);
    }

    /// <summary>All entries, without references: for as long as the map keeps them.</summary>
    internal static List<SortedEntry> Entries(Participant* me, SortedMap* map)
    {
        Assert.Equal(Status.Done, SortedMap.SnapshotEntries(me, map, out MapSnapshot* snapshot));
        return Copy(me, snapshot);
    }

    /// <summary>The keys of a range, without references: for as long as the map keeps them.</summary>
    internal static List<Value> Keys(Participant* me, SortedMap* map, in SortedBound lower, in SortedBound upper)
    {
        Assert.Equal(Status.Done, SortedMap.SnapshotKeys(me, map, lower, upper, out MapSnapshot* snapshot));
        List<SortedEntry> entries = Copy(me, snapshot);
        Assert.All(entries, entry => Assert.True(entry.Value.IsEmpty));
        return entries.ConvertAll(entry => entry.Key);
    }

    static List<SortedEntry> Copy(Participant* me, MapSnapshot* snapshot)
    {
        List<SortedEntry> entries = [];
        for (ulong i = 0; i < snapshot->Count; i++)
            entries.Add(new SortedEntry(MapSnapshot.Key(snapshot, i), MapSnapshot.Value(snapshot, i)));
        MapSnapshot.Free(me, snapshot);
        return entries;
    }

    /// <summary>A text in the pool, with one reference.</summary>
    internal static Value Text(Participant* me, PoolHeap* heap, string text, ValueKind kind = ValueKind.Text)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        Epoch.Enter(me);
        fixed (byte* data = bytes)
        {
            byte none = 0;
            Value value =
                Blob.Create(me, heap, kind, bytes.Length == 0 ? &none : data, (nuint)bytes.Length, Hashing.OfBytes(bytes));
            Epoch.Exit(me);
            return value;
        }
    }

    /// <summary>A key as it comes from outside the pool: of a text only the bytes. The key must stay.</summary>
    internal static Probe Ask(Value key) =>
        key.PointsTo(ValueKind.Text)
            ? Probe.Text(Blob.Data((Blob*)key.Pointer), Blob.LengthOf(key), Hashing.Of(key)) : Probe.Of(key);

    internal static Value Int(long number) => Value.OfInt(number);

    internal static Probe Key(long number) => Probe.Of(Value.OfInt(number));
}
