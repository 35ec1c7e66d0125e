using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>One entry of the log of a large table.</summary>
internal unsafe struct MapEntry
{
    internal Value Key;

    /// <summary>
    /// <see cref="ValuePlace.Removed"/> once removed, a forward once the value is in a packed segment; then it stays.
    /// </summary>
    internal Value Value;

    /// <summary>The low half of the hash; the high half is in the index.</summary>
    internal uint Hash;

    internal uint Sequence;

    // The value of an entry. Acquire: see MapAtomics.LoadCurrent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value ValueOf(MapEntry* entry)
    {
        Value* place = &entry->Value;
        return ValuePlace.Current(ref place);
    }
}
