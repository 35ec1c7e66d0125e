using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// The few system calls that the memory floor needs. Blittable, so a call costs one GC transition and no marshalling.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int ProtNone = 0;
    internal const int ProtRead = 1;
    internal const int ProtReadWrite = 3;
    internal const int MapPrivateAnonymous = 0x22;
    internal const int MapNoReserve = 0x4000;
    internal const int AdviseDontNeed = 4;
    internal const int AdviseWipeOnFork = 18;
    internal const int AdvisePopulateWrite = 23;

    internal static byte* MapFailed => (byte*)-1;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = false)]
    internal static partial byte* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    internal static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    internal static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    internal static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "aligned_alloc")]
    internal static partial void* AlignedAllocate(nuint alignment, nuint size);

    [LibraryImport("libc", EntryPoint = "free")]
    internal static partial void Free(void* memory);

    /// <summary>A number that differs from those of all other living threads.</summary>
    [LibraryImport("libc", EntryPoint = "pthread_self")]
    [SuppressGCTransition]
    internal static partial nuint CurrentThread();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint Futex(nint number, int* word, int operation, int value, void* timeout, int* word2, int value3);

    /// <summary>Adds to the number of an eventfd, whose readers wake.</summary>
    [LibraryImport("libc", EntryPoint = "eventfd_write")]
    internal static partial int AddToEvent(int descriptor, ulong value);
}
