using Symplast.CPython;

namespace Symplast.Python;

/// <summary>Tells which interpreters live.</summary>
internal static unsafe class Interpreters
{
    static int _expected;       // the number of worker threads

    /// <summary>The number of the main interpreter.</summary>
    internal const long MainId = 0;

    /// <summary>The number of the interpreter that this thread runs.</summary>
    internal static long CurrentId() => Api.Table.PyInterpreterState_GetID(Api.Table.PyInterpreterState_Get());

    /// <summary>Whether the calling thread runs the main interpreter.</summary>
    internal static bool IsMain() => Api.Table.PyInterpreterState_Get() == Api.Table.PyInterpreterState_Main();

    /// <summary>
    /// Whether there is no other interpreter than the main one, and no thread that is about to make one for an executor.
    /// </summary>
    /// <remarks>
    /// CPython inserts new interpreters at the head of its list. While the main interpreter holds its GIL and only its own
    /// executors make workers, none can begin or end.
    /// </remarks>
    internal static bool IsAlone() =>
        Api.Table.PyInterpreterState_Head() == Api.Table.PyInterpreterState_Main() && Volatile.Read(ref _expected) == 0;

    /// <summary>Changes the number of worker threads. Called before a thread begins and after it has ended.</summary>
    /// <remarks>Full fence; the GIL of the main interpreter orders it with <see cref="IsAlone"/> where that matters.</remarks>
    internal static void CountWorkers(int more) => Interlocked.Add(ref _expected, more);
}
