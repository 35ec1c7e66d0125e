using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The accesses to shared memory that a protocol is made of. A protocol that is generic over them runs on the hardware in the
/// product, and in tests on a model of it, in which stores become visible late and the order of everything is explored.
/// </summary>
internal interface IMemoryModel
{
    /// <summary>A load that comes before all accesses after it (acquire).</summary>
    static abstract ulong Load(ref ulong place);

    /// <summary>
    /// A store that comes after all accesses before it (release). Others may see it late, after loads that follow it.
    /// </summary>
    static abstract void Store(ref ulong place, ulong value);

    /// <summary>Adds one and returns the sum, as one step; a full fence.</summary>
    static abstract ulong Increment(ref ulong place);

    /// <summary>Changes a 0 to 1, as one step; false if it was none. A full fence.</summary>
    static abstract bool TryTake(ref int place);

    /// <summary>Changes it back to 0, after all accesses before it (release).</summary>
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
    // The first read only avoids useless exchanges.
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
