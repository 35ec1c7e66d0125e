using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>Writing to files that several interpreters write to: pieces of different calls do not mix.</summary>
internal static unsafe partial class WholeWrites
{
    const int Interrupted = 4, WouldBlock = 11;     // EINTR, EAGAIN
    const short CanWrite = 4;                       // POLLOUT

    const int Locks = 1024;

    // A lock for each descriptor, unless there are very many: a writer may wait for the reader of one file, while that writes to
    // another file.
    static readonly int* Words = (int*)NativeMemory.AllocZeroed(Locks, sizeof(int));

    /// <summary>
    /// Writes all bytes, however long that takes. Returns 0 or the number of the error. Called with the GIL, which is released
    /// meanwhile.
    /// </summary>
    internal static int Write(int descriptor, byte* data, nint length)
    {
        void* thread = Api.Table.PyEval_SaveThread();
        int error = 0;
        int* word = Words + (uint)descriptor % Locks;
        if (!FutexLock.TryEnter(word)) FutexLock.EnterContended(word);
        while (length > 0 && error == 0)
        {
            nint written = WriteSome(descriptor, data, length);
            if (written >= 0)
            {
                data += written;
                length -= written;
                continue;
            }
            error = Marshal.GetLastPInvokeError();
            if (error == WouldBlock)
            {
                PollEntry entry = new() { Descriptor = descriptor, Events = CanWrite };
                Poll(&entry, 1, -1);
                error = 0;
            }
            else if (error == Interrupted)
            {
                error = 0;
            }
        }
        FutexLock.Exit(word);
        Api.Table.PyEval_RestoreThread(thread);
        return error;
    }

    struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteSome(int descriptor, byte* data, nint length);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(PollEntry* entries, nuint count, int timeout);
}
