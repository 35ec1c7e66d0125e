using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

// Ways down the tree that are remembered, and taking locks on the way up.
public static unsafe partial class SortedMap<THook, TRules>
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

    /// <summary>The nodes from the root to a level, by their levels, and the index of the child that was chosen in each.</summary>
    [InlineArray(MostLevels)]
    struct Steps
    {
        internal nint Node;
    }

    struct Path
    {
        internal Steps Nodes;
        internal int Top;
        internal fixed byte Index[MostLevels];

        internal readonly SortedInner* At(int level) => level > Top ? null : (SortedInner*)Nodes[level];
    }

    /// <summary>
    /// Goes down to the node of a level; null if the tree is not that high. The fences are the least key of its range and the least one above; empty where there is no bound.
    /// </summary>
    static SortedNode* Descend(SortedMap* map, in SortedKey key, Toward toward, int level, out Path path, out Value lower, out Value upper)
    {
        Unsafe.SkipInit(out path);
        lower = upper = default;
        THook.Point();
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
                _ => inner->Node.Count - 1,
            };
            Debug.Assert(node->Level < MostLevels);
            path.Nodes[node->Level] = (nint)node;
            path.Index[node->Level] = (byte)index;
            // The bounds of the lowest node in which there is a neighbour are the closest ones.
            if (index > 0) lower = new Value(inner->Keys[index]);
            if (index + 1 < inner->Node.Count) upper = new Value(inner->Keys[index + 1]);
            THook.Point();
            node = (SortedNode*)Volatile.Read(ref *SortedInner.Slot(inner, index));
        }
        return node;
    }

    /// <summary>Takes the lock of a node that was found; false, and not locked, if the node is dead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryLock(SortedNode* node)
    {
        ObjectLock.Enter<THook>(&node->Lock);
        if (node->DeadFlag == 0 || TRules.Fault == SortedMapFault.UsesDeadLeaf) return true;
        ObjectLock.Exit<THook>(&node->Lock);
        return false;
    }

    static void Unlock(SortedNode* node) => ObjectLock.Exit<THook>(&node->Lock);

    /// <summary>
    /// Takes the lock above a node that the caller has locked: its parent's, or the map's if the parent is null. False, and not locked, if the node does not hang there (any more).
    /// </summary>
    static bool TryLockAbove(SortedMap* map, SortedInner* parent, int index, SortedNode* node)
    {
        if (parent == null)
        {
            ObjectLock.Enter<THook>(&map->Object.Lock);
            if (map->Root == (nint)node && map->Object.Head.DeletedFlag == 0) return true;
            ObjectLock.Exit<THook>(&map->Object.Lock);
            return false;
        }
        ObjectLock.Enter<THook>(&parent->Node.Lock);
        if ((parent->Node.DeadFlag == 0 || TRules.Fault == SortedMapFault.UsesDeadParent) && *SortedInner.Slot(parent, index) == (nint)node) return true;
        ObjectLock.Exit<THook>(&parent->Node.Lock);
        return false;
    }

    static void UnlockAbove(SortedMap* map, SortedInner* parent) => ObjectLock.Exit<THook>(parent == null ? &map->Object.Lock : &parent->Node.Lock);

    /// <summary>Publishes a node in the slot above; that lock is held.</summary>
    static void Hang(SortedMap* map, SortedInner* parent, int index, SortedNode* node)
    {
        THook.Point();
        // Release (full fence): pairs with the acquires in LeafOf and Descend. Interlocked, because what hung there will be retired.
        Interlocked.Exchange(ref parent == null ? ref map->Root : ref *SortedInner.Slot(parent, index), (nint)node);
    }

    /// <summary>Marks a node that was just replaced; its lock is held.</summary>
    static void Kill(SortedNode* node)
    {
        node->DeadFlag = 1;
        THook.Point();
        // Release: pairs with the acquires in Nearest; the replacement was published before.
        if (node->Level == 0) Volatile.Write(ref node->Order, LeafOrder.Dead(node->Order));
    }
}
