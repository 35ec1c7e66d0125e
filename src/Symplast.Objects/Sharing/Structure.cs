using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// What this room must know of a kind of block that holds references: the functions that end it, and that look into it. A
/// structure declares itself with one of these, and
/// <see cref="Structures"/> names them all.
/// </summary>
/// <param name="releaseContents">Drops what a block refers to whose last reference is gone, and retires the blocks that belong to
/// it, its own apart. Inside a section.</param>
/// <param name="visitParts">Comes to all parts of an object, see <see cref="Parts"/>. Inside a section. Null if it is no
/// object.</param>
/// <param name="delete">Deletes an object by hand: Deleted if it was before. Not inside a section. Null if it is no
/// object.</param>
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

    // By kind. A blittable struct without initialiser has no class constructor; it is filled before anything of this assembly
    // runs, and never changes.
    static Table _table;

    /// <summary>See the parameter of this name.</summary>
    internal readonly delegate*<Participant*, Header*, ref Release, void> ReleaseContents = releaseContents;

    /// <summary>See the parameter of this name.</summary>
    internal readonly delegate*<Header*, in PartVisitor, void> VisitParts = visitParts;

    /// <summary>See the parameter of this name.</summary>
    internal readonly delegate*<Participant*, Header*, Status> Delete = delete;

    /// <summary>What is known of a kind; nothing but nulls if it was not declared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref readonly Structure Of(HeaderKind kind) => ref _table[(int)kind];

    /// <summary>Enters a kind in the table; before any block of it is made.</summary>
    internal static void Declare(HeaderKind kind, Structure structure)
    {
        Debug.Assert(Of(kind).ReleaseContents == null && structure.ReleaseContents != null);
        _table[(int)kind] = structure;
    }
}
