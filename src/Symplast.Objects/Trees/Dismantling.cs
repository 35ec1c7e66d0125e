namespace Symplast.Objects;

/// <summary>Giving up a whole tree: clearing, deletion, and the end of a map that nobody refers to.</summary>
internal static unsafe class Dismantling
{
    internal static Status Clear(Participant* me, SortedMap* map)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)map))
        {
            SortedLeaf* root = NewNode.Leaf(me, Heap.Of(map), OrderingClass.None, default, 0, default, isExchange: true);
            status = root == null ? Status.NoMemory : Clear(me, map, root);
        }
        Epoch.Exit(me);
        return status;
    }

    internal static Status Delete(Participant* me, SortedMap* map)
    {
        Epoch.Enter(me);
        Status status = Status.Deleted;
        if (!SharedObject.IsDeleted((SharedObject*)map) && TryMarkDeleted(map))
        {
            SortedMap.WakeAll(map);
            Dismantle(me, map, (SortedNode*)map->Root, null);
            status = Status.Done;
        }
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Drops all that a dying map refers to, whatever others are doing with it at the moment.</summary>
    internal static void ReleaseContents(Participant* me, Header* o, ref Release release)
    {
        SortedMap* map = (SortedMap*)o;
        if (!TryMarkDeleted(map)) return;
        fixed (Release* target = &release) Dismantle(me, map, (SortedNode*)map->Root, target);
    }

    static Status Clear(Participant* me, SortedMap* map, SortedLeaf* root)
    {
        ObjectLock.Enter(&map->Object.Lock);
        bool deleted = map->Object.Head.DeletedFlag != 0;
        SortedNode* old = (SortedNode*)map->Root;
        if (!deleted)
        {
            EntryCount.Enter(map);
            Site.Hang(map, null, 0, &root->Node);
            Interleaving.Point();
            // Full fence; pairs with the acquires in TreeWriter, Popping, Neighbours and RangeLock. No writer gets
            // into the new leaf before it.
            Interlocked.Increment(ref map->Era);
            EntryCount.Exit(map, -map->Entries);
            SortedNode.Unlock(&root->Node);
        }
        ObjectLock.Exit(&map->Object.Lock);
        if (deleted) Heap.Free(me, root);
        else
        {
            SortedMap.WakeAll(map);
            Dismantle(me, map, old, null);
        }
        return deleted ? Status.Deleted : Status.Done;
    }

    // True for one caller only; nobody replaces the root any more after that.
    static bool TryMarkDeleted(SortedMap* map)
    {
        ObjectLock.Enter(&map->Object.Lock);
        bool first = map->Object.Head.DeletedFlag == 0;
        Interleaving.Point();
        // Release: pairs with the acquire in SharedObject.IsDeleted. Dropping what the map held is a full fence.
        Volatile.Write(ref map->Object.Head.DeletedFlag, 1);
        ObjectLock.Exit(&map->Object.Lock);
        return first;
    }

    // From the top down: once a node is dead its children are the last ones, and who has locked one of them finds no live parent.
    // Nodes that are dead are on a list through themselves.
    static void Dismantle(Participant* me, SortedMap* map, SortedNode* root, Release* release)
    {
        SortedNode* dead = null;
        KillAndPush(root, ref dead);
        while (dead != null)
        {
            SortedNode* node = dead;
            dead = SortedNode.Next(node);
            if (node->Level != 0)
            {
                SortedInner* inner = (SortedInner*)node;
                for (int i = 0; i < inner->Count; i++)
                {
                    KillAndPush((SortedNode*)*SortedInner.Slot(inner, i), ref dead);
                    if (i > 0) Release.Drop(me, new Value(SortedInner.Key(inner, i)), release);
                }
            }
            else
            {
                SortedLeaf* leaf = (SortedLeaf*)node;
                int count = LeafOrder.Count(node->Order);
                for (int i = 0; i < count; i++)
                {
                    int place = LeafOrder.Place(node->Order, i);
                    Release.Drop(me, new Value(SortedLeaf.Key(leaf, place)), release);
                    Release.Drop(me, new Value(SortedLeaf.Value(leaf, place)), release);
                }
            }
            Heap.Retire(me, node);
        }
    }

    static void KillAndPush(SortedNode* node, ref SortedNode* list)
    {
        ObjectLock.Enter(SortedNode.Lock(node));
        SortedNode.Kill(node);
        SortedNode.Next(node) = list;
        list = node;
        ObjectLock.Exit(SortedNode.Lock(node));
    }
}
