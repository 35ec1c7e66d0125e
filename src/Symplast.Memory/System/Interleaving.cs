using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// Where a test may switch threads: protocols and structures call <see cref="Point"/> before each access to shared memory whose
/// order matters. They are generic over it, so that in the product it compiles to nothing.
/// </summary>
public interface IInterleaving
{
    /// <summary>The calling thread is about to access shared memory.</summary>
    static abstract void Point();

    /// <summary>
    /// The calling thread can do nothing before another one has changed something: called once a turn of a loop that waits. In
    /// the product such loops spin, yield or sleep by themselves.
    /// </summary>
    static virtual void Spin() { }

    /// <summary>The same, where it waits for a lock's word to become 0.</summary>
    static virtual unsafe void Await(int* word) { }

    /// <summary>
    /// Whether a test leaves this step of a protocol out, to see that the loss is noticed; each structure has an enumeration of
    /// such steps. Nothing is left out of the product, which has no code for it.
    /// </summary>
    static virtual bool Omits<TStep>(TStep step) where TStep : struct, Enum => false;
}

/// <summary>The product's: nothing.</summary>
public readonly struct Uninterrupted : IInterleaving
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Point() { }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spin() { }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Await(int* word) { }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Omits<TStep>(TStep step) where TStep : struct, Enum => false;
}
