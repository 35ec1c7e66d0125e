using Symplast.CPython;
using Symplast.Python.Extensions;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Removes interpreters that CPython cannot end from CPython's list of interpreters, at the end of the program.
/// </summary>
/// <remarks>
/// At the end of the program CPython ends each interpreter in the list. An interpreter with threads is a fatal error on 3.12 and
/// 3.13. 3.14 and newer free the GIL, which lies in the interpreter's state, while threads wait for it. An interpreter outside
/// the list stays in memory unchanged. On 3.12 and 3.13 its threads end when they return from C code, as daemon threads of the
/// main interpreter do; on 3.14 and newer <see cref="Standstill"/> stops them.
/// </remarks>
internal static unsafe class InterpreterList
{
    // The link to the next interpreter, or to the first one, is among this many words at the beginning of an interpreter's state,
    // or of the runtime's.
    const int Reach = 4096;

    /// <summary>
    /// Removes an interpreter from the list. Has no effect if the list is not as expected. Called when no interpreter begins or
    /// ends.
    /// </summary>
    internal static void Remove(void* interpreter)
    {
        ref Api api = ref Api.Table;
        void* next = api.PyInterpreterState_Next(interpreter);
        void* before = api.PyInterpreterState_Head();
        if (before == interpreter)
        {
            Relink((void**)Linux.FindSymbol(null, "_PyRuntime"), null, interpreter, next);
            return;
        }
        while (before != null && api.PyInterpreterState_Next(before) != interpreter) before = api.PyInterpreterState_Next(before);
        Relink((void**)before, before, interpreter, next);
    }

    // The offset of the link differs between versions. The right word is the one through which CPython itself finds the next.
    static void Relink(void** words, void* before, void* interpreter, void* next)
    {
        for (int i = 0; words != null && i < Reach; i++)
        {
            if (words[i] != interpreter) continue;
            words[i] = next;
            void* found = before == null ? Api.Table.PyInterpreterState_Head() : Api.Table.PyInterpreterState_Next(before);
            if (found == next) return;
            words[i] = interpreter;
        }
    }
}
