using System.Diagnostics;

namespace Symplast.Memory;

/// <summary>
/// Checks nothing in explorations, and the compiler leaves the calls out: an exception in the middle of an operation would leave
/// its locks held. The tests walk the structures at the end of each exploration.
/// </summary>
public static unsafe class Invariants
{
    const string Never = "EXPLORATIONS_CHECK_INVARIANTS";

    /// <summary>Not called.</summary>
    [Conditional(Never)]
    public static void Check(bool holds) { }

    /// <summary>Not called.</summary>
    [Conditional(Never)]
    public static void Check<T>(T* structure, delegate*<T*, bool> walk) where T : unmanaged { }

    /// <summary>Not called.</summary>
    [Conditional(Never)]
    public static void Check<T, TContext>(T* structure, TContext context, delegate*<T*, TContext, bool> walk)
        where T : unmanaged where TContext : struct
    { }
}
