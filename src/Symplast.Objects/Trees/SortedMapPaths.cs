using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Ways down the tree that are remembered, and taking locks on the way up.
public unsafe partial struct SortedMap
{
    // 14 entries at least quartered a level: far more than there is memory for.
    const int MostLevels = 32;

    enum Toward : byte
    {
        /// <summary>The leaf that the key belongs to.</summary>
        Key,

        /// <summary>The leaf with the greatest keys below the key.</summary>
        Below,

        /// <summary>The first leaf.</summary>
        First,

        /// <summary>The last leaf.</summary>
        Last,
    }

    /// <summary>
    /// The nodes from the root to a level, by their levels, and the index of the child that was chosen in each.
    /// </summary>
    [InlineArray(MostLevels)]
    struct Steps
    {
        internal nint Node;
    }

    /// <summary>
    /// A node's range: the least key of it and the least one above; empty where there is no bound. It never changes, so it is
    /// right whichever way one came to the node.
    /// </summary>
    internal readonly struct Fences(Value lower, Value upper)
    {
        internal readonly Value Lower = lower;
        internal readonly Value Upper = upper;

        internal bool AreBoth => !Lower.IsEmpty && !Upper.IsEmpty;

        /// <summary>How many first bytes all keys of the range have in common.</summary>
        internal byte Common => AreBoth ? SortedKey.CommonBeginning(Lower, Upper) : (byte)0;
    }

    struct Path
    {
        internal Steps Nodes;
        internal int Top;
        internal fixed byte Index[MostLevels];

        internal readonly SortedInner* At(int level) => level > Top ? null : (SortedInner*)Nodes[level];

        /// <summary>The range of the node below a level: the closest keys on both sides, in this level or above.</summary>
        internal readonly Fences FencesAbove(int level)
        {
            Value lower = default, upper = default;
            for (; level <= Top && (lower.IsEmpty || upper.IsEmpty); level++)
            {
                SortedInner* inner = At(level);
                int index = Index[level];
                if (lower.IsEmpty && index > 0) lower = new Value(SortedInner.Key(inner, index));
                if (upper.IsEmpty && index + 1 < inner->Count) upper = new Value(SortedInner.Key(inner, index + 1));
            }
            return new Fences(lower, upper);
        }
    }

    /// <summary>Goes down to the node of a level; null if the tree is not that high.</summary>
    static SortedNode* Descend(SortedMap* map, in SortedKey key, Toward toward, int level, out Path path)
    {
        Unsafe.SkipInit(out path);
        Interleaving.Point();
        // Acquire: pairs with the exchange in Hang, here and below.
        SortedNode* node = (SortedNode*)Volatile.Read(ref map->Root);
        path.Top = node->Level;
        if (node->Level < level) return null;
        while (node->Level > level)
        {
            SortedInner* inner = (SortedInner*)node;
            int index = toward switch
            {
                Toward.Key => SortedInner.IndexOf(inner, key),
                Toward.Below => SortedInner.IndexBelow(inner, key),
                Toward.First => 0,
                _ => inner->Count - 1,
            };
            Debug.Assert(node->Level < MostLevels);
            path.Nodes[node->Level] = (nint)node;
            path.Index[node->Level] = (byte)index;
            Interleaving.Point();
            node = (SortedNode*)Volatile.Read(ref *SortedInner.Slot(inner, index));
        }
        return node;
    }

    /// <summary>Takes the lock of a node that was found; false, and not locked, if the node is dead.</summary>
    static bool TryLock(SortedNode* node) => TryLock(node, SortedNode.Lock(node));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryLock(SortedLeaf* leaf) => TryLock(&leaf->Node, &leaf->Lock);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryLock(SortedNode* node, int* word)
    {
        ObjectLock.Enter(word);
        if (!TreeAtomics.IsDead(node)) return true;
        ObjectLock.Exit(word);
        return false;
    }

    static void Unlock(SortedNode* node) => ObjectLock.Exit(SortedNode.Lock(node));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Unlock(SortedLeaf* leaf) => ObjectLock.Exit(&leaf->Lock);

    /// <summary>
    /// Takes the lock above a node that the caller has locked: its parent's, or the map's if the parent is null. False, and not
    /// locked, if the node does not hang there (any more).
    /// </summary>
    static bool TryLockAbove(SortedMap* map, SortedInner* parent, int index, SortedNode* node)
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

    static void UnlockAbove(SortedMap* map, SortedInner* parent) =>
        ObjectLock.Exit(parent == null ? &map->Object.Lock : &parent->Lock);

    /// <summary>Publishes a node in the slot above; that lock is held.</summary>
    static void Hang(SortedMap* map, SortedInner* parent, int index, SortedNode* node)
    {
        Interleaving.Point();
        // Release (full fence): pairs with the acquires in LeafOfNumber, LeafOfBytes and Descend. Interlocked, because what hung
        // there will be retired.
        Interlocked.Exchange(ref parent == null ? ref map->Root : ref *SortedInner.Slot(parent, index), (nint)node);
    }

    /// <summary>Marks a node that was just replaced; its lock is held.</summary>
    internal static void Kill(SortedNode* node)
    {
        node->DeadFlag = 1;
        Interleaving.Point();
        // Release: pairs with the acquires in Nearest; the replacement was published before.
        if (node->Level == 0) Volatile.Write(ref node->Order, LeafOrder.Dead(node->Order));
    }
}
