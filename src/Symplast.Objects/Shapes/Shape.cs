using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Symplast.Objects;

/// <summary>
/// Which attributes an object has, in the order of insertion, and so which slot each has: a hidden class. Immutable but for its
/// transitions. One byte of each name's hash follows the struct, in groups of 16, then the names.
/// </summary>
/// <remarks>
/// <para>C. Chambers, D. Ungar, E. Lee, "An efficient implementation of SELF", OOPSLA 1989. A shape of a tree is its parent's
/// with one name more; all records of a pool that got the same names in the same order from the same root have the same shape,
/// whatever thread gave them. The children of a shape are a list that only grows, at its head, by compare-and-swap; who fails
/// looks at the new ones, so no name has two children.</para>
/// <para>Shapes of a tree stay for as long as their pool. A record that lost an attribute, or got one that the
/// tree has no room for, has a private shape: without number, seen in no cache, and freed with the record's next one.</para>
/// </remarks>
public unsafe struct Shape
{
    internal const int Group = 16;

    /// <summary>A number that no other shape of the process ever had; 0 for a private one.</summary>
    internal ulong Id;

    internal Shape* Parent;

    /// <summary>The newest transition.</summary>
    internal Shape* FirstChild;

    internal Shape* NextSibling;

    internal int Count;

    internal static nuint SizeOf(int count) =>
        (nuint)sizeof(Shape) + (nuint)TagBytes(count) + (nuint)count * (nuint)sizeof(Value);

    internal static byte* Tags(Shape* shape) => (byte*)(shape + 1);

    /// <summary>The names: texts.</summary>
    internal static Value* Names(Shape* shape) => (Value*)(Tags(shape) + TagBytes(shape->Count));

    /// <summary>The slot of a name, or -1.</summary>
    internal static int Find(Shape* shape, in Probe name)
    {
        Vector128<byte> wanted = Vector128.Create(TagOf(name.Hash));
        for (int start = 0; start < shape->Count; start += Group)
        {
            uint matches = Vector128.Equals(Vector128.Load(Tags(shape) + start), wanted).ExtractMostSignificantBits();
            for (; matches != 0; matches &= matches - 1)
            {
                int slot = start + BitOperations.TrailingZeroCount(matches);
                if (slot < shape->Count && name.Matches(Names(shape)[slot])) return slot;
            }
        }
        return -1;
    }

    /// <summary>A shape with room for so many names; null if there is no memory.</summary>
    internal static Shape* Allocate(Participant* me, PoolHeap* heap, int count)
    {
        Shape* shape = (Shape*)Heap.Allocate(me, heap, SizeOf(count));
        if (shape == null) return null;
        *shape = new Shape { Count = count };
        Unsafe.InitBlockUnaligned(Tags(shape), 0, (uint)TagBytes(count));
        return shape;
    }

    internal static void SetName(Shape* shape, int slot, Value name, byte tag)
    {
        Names(shape)[slot] = name;
        Tags(shape)[slot] = tag;
    }

    internal static byte TagOf(ulong hash) => (byte)(hash >> 56);

    static int TagBytes(int count) => (count + Group - 1) / Group * Group;
}

/// <summary>Trees of shapes. All methods are thread-safe unless they say otherwise.</summary>
public static unsafe class Shapes
{
    const int MostChildren = 64;

    /// <summary>
    /// The root of a new tree, for the objects of one class: a shape without names. Null if there is no memory. Inside a section
    /// in which the pool was not deleted.
    /// </summary>
    public static Shape* CreateTree(Participant* me, PoolHeap* heap)
    {
        Shape* root = Shape.Allocate(me, heap, 0);
        if (root != null) root->Id = ShapeNumbers.Next();
        return root;
    }

    /// <summary>
    /// The shape with one name more, of the same tree. Missing if the tree should not grow there. Inside a section in which the
    /// pool was not deleted.
    /// </summary>
    public static Status Extend(Participant* me, PoolHeap* heap, Shape* shape, in Probe name, out Shape* extended)
    {
        Shape* fresh = null;
        Shape* seen = null;
        int children = 0;
        while (true)
        {
            Interleaving.Point();
            // Acquire: pairs with the exchange in TryAddChild, so that the children are filled in.
            Shape* first = (Shape*)Volatile.Read(ref *(nint*)&shape->FirstChild);
            for (Shape* child = first; child != seen; child = child->NextSibling, children++)
            {
                if (!name.Matches(Shape.Names(child)[shape->Count])) continue;
                if (fresh != null) Discard(me, fresh);
                extended = child;
                return Status.Done;
            }
            seen = first;
            if (fresh == null)
            {
                extended = null;
                if (children >= MostChildren || shape->Count >= ShapeSizes.MostNames) return Status.Missing;
                fresh = Child(me, heap, shape, name);
                if (fresh == null) return Status.NoMemory;
            }
            if (!RecordAtomics.TryAddChild(shape, fresh, first)) continue;
            extended = fresh;
            return Status.Done;
        }
    }

    /// <summary>
    /// A private shape: without the name of one slot, if that is not negative, and with one name more, if there is one. Null if
    /// there is no memory.
    /// </summary>
    internal static Shape* Private(Participant* me, PoolHeap* heap, Shape* shape, int without, Value added, ulong hash)
    {
        int count = shape->Count - (without >= 0 ? 1 : 0) + (added.IsEmpty ? 0 : 1);
        Shape* copy = Shape.Allocate(me, heap, count);
        if (copy == null) return null;
        int next = 0;
        for (int i = 0; i < shape->Count; i++)
        {
            if (i == without) continue;
            Value name = Shape.Names(shape)[i];
            Reference.Take(name);
            Shape.SetName(copy, next++, name, Shape.Tags(shape)[i]);
        }
        if (!added.IsEmpty)
        {
            Reference.Take(added);
            Shape.SetName(copy, next, added, Shape.TagOf(hash));
        }
        return copy;
    }

    /// <summary>Frees a private shape: at once if no reader can have seen it. Shapes of trees stay.</summary>
    internal static void GiveUpPrivate(Participant* me, Shape* shape, bool isUnseen = false)
    {
        if (shape->Id != 0) return;
        for (int i = 0; i < shape->Count; i++) Reference.Drop(me, Shape.Names(shape)[i]);
        if (isUnseen) Heap.Free(me, shape);
        else Heap.Retire(me, shape);
    }

    static Shape* Child(Participant* me, PoolHeap* heap, Shape* parent, in Probe name)
    {
        Value text = name.ToValue(me, heap);
        if (text.IsEmpty) return null;
        Shape* child = Shape.Allocate(me, heap, parent->Count + 1);
        if (child == null)
        {
            Reference.Drop(me, text);
            return null;
        }
        child->Id = ShapeNumbers.Next();
        child->Parent = parent;
        for (int i = 0; i < parent->Count; i++) Shape.SetName(child, i, Shape.Names(parent)[i], Shape.Tags(parent)[i]);
        Shape.SetName(child, parent->Count, text, Shape.TagOf(name.Hash));
        return child;
    }

    // Another thread was faster.
    static void Discard(Participant* me, Shape* fresh)
    {
        Reference.Drop(me, Shape.Names(fresh)[fresh->Count - 1]);
        Heap.Free(me, fresh);
    }
}

/// <summary>Numbers of shapes, never used twice in the process, so that caches need not be told when a tree is freed.</summary>
internal static class ShapeNumbers
{
    static ulong _last;

    internal static ulong Next() => Interlocked.Increment(ref _last);
}
