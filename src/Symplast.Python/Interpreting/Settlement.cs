using Symplast.CPython;
using Symplast.Python.Extensions;

namespace Symplast.Python.Interpreting;

/// <summary>Prepares a process to have several interpreters.</summary>
internal static unsafe class Settlement
{
    static bool _settled;

    /// <summary>
    /// Makes what CPython keeps for all interpreters safe with several of them, once a process. Called before an interpreter is
    /// created. Returns false with an exception set.
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
        // Release; pairs with the acquire at the beginning of Run.
        if (done) Volatile.Write(ref _settled, true);
        return done;
    }

    static bool Raise() => MemoryTracing.AllowsWorkers || Errors.Runtime(MemoryTracing.Refusal) != null;
}
