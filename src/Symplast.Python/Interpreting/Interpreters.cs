using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Extensions;
using Symplast.Python.Live;

namespace Symplast.Python.Interpreting;

/// <summary>Which interpreters live, as far as pools need to know and what is the whole process's.</summary>
internal static unsafe class Interpreters
{
    static int _expected;       // threads of workers
    static bool _settled;

    /// <summary>
    /// Ends the leases of interpreters that have ended, so that the memory of deleted pools can return. Interpreters that others started end
    /// without telling us, and nothing of theirs can run after they dropped their last pointer; so it is looked up whether they still exist.
    /// </summary>
    internal static void EndLeasesOfEnded() => PoolTable.EndLeases(static id =>
    {
        if (id < 0) return CrossPool.HasEnded(id);
        // Numbers are never reused. The look-up takes the runtime's lock on the list of interpreters.
        if (Api.Table._PyInterpreterState_LookUpID(id) != null) return false;
        Api.Table.PyErr_Clear();
        return true;
    });

    /// <summary>The number of the main interpreter.</summary>
    internal const long MainId = 0;

    /// <summary>The number of the interpreter that this thread runs.</summary>
    internal static long CurrentId() => Api.Table.PyInterpreterState_GetID(Api.Table.PyInterpreterState_Get());

    /// <summary>Whether the calling thread runs the main interpreter.</summary>
    internal static bool IsMain() => Api.Table.PyInterpreterState_Get() == Api.Table.PyInterpreterState_Main();

    /// <summary>Whether there is no other interpreter than the main one, and no thread that is about to make one for an executor.</summary>
    /// <remarks>New interpreters come first in the runtime's list. For the main interpreter no worker can come or go while it holds its GIL and only its own executors make any.</remarks>
    internal static bool IsAlone() => Api.Table.PyInterpreterState_Head() == Api.Table.PyInterpreterState_Main() && Volatile.Read(ref _expected) == 0;

    /// <summary>Counts threads that are for workers, before they begin and after they have ended.</summary>
    /// <remarks>Full fence; the GIL of the main interpreter orders it with <see cref="IsAlone"/> where that matters.</remarks>
    internal static void CountWorkers(int more) => Interlocked.Add(ref _expected, more);

    /// <summary>
    /// Makes what CPython keeps for all interpreters safe with several of them, once a process; called by whoever is about to make one. False with an exception set.
    /// </summary>
    internal static bool SettleProcess()
    {
        if (Volatile.Read(ref _settled)) return Raise();
        if (!IsMain()) return Visit.Run(Api.Table.PyInterpreterState_Main(), &Settle) ? Raise() : Errors.Runtime("the main interpreter could not be prepared for workers") != null;
        return Settle() && Raise();
    }

    static bool Settle()
    {
        bool done = GuardedFunctions.Install() && MemoryTracing.Refresh() && ProgramEnd.Register() && BuiltInModules.Allow() && StaticTypes.MakeReady() && FaultHandling.Prepare();
        if (done) Arenas.Watch();
        // Release; pairs with the acquire in SettleProcess.
        if (done) Volatile.Write(ref _settled, true);
        return done;
    }

    static bool Raise() => MemoryTracing.AllowsWorkers || Errors.Runtime(MemoryTracing.Refusal) != null;
}
