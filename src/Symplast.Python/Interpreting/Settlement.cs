using Symplast.CPython;
using Symplast.Python.Extensions;

namespace Symplast.Python.Interpreting;

/// <summary>What must be done in a process before it may have several interpreters.</summary>
internal static unsafe class Settlement
{
    static bool _settled;

    /// <summary>
    /// Makes what CPython keeps for all interpreters safe with several of them, once a process; called by whoever is about to
    /// make one. False with an exception set.
    /// </summary>
    internal static bool Run()
    {
        if (Volatile.Read(ref _settled)) return Raise();
        if (!Interpreters.IsMain())
            return Visit.Run(Api.Table.PyInterpreterState_Main(), &Settle)
            ? Raise() : Errors.Runtime("the main interpreter could not be prepared for workers") != null;
        return Settle() && Raise();
    }

    static bool Settle()
    {
        bool done = GuardedFunctions.Install() && MemoryTracing.Refresh() && ProgramEnd.Register() && BuiltInModules.Allow()
            && StaticTypes.MakeReady() && FaultHandling.Prepare();
        if (done) Arenas.Watch();
        // Release; pairs with the acquire in Run.
        if (done) Volatile.Write(ref _settled, true);
        return done;
    }

    static bool Raise() => MemoryTracing.AllowsWorkers || Errors.Runtime(MemoryTracing.Refusal) != null;
}
