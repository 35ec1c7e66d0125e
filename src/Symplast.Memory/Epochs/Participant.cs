using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// A thread that reads or changes shared structures: its place in the epoch scheme and its allocator caches. Lives in native
/// memory; its address is an argument ("me") of every operation, which is faster than thread-local storage. From
/// <see cref="Epoch.Join()"/> to <see cref="Epoch.Leave"/>.
/// </summary>
/// <remarks>Used by the thread that joined only, but for <see cref="Announced"/>, which all may read.</remarks>
[StructLayout(LayoutKind.Explicit, Size = 512)]
public unsafe struct Participant
{
    /// <summary>Bytes of glibc's pthread_mutex_t, rounded up; 40 on x64, 48 on arm64.</summary>
    internal const int MutexSize = 64;

    /// <summary>(epoch &lt;&lt; 1) | 1 inside a read section, 0 outside. Alone on its pair of cache lines.</summary>
    [FieldOffset(0)]
    internal ulong Announced;

    /// <summary>How many sections are nested.</summary>
    [FieldOffset(128)]
    internal int Depth;

    /// <summary>Why the last allocation gave nothing.</summary>
    [FieldOffset(132)]
    public AllocationFailure Failure;

    /// <summary>Next in the list of all that ever joined; never unlinked.</summary>
    [FieldOffset(136)]
    internal Participant* Next;

    /// <summary>Next in the list of those that left.</summary>
    [FieldOffset(144)]
    internal Participant* NextFree;

    /// <summary>What the allocator keeps for the thread: its own business, but that it ends with the participant.</summary>
    [FieldOffset(152)]
    internal void* Caches;

    /// <summary>Length of <see cref="Caches"/>, in entries.</summary>
    [FieldOffset(160)]
    internal int CacheCount;

    /// <summary>1 from Join to Leave, or until its thread is found dead. Changes only while no other thread advances.</summary>
    [FieldOffset(164)]
    internal int Joined;

    /// <summary>
    /// The thread that joined, by the number that the C library has for it; that of a dead thread may be another one's by now. 0
    /// if it is no thread's own.
    /// </summary>
    [FieldOffset(168)]
    internal nuint Thread;

    /// <summary>1 if no thread's death ends it: see <see cref="Epoch.JoinUnbound"/>.</summary>
    [FieldOffset(176)]
    internal int IsUnbound;

    /// <summary>A robust mutex that the thread holds as long as it lives: whoever gets it learns that the thread died.</summary>
    [FieldOffset(192)]
    internal fixed byte Alive[MutexSize];
}
