namespace Symplast.Objects;

/// <summary>Where nodes hang that are to be replaced.</summary>
internal unsafe ref struct Site
{
    internal SortedMap* Map;

    /// <summary>Null for the root.</summary>
    internal SortedInner* Parent;

    /// <summary>The first one's in the parent.</summary>
    internal int Index;

    /// <summary>Null if the parent is the root.</summary>
    internal SortedInner* Grand;
    internal int GrandIndex;

    /// <summary>The parent's.</summary>
    internal Fences Range;

    internal Site(SortedMap* map, in TreePath path, int level)
    {
        Map = map;
        Parent = path.At(level + 1);
        Grand = Parent == null ? null : path.At(level + 2);
        Index = Parent == null ? 0 : path.Index[level + 1];
        GrandIndex = Grand == null ? 0 : path.Index[level + 2];
        Range = path.FencesAbove(level + 2);
    }

    /// <summary>The range of one or two nodes, from the first one on.</summary>
    internal readonly Fences Of(bool pair)
    {
        int last = pair ? Index + 1 : Index;
        Value lower = Index > 0 ? new Value(SortedInner.Key(Parent, Index)) : Range.Lower;
        return new Fences(
            lower, Parent != null && last + 1 < Parent->Count ? new Value(SortedInner.Key(Parent, last + 1)) : Range.Upper);
    }

    /// <summary>
    /// Takes the lock above a node that the caller has locked: its parent's, or the map's if the parent is null. False, and not
    /// locked, if the node does not hang there (any more).
    /// </summary>
    internal static bool TryLockAbove(SortedMap* map, SortedInner* parent, int index, SortedNode* node)
    {
        if (parent == null)
        {
            ObjectLock.Enter(&map->Object.Lock);
            if (map->Root == (nint)node && map->Object.Head.DeletedFlag == 0) return true;
            ObjectLock.Exit(&map->Object.Lock);
            return false;
        }
        ObjectLock.Enter(&parent->Lock);
        if (!TreeAtomics.IsDeadParent(parent) && *SortedInner.Slot(parent, index) == (nint)node) return true;
        ObjectLock.Exit(&parent->Lock);
        return false;
    }

    internal static void UnlockAbove(SortedMap* map, SortedInner* parent) =>
        ObjectLock.Exit(parent == null ? &map->Object.Lock : &parent->Lock);

    /// <summary>Publishes a node in the slot above; that lock is held.</summary>
    internal static void Hang(SortedMap* map, SortedInner* parent, int index, SortedNode* node)
    {
        Interleaving.Point();
        // Release (full fence): pairs with the acquires in Lookup and TreePath.Descend. Interlocked, because what hung
        // there will be retired.
        Interlocked.Exchange(ref parent == null ? ref map->Root : ref *SortedInner.Slot(parent, index), (nint)node);
    }
}
