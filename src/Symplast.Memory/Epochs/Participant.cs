using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// A thread that reads or changes shared structures: its place in the epoch scheme and its allocator caches. It lies in native
/// memory, and its address is an argument ("me") of every operation, which is faster than thread-local storage. It is valid from
/// <see cref="Epoch.Join()"/> to <see cref="Epoch.Leave"/>.
/// </summary>
/// <remarks>Only the thread that joined uses it, except <see cref="Announced"/>, which every thread may read.</remarks>
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

    /// <summary>Why the last allocation returned null.</summary>
    [FieldOffset(132)]
    public AllocationFailure Failure;

    /// <summary>Next in the list of all participants that ever joined; never unlinked.</summary>
    [FieldOffset(136)]
    internal Participant* Next;

    /// <summary>Next in the list of participants that left.</summary>
    [FieldOffset(144)]
    internal Participant* NextFree;

    /// <summary>The allocator's data for the thread. They end with the participant; only the allocator uses them.</summary>
    [FieldOffset(152)]
    internal void* Caches;

    /// <summary>Length of <see cref="Caches"/>, in entries.</summary>
    [FieldOffset(160)]
    internal int CacheCount;

    /// <summary>1 from Join to Leave, or until its thread is found dead. Changes only while no other thread advances.</summary>
    [FieldOffset(164)]
    internal int Joined;

    /// <summary>
    /// The C library's number of the thread that joined, or 0 for an unbound participant. The number of a dead thread may have
    /// been reused.
    /// </summary>
    [FieldOffset(168)]
    internal nuint Thread;

    /// <summary>1 if the death of no thread ends the participant: see <see cref="Epoch.JoinUnbound"/>.</summary>
    [FieldOffset(176)]
    internal int IsUnbound;

    /// <summary>
    /// A robust mutex that the thread holds as long as it lives. A thread that gets the mutex learns of the death.
    /// </summary>
    [FieldOffset(192)]
    internal fixed byte Alive[MutexSize];
}
