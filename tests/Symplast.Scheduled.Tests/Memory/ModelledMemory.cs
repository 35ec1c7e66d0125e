using System.Runtime.CompilerServices;
using Symplast.Testing;

namespace Symplast.Memory.Tests;

/// <summary>
/// A model of memory for <see cref="Explorer"/>: a thread's stores wait in its buffer, in order, and become visible one by one
/// whenever the scheduler lets them (total store order: P. Sewell et al., "x86-TSO", 2010). Interlocked operations and fences
/// empty the buffer.
/// </summary>
internal sealed unsafe class StoreBuffer
{
    // At most a handful of stores are on their way at a time.
    readonly Queue<(nint Place, ulong Value)> _stores = new();
    readonly int* _isIdle = (int*)NativeWords.Take(1);
    bool _isDone;

    internal StoreBuffer() => *_isIdle = 1;

    internal void Add(ulong* place, ulong value)
    {
        _stores.Enqueue(((nint)place, value));
        *_isIdle = 0;
    }

    /// <summary>The newest store to a place that others do not see yet.</summary>
    internal bool TryFind(ulong* place, out ulong value)
    {
        value = 0;
        bool isFound = false;
        foreach ((nint at, ulong stored) in _stores)
        {
            if (at != (nint)place) continue;
            value = stored;
            isFound = true;
        }
        return isFound;
    }

    internal void Empty()
    {
        while (_stores.Count > 0) MakeVisible();
    }

    /// <summary>The owner makes no more stores.</summary>
    internal void Close()
    {
        _isDone = true;
        *_isIdle = 0;
    }

    /// <summary>What a thread of the trial does that makes the stores visible in its own time.</summary>
    internal void Drain(Participant* _)
    {
        while (true)
        {
            Interleaving.Await(_isIdle);
            if (_stores.Count > 0) MakeVisible();
            else if (_isDone) return;
        }
    }

    void MakeVisible()
    {
        (nint place, ulong value) = _stores.Dequeue();
        *(ulong*)place = value;
        *_isIdle = _stores.Count == 0 && !_isDone ? 1 : 0;
    }
}

/// <summary>Words at fixed addresses for the trials of one exploration; zeroed.</summary>
internal static unsafe class NativeWords
{
    const int Count = 4096;

    static readonly ulong* Words = (ulong*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(Count * sizeof(ulong), 128);
    static int _used;

    internal static void Reset() => _used = 0;

    internal static ulong* Take(int count)
    {
        ulong* words = Words + _used;
        _used += (count + 15) & ~15;
        if (_used > Count) throw new InvalidOperationException();
        new Span<ulong>(words, count).Clear();
        return words;
    }
}

/// <summary>What is left out of the protocol, to see that the tests notice.</summary>
[Flags]
internal enum Omission
{
    None = 0,

    /// <summary>No fence in other threads.</summary>
    FenceAll = 1,

    /// <summary>Several threads may advance at once.</summary>
    Serialisation = 2,
}

/// <summary>The accesses of a protocol on <see cref="StoreBuffer"/>s. A thread without one has its stores seen at once.</summary>
internal readonly unsafe struct ModelledMemory : IMemoryModel
{
    [ThreadStatic]
    static StoreBuffer? _own;

    static List<StoreBuffer> _all = [];
    static Omission _omission;

    internal static void Reset(Omission omission)
    {
        NativeWords.Reset();
        _all = [];
        _omission = omission;
    }

    /// <summary>A buffer; its owner calls <see cref="Own"/> at first.</summary>
    internal static StoreBuffer AddBuffer()
    {
        StoreBuffer buffer = new();
        _all.Add(buffer);
        return buffer;
    }

    internal static void Own(StoreBuffer? buffer) => _own = buffer;

    public static void Point() => Interleaving.Point();

    public static ulong Load(ref ulong place)
    {
        Point();
        return _own != null && _own.TryFind(Address(ref place), out ulong value) ? value : place;
    }

    public static void Store(ref ulong place, ulong value)
    {
        Point();
        if (_own == null) place = value;
        else _own.Add(Address(ref place), value);
    }

    public static ulong Increment(ref ulong place)
    {
        Point();
        _own?.Empty();
        return ++place;
    }

    public static void Exchange(ref ulong place, ulong value)
    {
        Point();
        _own?.Empty();
        place = value;
    }

    public static bool TryTake(ref int place)
    {
        Point();
        _own?.Empty();
        if (_omission.HasFlag(Omission.Serialisation)) return true;
        if (place != 0) return false;
        place = 1;
        return true;
    }

    public static void GiveBack(ref int place)
    {
        Point();
        _own?.Empty();
        place = 0;
    }

    // The threads do not execute it at the same moment.
    public static void FenceAll()
    {
        if (_omission.HasFlag(Omission.FenceAll)) return;
        foreach (StoreBuffer buffer in _all)
        {
            Point();
            buffer.Empty();
        }
    }

    static ulong* Address(ref ulong place) => (ulong*)Unsafe.AsPointer(ref place);
}
