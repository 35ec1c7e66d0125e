using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The one range of addresses in which all pools of the process lie. So the question "is this pointer shared?" takes a
/// subtraction and a comparison. The range is reserved without memory behind it, and handed out in runs of 2 MiB chunks. One side
/// table holds the owner of each chunk, another (<see cref="ObjectMarks"/>) two bits for each 16 bytes.
/// </summary>
public static unsafe class AddressRange
{
    /// <summary>log2 of the bytes in a chunk.</summary>
    public const int ChunkShift = 21;

    /// <summary>Bytes in a chunk: 2 MiB.</summary>
    public const nuint ChunkSize = (nuint)1 << ChunkShift;

    /// <summary>Bytes beside the range for each chunk, for the use of the chunk's owner; see <see cref="Notes"/>.</summary>
    internal const nuint NoteSize = 16;

    // A blittable struct without initialiser has no class constructor, so that Contains compiles to two loads and a compare.
    struct State
    {
        internal nuint Base;
        internal nuint Size;
        internal int* Owner;         // slot of the owning pool + 1; 0: free. One word a chunk.
        internal byte* Notes;
        internal nuint NextFresh;    // chunks from here on were never handed out
        internal nuint ChunkCount;
        internal nuint FreeChunks;   // below NextFresh
        internal WordLock Gate;
    }

    static State _state;

    /// <summary>Bytes reserved for pools (address space, not memory).</summary>
    public static nuint Size => _state.Size;

    /// <summary>
    /// Reserves the range: 1 TiB, or less where limits on address space (RLIMIT_AS, 39-bit systems) refuse that. Idempotent; must
    /// be called once before anything else here.
    /// </summary>
    /// <exception cref="OutOfMemoryException">Not even 1 GiB of address space can be had.</exception>
    internal static void Reserve()
    {
        if (_state.Base != 0) return;
        foreach (int shift in (ReadOnlySpan<int>)[40, 38, 36, 34, 32, 30])
        {
            nuint size = (nuint)1 << shift;
            nuint chunks = size >> ChunkShift;
            nuint marks = ObjectMarks.BytesFor(size);
            nuint owners = (chunks * sizeof(int) + 4095) & ~(nuint)4095;
            nuint notes = (chunks * NoteSize + 4095) & ~(nuint)4095;
            // One chunk more, so that the base can be aligned to a chunk.
            nuint total = size + ChunkSize + marks + owners + notes;
            byte* start = Libc.Map(null, total, Libc.ProtNone, Libc.MapPrivateAnonymous | Libc.MapNoReserve, -1, 0);
            if (start == Libc.MapFailed) continue;
            nuint aligned = ((nuint)start + ChunkSize - 1) & ~(ChunkSize - 1);
            byte* ownerTable = (byte*)(aligned + size);
            if (Libc.Protect(ownerTable, owners + notes, Libc.ProtReadWrite) != 0)
            {
                Libc.Unmap(start, total);
                continue;
            }
            _state.Owner = (int*)ownerTable;
            _state.ChunkCount = chunks;
            _state.Size = size;
            _state.Gate = WordLock.Create();
            _state.Notes = ownerTable + owners;
            ObjectMarks.Locate(aligned, ownerTable + owners + notes);
            _state.Base = aligned;
            return;
        }
        throw new InsufficientMemoryException("no address space for shared pools");
    }

    /// <summary>
    /// A table beside the range with <see cref="NoteSize"/> bytes for each chunk, initially zero, for the use of the chunk's
    /// owner.
    /// </summary>
    internal static byte* Notes => _state.Notes;

    /// <summary>
    /// True if <paramref name="pointer"/> lies in the range, whether or not a pool owns that place. Thread-safe, under a
    /// nanosecond.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Contains(void* pointer) => (nuint)pointer - _state.Base < _state.Size;

    /// <summary>Distance of <paramref name="pointer"/> (which must lie in the range) from the range's start, in bytes.</summary>
    public static nuint OffsetOf(void* pointer) => (nuint)pointer - _state.Base;

    /// <summary>The address at a distance from the range's start, or null if that is not in the range.</summary>
    public static void* At(nuint offset) => offset < _state.Size ? (void*)(_state.Base + offset) : null;

    /// <summary>
    /// Slot of the pool that owns the chunk of <paramref name="pointer"/> (which must lie in the range), or -1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OwnerSlot(void* pointer)
    {
        Debug.Assert(Contains(pointer));
        // Acquire: pairs with the release in Take. A thread that sees the slot also sees the pool registered under it.
        return Volatile.Read(ref _state.Owner[((nuint)pointer - _state.Base) >> ChunkShift]) - 1;
    }

    /// <summary>
    /// Takes <paramref name="chunks"/> neighbouring chunks for the pool in <paramref name="ownerSlot"/>: readable, writable, all
    /// zero. Returns null when the range or the system's memory is exhausted. Thread-safe.
    /// </summary>
    internal static byte* Take(nuint chunks, int ownerSlot)
    {
        _state.Gate.Enter();
        nuint first = FindFree(chunks);
        if (first != nuint.MaxValue)
        {
            // Release: pairs with the acquire in OwnerSlot.
            for (nuint i = first; i < first + chunks; i++) Volatile.Write(ref _state.Owner[i], ownerSlot + 1);
        }
        _state.Gate.Exit();
        if (first == nuint.MaxValue) return null;

        byte* start = (byte*)(_state.Base + (first << ChunkShift));
        nuint length = chunks << ChunkShift;
        if (Libc.Protect(start, length, Libc.ProtReadWrite) == 0 && ObjectMarks.Commit(start, length)) return start;
        Release(start, chunks);
        return null;
    }

    /// <summary>
    /// Releases a run of chunks. Its memory returns to the system at once, and its addresses may be reused. Thread-safe.
    /// </summary>
    internal static void Release(byte* start, nuint chunks)
    {
        Empty(start, chunks);
        nuint first = ((nuint)start - _state.Base) >> ChunkShift;
        _state.Gate.Enter();
        // Release: pairs with the acquire in OwnerSlot.
        for (nuint i = first; i < first + chunks; i++) Volatile.Write(ref _state.Owner[i], 0);
        _state.FreeChunks += chunks;
        _state.Gate.Exit();
    }

    /// <summary>
    /// Returns the memory of a run of chunks to the system. The addresses stay reserved for their owner, and inaccessible.
    /// Thread-safe.
    /// </summary>
    internal static void Empty(byte* start, nuint chunks)
    {
        nuint length = chunks << ChunkShift;
        Libc.Advise(start, length, Libc.AdviseDontNeed);
        Libc.Protect(start, length, Libc.ProtNone);
        ObjectMarks.Clear(start, length);
    }

    // First fit over the released chunks, then fresh chunks. The gate is held.
    static nuint FindFree(nuint chunks)
    {
        if (_state.FreeChunks >= chunks)
        {
            nuint run = 0;
            for (nuint i = 0; i < _state.NextFresh; i++)
            {
                run = _state.Owner[i] == 0 ? run + 1 : 0;
                if (run == chunks)
                {
                    _state.FreeChunks -= chunks;
                    return i + 1 - chunks;
                }
            }
        }
        if (chunks > _state.ChunkCount - _state.NextFresh) return nuint.MaxValue;
        nuint first = _state.NextFresh;
        _state.NextFresh += chunks;
        return first;
    }
}
