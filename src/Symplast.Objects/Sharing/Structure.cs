using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The functions of a kind of block that holds references: they release, visit and delete the block. Each structure declares one,
/// and <see cref="Structures"/> lists them all.
/// </summary>
/// <param name="releaseContents">Drops the references of a block whose last reference is gone, and retires the blocks that belong
/// to it, except the block itself. Called inside a section.</param>
/// <param name="visitParts">Visits all parts of an object, see <see cref="Parts"/>. Called inside a section. Null if the kind is
/// not an object.</param>
/// <param name="delete">Deletes an object by hand. Returns Deleted if it was deleted before. Not called inside a section. Null if
/// the kind is not an object.</param>
internal readonly unsafe struct Structure(
    delegate*<Participant*, Header*, ref Release, void> releaseContents,
    delegate*<Header*, in PartVisitor, void> visitParts,
    delegate*<Participant*, Header*, Status> delete)
{
    [InlineArray(SharedObject.KindLimit)]
    struct Table
    {
        Structure _first;
    }

    // Indexed by kind. A blittable struct without an initialiser needs no class constructor. The table is filled before other
    // code of this assembly runs, and never changes.
    static Table _table;

    /// <summary>See the parameter of this name.</summary>
    internal readonly delegate*<Participant*, Header*, ref Release, void> ReleaseContents = releaseContents;

    /// <summary>See the parameter of this name.</summary>
    internal readonly delegate*<Header*, in PartVisitor, void> VisitParts = visitParts;

    /// <summary>See the parameter of this name.</summary>
    internal readonly delegate*<Participant*, Header*, Status> Delete = delete;

    /// <summary>The functions of a kind, all null if the kind was not declared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref readonly Structure Of(HeaderKind kind) => ref _table[(int)kind];

    /// <summary>Enters a kind in the table. Called before any block of the kind is made.</summary>
    internal static void Declare(HeaderKind kind, Structure structure)
    {
        Debug.Assert(Of(kind).ReleaseContents == null && structure.ReleaseContents != null);
        _table[(int)kind] = structure;
    }
}
