using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Stops the threads of interpreters while the program ends, which CPython 3.14 and newer do not. A thread that waits for the GIL
/// of an interpreter that ends would wait in freed memory. A thread of an interpreter that does not end would run while the
/// runtime goes away. So a thread of ours takes each such GIL and keeps it.
/// </summary>
internal static unsafe class Standstill
{
    // The longest wait for threads that hold a GIL in C code. A thread that releases its GIL later stops at that moment.
    const long MostToWait = 200_000_000;        // nanoseconds

    /// <summary>
    /// Takes the GIL of each of the interpreters for ever. Called with the GIL of another interpreter, which is released
    /// meanwhile.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a thread.</exception>
    internal static void Begin(ReadOnlySpan<nint> interpreters)
    {
        if (interpreters.Length == 0) return;
        // Neither the word nor the threads are ever freed: a thread may get its GIL later.
        int* missing = (int*)NativeMemory.Alloc(sizeof(int));
        *missing = interpreters.Length;
        foreach (nint interpreter in interpreters)
            new Thread(() => Hold((void*)interpreter, missing), maxStackSize: 256 << 10) { IsBackground = true }.Start();
        void* thread = Api.Table.PyEval_SaveThread();
        long end = Environment.TickCount64 * 1_000_000 + MostToWait;
        // Volatile, so that each turn reads anew; pairs with the decrement in Hold, which is followed by the wake-up.
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
        // Pairs with the read in Begin. The full fence is not needed for anything else: no data that the GIL guards are read.
        Interlocked.Decrement(ref *missing);
        Futex.Wake(missing, int.MaxValue);
        Thread.Sleep(Timeout.Infinite);
    }
}
