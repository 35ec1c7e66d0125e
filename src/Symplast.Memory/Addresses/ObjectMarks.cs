using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>What <see cref="ObjectMarks"/> says of 16 bytes of a pool.</summary>
public enum ObjectMark : byte
{
    /// <summary>No shared object begins here.</summary>
    None = 0,

    /// <summary>A finished object begins here.</summary>
    Object = 1,

    /// <summary>
    /// A finished object begins here whose original was mutable (list, set, bytearray). Thawing makes a mutable one again.
    /// </summary>
    MutableOrigin = 2,

    /// <summary>An object begins here whose parts are still being made.</summary>
    InProgress = 3,
}

/// <summary>
/// Two bits for each 16 bytes of the address range, beside the range so that they can be written while pool pages are read-only.
/// They tell where objects begin, so that a number from outside can be checked to be an object's address, and what the object
/// itself does not tell.
/// </summary>
/// <remarks>
/// Bytes are shared by neighbours of 64 bytes; that is safe without atomics because memory is handed out to one writer at a time
/// in whole multiples of 64 bytes (<see cref="PoolWriter"/>). Reading marks of published objects is safe from every thread.
/// </remarks>
public static unsafe class ObjectMarks
{
    struct State
    {
        internal nuint Base;
        internal byte* Bits;
    }

    static State _state;

    internal static nuint BytesFor(nuint size) => size >> 6;

    internal static void Locate(nuint rangeBase, byte* bits)
    {
        _state.Base = rangeBase;
        _state.Bits = bits;
    }

    /// <summary>The mark of a 16-byte aligned address inside the range that a pool owns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ObjectMark Get(void* address)
    {
        nuint unit = ((nuint)address - _state.Base) >> 4;
        return (ObjectMark)((_state.Bits[unit >> 2] >> (int)((unit & 3) * 2)) & 3);
    }

    /// <summary>Sets the mark. Only the writer that allocated the address may call it, before the object is published.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(void* address, ObjectMark mark)
    {
        nuint unit = ((nuint)address - _state.Base) >> 4;
        int shift = (int)((unit & 3) * 2);
        byte* bits = _state.Bits + (unit >> 2);
        *bits = (byte)((*bits & ~(3 << shift)) | ((int)mark << shift));
    }

    /// <summary>
    /// Notes that exactly one reference, of another object, leads to the object. Only its writer may call it, before the object
    /// is published; the object must be larger than 16 bytes.
    /// </summary>
    /// <remarks>The note takes the mark of the object's second 16 bytes, where no other object can begin.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetSingle(void* address) => Set((byte*)address + 16, ObjectMark.InProgress);

    /// <summary>
    /// Whether the object was noted by <see cref="SetSingle"/> and <see cref="ClearSingle"/> was not called since. Thread-safe.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSingle(void* address) => Get((byte*)address + 16) == ObjectMark.InProgress;

    /// <summary>Must be called before another object that refers to the object is published. Thread-safe.</summary>
    public static void ClearSingle(void* address)
    {
        nuint unit = ((nuint)address + 16 - _state.Base) >> 4;
        int* word = (int*)(_state.Bits + ((unit >> 2) & ~(nuint)3));
        // Atomic, so that two threads that change one word lose no bit. No order is needed: a thread that sees the new reference
        // got it through the publication of the object that holds it, and for every other thread the note is still true.
        Interlocked.And(ref *word, ~(3 << (int)((unit & 15) * 2)));
    }

    internal static bool Commit(byte* start, nuint length)
    {
        nuint bytes = BytesFor(length);
        byte* bits = BitsOf(start);
        return Libc.Protect(bits, bytes, Libc.ProtReadWrite) == 0;
    }

    // A chunk's marks fill whole pages (2 MiB / 64 = 32 KiB), so dropping the pages zeroes exactly them.
    internal static void Clear(byte* start, nuint length)
    {
        nuint bytes = BytesFor(length);
        byte* bits = BitsOf(start);
        Libc.Advise(bits, bytes, Libc.AdviseDontNeed);
    }

    /// <summary>Wipes the marks of a part of a chunk whose ends are multiples of 64 bytes.</summary>
    internal static void Wipe(byte* start, nuint length)
    {
        nuint bytes = BytesFor(length);
        byte* bits = BitsOf(start);
        new Span<byte>(bits, checked((int)bytes)).Clear();
    }

    static byte* BitsOf(byte* start) => _state.Bits + BytesFor((nuint)start - _state.Base);
}
