using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Keeps the threads of interpreters from running while the program ends, when CPython does not (3.14 and newer): a thread that
/// waits for the GIL of an interpreter that ends waits in freed memory, and one of an interpreter that does not end goes on while
/// the runtime goes away. A thread of ours takes the GIL and keeps it.
/// </summary>
internal static unsafe class Standstill
{
    // Until then threads that hold a GIL in C code are waited for. They stop as soon as they let go of it.
    const long MostToWait = 200_000_000;        // nanoseconds

    /// <summary>
    /// Takes the GIL of each of the interpreters for ever. Called with the GIL of another, which is let go meanwhile.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a thread.</exception>
    internal static void Begin(ReadOnlySpan<nint> interpreters)
    {
        if (interpreters.Length == 0) return;
        // Neither is ever given back: a thread may come to its GIL later.
        int* missing = (int*)NativeMemory.Alloc(sizeof(int));
        *missing = interpreters.Length;
        foreach (nint interpreter in interpreters)
            new Thread(() => Hold((void*)interpreter, missing), maxStackSize: 256 << 10) { IsBackground = true }.Start();
        void* thread = Api.Table.PyEval_SaveThread();
        long end = Environment.TickCount64 * 1_000_000 + MostToWait;
        // Volatile to be read anew each time; pairs with the decrement in Hold, which wakes afterwards.
        for (int left; (left = Volatile.Read(ref *missing)) != 0;)
        {
            long now = Environment.TickCount64 * 1_000_000;
            if (now >= end) break;
            Futex.Wait(missing, left, end - now);
        }
        Api.Table.PyEval_RestoreThread(thread);
    }

    static void Hold(void* interpreter, int* missing)
    {
        void* visitor = Api.Table.PyThreadState_New(interpreter);
        if (visitor != null) Api.Table.PyEval_RestoreThread(visitor);
        // Pairs with the read in Begin. A full fence orders nothing else here: what the GIL guards is not looked at.
        Interlocked.Decrement(ref *missing);
        Futex.Wake(missing, int.MaxValue);
        Thread.Sleep(Timeout.Infinite);
    }
}
