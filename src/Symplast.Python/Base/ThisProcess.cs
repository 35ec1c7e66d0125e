using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>The process that imported the module, and no other: a forked child has the memory, but not the threads.</summary>
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
