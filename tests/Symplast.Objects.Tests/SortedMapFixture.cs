using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>Nodes so small that a few keys make a tree of several levels.</summary>
public readonly struct SmallNodes : ISortedMapRules
{
    public static int LeafCapacity => 4;

    public static int InnerCapacity => 4;
}

/// <summary>A pool of a test's own, and the calling thread as a participant.</summary>
internal sealed unsafe class SortedMapFixture : IDisposable
{
    readonly Pool _pool = Pool.Create("sorted map");
    readonly Thread _thread = Thread.CurrentThread;

    internal SortedMapFixture()
    {
        Me = Epoch.Join();
        PoolHeap = Heap.Of(_pool);
    }

    internal Participant* Me { get; }

    internal PoolHeap* PoolHeap { get; }

    public void Dispose()
    {
        Assert.Same(_thread, Thread.CurrentThread);
        Epoch.Leave(Me);
        _pool.Delete();
    }

    /// <summary>A text in the pool, with one reference.</summary>
    internal static Value Text(Participant* me, PoolHeap* heap, string text, ValueKind kind = ValueKind.Text)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        Epoch.Enter(me);
        fixed (byte* data = bytes)
        {
            byte none = 0;
            Value value = Blob.Create(me, heap, kind, bytes.Length == 0 ? &none : data, (nuint)bytes.Length, Hashing.OfBytes(bytes));
            Epoch.Exit(me);
            return value;
        }
    }

    internal static Value Int(long number) => Value.OfInt(number);

    internal static Probe Key(long number) => Probe.Of(Value.OfInt(number));
}
