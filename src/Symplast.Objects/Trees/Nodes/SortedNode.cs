using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>What leaves and inner nodes of a sorted map begin with.</summary>
internal unsafe struct SortedNode
{
    /// <summary>A leaf's <see cref="LeafOrder"/>. Its lock guards changes.</summary>
    internal ulong Order;

    /// <summary>1 once the node was replaced or cleared away, for ever. Read and written under the lock.</summary>
    internal byte DeadFlag;

    /// <summary>0 for leaves. Never changes.</summary>
    internal byte Level;

    /// <summary>The class of the keys; None in a map that never held any. Never changes.</summary>
    internal OrderingClass Class;

    /// <summary>How many bytes of the keys, all the same, its digests leave out. Never changes.</summary>
    internal byte Skip;

    /// <summary>A futex word; see <see cref="ObjectLock"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int* Lock(SortedNode* node) => node->Level == 0 ? &((SortedLeaf*)node)->Lock : &((SortedInner*)node)->Lock;

    /// <summary>Link of lists that whoever holds the lock makes, or whoever killed the node.</summary>
    internal static ref SortedNode* Next(SortedNode* node) =>
        ref node->Level == 0 ? ref ((SortedLeaf*)node)->Next : ref ((SortedInner*)node)->Next;

    /// <summary>Takes the lock of a node that was found; false, and not locked, if the node is dead.</summary>
    internal static bool TryLock(SortedNode* node) => TryLock(node, Lock(node));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryLock(SortedNode* node, int* word)
    {
        ObjectLock.Enter(word);
        if (!TreeAtomics.IsDead(node)) return true;
        ObjectLock.Exit(word);
        return false;
    }

    internal static void Unlock(SortedNode* node) => ObjectLock.Exit(Lock(node));

    /// <summary>Marks a node that was just replaced; its lock is held.</summary>
    internal static void Kill(SortedNode* node)
    {
        node->DeadFlag = 1;
        Interleaving.Point();
        // Release: pairs with the acquires in Neighbours; the replacement was published before.
        if (node->Level == 0) Volatile.Write(ref node->Order, LeafOrder.Dead(node->Order));
    }
}
