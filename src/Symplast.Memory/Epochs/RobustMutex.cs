using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// glibc's robust mutexes, used to detect the death of threads: the kernel marks the mutexes that a dying thread holds. Thread
/// ids cannot tell this, because they are reused.
/// </summary>
internal static unsafe partial class RobustMutex
{
    const int Robust = 1;
    const int OwnerDied = 130;
    const int AttributeSize = 16;

    /// <summary>Initialises a mutex in zeroed memory and locks it for the calling thread.</summary>
    internal static void CreateHeld(byte* mutex)
    {
        byte* attribute = stackalloc byte[AttributeSize];
        Initialize(attribute);
        SetRobust(attribute, Robust);
        InitializeMutex(mutex, attribute);
        DestroyAttribute(attribute);
        Lock(mutex);
    }

    /// <summary>True if the thread that held the mutex has died. The mutex is destroyed then.</summary>
    internal static bool HolderDied(byte* mutex)
    {
        if (TryLock(mutex) != OwnerDied) return false;
        MakeConsistent(mutex);
        return TryDestroy(mutex);
    }

    /// <summary>Unlocks a mutex and destroys it. False, with nothing changed, if the calling thread does not hold it.</summary>
    internal static bool TryDestroy(byte* mutex)
    {
        if (Unlock(mutex) != 0) return false;
        DestroyMutex(mutex);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "pthread_mutexattr_init")]
    private static partial int Initialize(byte* attribute);

    [LibraryImport("libc", EntryPoint = "pthread_mutexattr_setrobust")]
    private static partial int SetRobust(byte* attribute, int robust);

    [LibraryImport("libc", EntryPoint = "pthread_mutexattr_destroy")]
    private static partial int DestroyAttribute(byte* attribute);

    [LibraryImport("libc", EntryPoint = "pthread_mutex_init")]
    private static partial int InitializeMutex(byte* mutex, byte* attribute);

    [LibraryImport("libc", EntryPoint = "pthread_mutex_lock")]
    private static partial int Lock(byte* mutex);

    [LibraryImport("libc", EntryPoint = "pthread_mutex_trylock")]
    private static partial int TryLock(byte* mutex);

    [LibraryImport("libc", EntryPoint = "pthread_mutex_unlock")]
    private static partial int Unlock(byte* mutex);

    [LibraryImport("libc", EntryPoint = "pthread_mutex_consistent")]
    private static partial int MakeConsistent(byte* mutex);

    [LibraryImport("libc", EntryPoint = "pthread_mutex_destroy")]
    private static partial int DestroyMutex(byte* mutex);
}
