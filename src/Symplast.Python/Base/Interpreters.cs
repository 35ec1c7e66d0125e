using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>Tells which interpreters live.</summary>
internal static unsafe class Interpreters
{
    static int _expected;       // the number of worker threads
    static readonly WordLock Gate = WordLock.Create();
    static readonly HashSet<long> Noted = [];

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

    /// <summary>Records that an interpreter has imported the module. Returns true.</summary>
    internal static bool Note(long id)
    {
        using (Gate.Hold()) return Noted.Add(id) || true;
    }

    /// <summary>
    /// The numbers of the interpreters that live and have imported the module, in rising order. CPython's own list cannot be
    /// walked while interpreters of other threads end.
    /// </summary>
    internal static long[] Living()
    {
        using (Gate.Hold())
        {
            Noted.RemoveWhere(static id => !Exists(id));
            return [.. Noted.Order()];
        }
    }

    /// <summary>Whether an interpreter with this number lives. Takes the runtime's lock on the list of interpreters.</summary>
    internal static bool Exists(long id)
    {
        if (id < 0) return false;
        if (Api.Table._PyInterpreterState_LookUpID(id) != null) return true;
        Api.Table.PyErr_Clear();
        return false;
    }
}
