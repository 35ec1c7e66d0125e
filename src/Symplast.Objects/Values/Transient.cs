using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// Values that are made only for lookups: tuples, text, bytes and large numbers in the caller's own memory. A lookup in a full
/// pool therefore cannot fail, and writes no shared memory. Such values are never stored, and are freed only by
/// <see cref="Free"/>.
/// </summary>
public static unsafe class Transient
{
    /// <summary>
    /// Frees a transient value and all its parts. If a part is a live object, returns it instead; the caller drops its reference
    /// and calls again. Returns an empty value at the end.
    /// </summary>
    public static Value Free(ref Value value)
    {
        Value held = Value.Empty;
        switch (value.Kind)
        {
            case ValueKind.Object:
                held = value;
                break;
            case ValueKind.Tuple or ValueKind.FrozenSet:
                TupleBlob* tuple = (TupleBlob*)value.Pointer;
                // The recursion is bounded by TupleBlob.MaximumDepth.
                while (tuple->Length > 0)
                {
                    held = Free(ref TupleBlob.Items(tuple)[tuple->Length - 1]);
                    if (!held.IsEmpty) return held;
                    tuple->Length--;
                }
                NativeMemory.Free(tuple);
                break;
            case ValueKind.Text or ValueKind.Bytes or ValueKind.BigInt or ValueKind.Complex:
                NativeMemory.Free(value.Pointer);
                break;
        }
        value = Value.Empty;
        return held;
    }

    /// <summary>Allocates a block of a pool, or a transient one without a heap. Returns null if there is no memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void* Allocate(Participant* me, PoolHeap* heap, nuint size) =>
        heap != null ? Heap.Allocate(me, heap, size) : Allocate(size);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void* Allocate(nuint size)
    {
        try
        {
            return NativeMemory.Alloc(size);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
