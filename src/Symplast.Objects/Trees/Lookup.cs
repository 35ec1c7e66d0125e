using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>The search for the leaf that a key belongs to, on the way of readers and of writers of one entry.</summary>
internal static unsafe class Lookup
{
    /// <summary>The leaf that a key belongs to, if it is one; live at some moment since the call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static SortedLeaf* LeafOf(SortedMap* map, in Probe key) =>
        key.Data != null
        ? LeafOfBytes(map, key) : SortedKey.IsExactly(key.Word) ? LeafOfNumber(map, key.Word) : LeafOfOther(map, key);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedLeaf* LeafOfNumber(SortedMap* map, Value key)
    {
        long digest = SortedKey.OfNumber(key);
        Interleaving.Point();
        // Acquire: pairs with the exchange in Site.Hang, so that the node is complete.
        SortedNode* node = (SortedNode*)Volatile.Read(ref map->Root);
        while (node->Level != 0)
        {
            nint* slot = SortedInner.Slot(SortedInner.LastOf((SortedInner*)node, digest));
            Interleaving.Point();
            // Acquire: the same.
            node = (SortedNode*)Volatile.Read(ref *slot);
        }
        return (SortedLeaf*)node;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SortedLeaf* LeafOfBytes(SortedMap* map, in Probe key)
    {
        byte* data = key.Data;
        nuint length = key.Length;
        Interleaving.Point();
        // Acquire: as in LeafOfNumber, here and below.
        SortedNode* node = (SortedNode*)Volatile.Read(ref map->Root);
        while (node->Level != 0)
        {
            SortedInner* inner = (SortedInner*)node;
            long digest = SortedKey.OfBytes(data, length, node->Skip);
            long* last = SortedInner.LastOf(inner, digest);
            bool isSure = *last != digest
                && (!inner->IsOpen || SortedKey.HasBeginning(data, length, new Value(SortedInner.Key(inner, 1)), node->Skip));
            nint* slot = isSure ? SortedInner.Slot(last) : SlotOf(inner, data, length);
            Interleaving.Point();
            node = (SortedNode*)Volatile.Read(ref *slot);
        }
        return (SortedLeaf*)node;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static SortedLeaf* LeafOfOther(SortedMap* map, in Probe key) =>
        (SortedLeaf*)TreePath.Descend(map, new SortedKey(key), Toward.Key, 0, out _);

    // By the keys themselves, if need be. Where keys are of another class any child will do: its leaf says so.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static nint* SlotOf(SortedInner* inner, byte* data, nuint length) =>
        SortedInner.Slot(inner, SortedInner.IndexOf(inner, new SortedKey(inner->Node.Class, data, length)));
}
