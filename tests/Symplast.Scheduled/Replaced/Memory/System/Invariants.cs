using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>The product's, but walks pass points by: the explored programs are those without the checks.</summary>
public static unsafe class Invariants
{
    /// <summary>Throws if the condition does not hold.</summary>
    [Conditional("DEBUG")]
    public static void Check(bool holds, [CallerArgumentExpression(nameof(holds))] string? walk = null)
    {
        if (!holds) throw new UnreachableException($"broken invariant: {walk}");
    }

    /// <summary>Throws if the walk answers false.</summary>
    [Conditional("DEBUG")]
    public static void Check<T>(
        T* structure, delegate*<T*, bool> walk, [CallerArgumentExpression(nameof(walk))] string? name = null)
        where T : unmanaged
    {
        using Interleaving.Solitude alone = Interleaving.Alone();
        Check(walk(structure), name);
    }

    /// <summary>Throws if the walk, which needs to know a context, answers false.</summary>
    [Conditional("DEBUG")]
    public static void Check<T, TContext>(
        T* structure, TContext context, delegate*<T*, TContext, bool> walk,
        [CallerArgumentExpression(nameof(walk))] string? name = null)
        where T : unmanaged where TContext : struct
    {
        using Interleaving.Solitude alone = Interleaving.Alone();
        Check(walk(structure, context), name);
    }
}
