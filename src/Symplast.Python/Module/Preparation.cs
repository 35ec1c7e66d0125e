using System.Runtime.CompilerServices;
using Symplast.Memory;
using Symplast.Python.Interpreting;
using Symplast.Python.Live;

namespace Symplast.Python;

/// <summary>
/// Done at the import what the .NET runtime would do at first use, when memory may be short: what fails there for want of memory
/// fails for good, or ends the process.
/// </summary>
/// <remarks>
/// A class constructor that throws is never run again; and it runs under a managed lock, which gives its thread a finalizable id.
/// Libraries' functions are bound when the module is loaded (DirectPInvoke). The collector's first memory is asked for here and
/// kept (System.GC.RetainVM), so that the little that calls allocate is there.
/// </remarks>
internal static class Preparation
{
    // More than the youngest generation may have before it is collected (System.GC.Gen0Size), so that the memory it moves on to
    // is there too.
    const int Reserve = 6 << 20;
    const int Piece = 32 << 10;

    /// <summary>Called once a process, at the end of the first import.</summary>
    internal static void Run()
    {
        RunClassConstructors();
        for (int size = 0; size < Reserve; size += Piece) GC.KeepAlive(new byte[Piece]);
        Leases.EndThoseOfEnded();
        // Formatting and throwing set up caches of their own.
        string number = string.Create(null, $"{Reserve}{(double)Piece}{nameof(Preparation)}");
        try
        {
            throw new InsufficientMemoryException(number);
        }
        catch (OutOfMemoryException e)
        {
            GC.KeepAlive(e);
        }
    }

    static void RunClassConstructors()
    {
        RuntimeHelpers.RunClassConstructor(typeof(PoolTable).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(ArrayNumbers).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(Classes).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(CrossPool).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(LiveStates).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(Parcels).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(PoolReference).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(Spin).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(SpinHabit).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(WorkerInterpreter).TypeHandle);
    }
}
