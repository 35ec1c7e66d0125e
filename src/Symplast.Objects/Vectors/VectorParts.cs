namespace Symplast.Objects;

/// <summary>Shows the blocks and values of a vector, one after the other.</summary>
internal static unsafe class VectorParts
{
    internal static void Visit(Header* o, in PartVisitor parts)
    {
        SharedVector* vector = (SharedVector*)o;
        // Acquire: pairs with the exchange in Replace. A root that was the vector's in this section stays, with its buckets.
        VectorRoot* root = (VectorRoot*)Volatile.Read(ref *(nint*)&vector->Root);
        if (root == null) return;
        // Acquire: pairs with the release in Publish. What is in these bounds at this moment outlasts the section; of a root that
        // is gone there is nothing.
        long bounds = Volatile.Read(ref root->Bounds);
        parts.Block(root);
        int buckets = Volatile.Read(ref root->Used);
        for (int i = 0; i < buckets; i++) parts.Block(VectorRoot.BucketAt(root, i));
        for (long place = VectorRoot.FirstOf(bounds); place < VectorRoot.EndOf(bounds); place++)
        {
            Value value = VectorRoot.Load(VectorRoot.PlaceOf(root, place));
            if (value == VectorRoot.Moved)
            {
                // Acquire: pairs with the release in Close; the mark comes after it, and after the value at the same place there.
                VectorRoot* forward = (VectorRoot*)Volatile.Read(ref *(nint*)&root->Forward);
                // Null: the mark is of a later root that shares the bucket. The element has moved, and is missed.
                if (forward == null) continue;
                value = VectorRoot.Load(VectorRoot.PlaceOf(forward, place));
            }
            parts.Value(value);
        }
    }
}
