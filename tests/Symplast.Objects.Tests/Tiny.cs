using Symplast.Memory;

namespace Symplast.Objects.Tests;

/// <summary>The product's code with small numbers (segments, shards), so that short histories cross all borders.</summary>
public readonly unsafe struct Tiny : IInterleaving
{
    public static void Point() { }

    public static void Spin() => Thread.Yield();

    public static void Await(int* word) => Thread.Yield();
}
