using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The accesses to shared memory of which a protocol is made. A protocol that is generic over them runs on the hardware in the
/// product, and in tests on a model of the hardware, in which stores become visible late and every order is explored.
/// </summary>
internal interface IMemoryModel
{
    /// <summary>An acquire load: it comes before all later accesses.</summary>
    static abstract ulong Load(ref ulong place);

    /// <summary>
    /// A release store: it comes after all earlier accesses. Other threads may see it late, after loads that follow it.
    /// </summary>
    static abstract void Store(ref ulong place, ulong value);

    /// <summary>Atomically adds one and returns the sum. A full fence.</summary>
    static abstract ulong Increment(ref ulong place);

    /// <summary>Atomically changes 0 to 1; false if the word was not 0. A full fence.</summary>
    static abstract bool TryTake(ref int place);

    /// <summary>A release store of 0.</summary>
    static abstract void GiveBack(ref int place);

    /// <summary>A full fence in every running thread of the process.</summary>
    static abstract void FenceAll();
}

/// <summary>The hardware.</summary>
internal readonly struct Hardware : IMemoryModel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Point() { }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load(ref ulong place) => Volatile.Read(ref place);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref ulong place, ulong value) => Volatile.Write(ref place, value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Increment(ref ulong place) => Interlocked.Increment(ref place);

    /// <inheritdoc/>
    // The first read only saves exchanges that must fail.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTake(ref int place) =>
        Volatile.Read(ref place) == 0 && Interlocked.CompareExchange(ref place, 1, 0) == 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void GiveBack(ref int place) => Volatile.Write(ref place, 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FenceAll() => Interlocked.MemoryBarrierProcessWide();
}
