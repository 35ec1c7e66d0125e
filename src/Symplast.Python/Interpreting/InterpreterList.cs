using Symplast.CPython;
using Symplast.Python.Extensions;

namespace Symplast.Python.Interpreting;

/// <summary>
/// CPython's list of interpreters, from which those are taken at the end of the program that CPython cannot end.
/// </summary>
/// <remarks>
/// At the end of the program CPython ends what is in the list. For an interpreter in which threads are left that is a fatal error
/// on 3.12 and 3.13; on 3.14 and newer it frees the GIL, which lies in the interpreter's state, while threads wait for it. What
/// is not in the list stays in memory as it is. Its threads end on 3.12 and 3.13 when they come out of C code, as daemon threads
/// of the main interpreter do; on 3.14 and newer <see cref="Standstill"/> stops them.
/// </remarks>
internal static unsafe class InterpreterList
{
    // Words from the beginning of an interpreter's state, and of the process's, among which the link to the next, or the first,
    // is.
    const int Reach = 4096;

    /// <summary>
    /// Takes an interpreter out of the list; without effect if the list is not as expected. Called when no interpreter begins or
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

    // Which word it is differs; the right one is that by which CPython itself finds the next.
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
