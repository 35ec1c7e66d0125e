using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>
/// Checks that this is the process that imported the module. A forked child has the memory of that process, but not its threads.
/// </summary>
internal static unsafe class ThisProcess
{
    /// <summary>True in the process that imported the module; in a forked child false, with RuntimeError set.</summary>
    internal static bool Check()
    {
        if (!ForkGuard.IsForkedChild) return true;
        Errors.Runtime("symplast cannot be used in a process forked after it was imported; start the process with the 'spawn' or "
            + "'forkserver' method, or import symplast in the child only");
        return false;
    }
}
