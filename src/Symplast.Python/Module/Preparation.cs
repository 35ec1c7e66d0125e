using System.Runtime.CompilerServices;
using Symplast.Memory;
using Symplast.Python.Interpreting;
using Symplast.Python.Live;

namespace Symplast.Python;

/// <summary>
/// Does, at import, what the .NET runtime would otherwise do at the first use, when memory may be short. A failure for lack of
/// memory at the first use would be permanent, or end the process.
/// </summary>
/// <remarks>
/// A class constructor that has thrown is never run again. It also runs under a managed lock, which gives its thread a
/// finalizable id. Functions of libraries are bound when the module is loaded (DirectPInvoke). The collector's first memory is
/// allocated here and retained (System.GC.RetainVM), so that the few allocations of later calls succeed.
/// </remarks>
internal static class Preparation
{
    // This is more than the budget of the youngest generation (System.GC.Gen0Size). A collection therefore runs, and the memory
    // that the generation uses afterwards is allocated, too.
    const int Reserve = 6 << 20;
    const int Piece = 32 << 10;

    /// <summary>Called once a process, at the end of the first import.</summary>
    internal static void Run()
    {
        RunClassConstructors();
        for (int size = 0; size < Reserve; size += Piece) GC.KeepAlive(new byte[Piece]);
        Leases.EndThoseOfEnded();
        // Formatting and throwing allocate caches at their first use.
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
        RuntimeHelpers.RunClassConstructor(typeof(Deadlines).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(LiveStates).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(Parcels).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(PoolReference).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(Spin).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(SpinHabit).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(WholeWrites).TypeHandle);
        RuntimeHelpers.RunClassConstructor(typeof(WorkerInterpreter).TypeHandle);
    }
}
