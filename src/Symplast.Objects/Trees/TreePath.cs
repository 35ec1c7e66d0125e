using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>Where a descent goes.</summary>
internal enum Toward : byte
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

/// <summary>The way from the root to a node: the nodes, by their levels, and the index of the child chosen in each.</summary>
internal unsafe struct TreePath
{
    // 14 entries at least quartered a level: far more than there is memory for.
    const int MostLevels = 32;

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

    /// <summary>Goes down to the node of a level; null if the tree is not that high.</summary>
    internal static SortedNode* Descend(SortedMap* map, in SortedKey key, Toward toward, int level, out TreePath path)
    {
        Unsafe.SkipInit(out path);
        Interleaving.Point();
        // Acquire: pairs with the exchange in Site.Hang, here and below.
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

    [InlineArray(MostLevels)]
    internal struct Steps
    {
        internal nint Node;
    }
}
