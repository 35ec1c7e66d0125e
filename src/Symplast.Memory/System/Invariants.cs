using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// Asserts in debug builds that the walk over a structure finds its invariants intact (after mimalloc's
/// <c>mi_assert_expensive</c>). Release builds contain neither the calls nor their arguments.
/// </summary>
/// <remarks>
/// A check stands where state has changed on a slow path. Some walk more than that path touches: all chunks of a heap when pages
/// are taken, all elements of a vector when a root is published. It asserts what the locks that are held protect, or what holds
/// at every moment. In the scheduled tests it checks nothing: an exception in the middle of an operation would leave its locks
/// held, and they walk the structures themselves at the end of each exploration.
/// </remarks>
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
        where T : unmanaged => Check(walk(structure), name);

    /// <summary>Throws if the walk, which needs to know a context, answers false.</summary>
    [Conditional("DEBUG")]
    public static void Check<T, TContext>(
        T* structure, TContext context, delegate*<T*, TContext, bool> walk,
        [CallerArgumentExpression(nameof(walk))] string? name = null)
        where T : unmanaged where TContext : struct => Check(walk(structure, context), name);
}
