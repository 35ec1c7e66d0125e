using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The shape of a record and the values of its attributes, which follow the struct; or the beginning of a
/// <see cref="RecordTable"/>.
/// </summary>
internal unsafe struct RecordBody
{
    /// <summary>Null if it is a table, which it is from the beginning or never.</summary>
    internal Shape* Shape;

    /// <summary>The shape's number, so that a reader who knows it needs not look at the shape.</summary>
    internal ulong ShapeId;

    internal long Capacity;

    internal static nuint SizeOf(int capacity) => (nuint)sizeof(RecordBody) + (nuint)capacity * (nuint)sizeof(Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* Slots(RecordBody* body) => (Value*)(body + 1);

    internal static RecordBody* Allocate(Participant* me, PoolHeap* heap, int capacity)
    {
        RecordBody* body = (RecordBody*)Heap.Allocate(me, heap, SizeOf(capacity));
        if (body != null) body->Capacity = capacity;
        return body;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Load(RecordBody* body, int slot)
    {
        Interleaving.Point();
        // Acquire: pairs with the release in Store, so that what the value points to is filled in.
        return new Value(Volatile.Read(ref *(ulong*)(Slots(body) + slot)));
    }

    internal static void Store(RecordBody* body, int slot, Value value)
    {
        Interleaving.Point();
        // Release: pairs with the acquire in Load. The fence before what was there is retired is in the drop of its reference.
        Volatile.Write(ref *(ulong*)(Slots(body) + slot), value.Bits);
    }

    internal static Value Exchange(RecordBody* body, int slot, Value value)
    {
        Reference.Take(value);
        Value old = Slots(body)[slot];
        Store(body, slot, value);
        return old;
    }
}
