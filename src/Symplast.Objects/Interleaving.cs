using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Where a test may switch threads: structures call <see cref="Point"/> before each access to shared memory whose order matters. They are generic over
/// it, so that in the product it compiles to nothing.
/// </summary>
public interface IInterleaving
{
    /// <summary>The calling thread is about to access shared memory.</summary>
    static abstract void Point();
}

/// <summary>The product's: nothing.</summary>
public readonly struct Uninterrupted : IInterleaving
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Point() { }
}
