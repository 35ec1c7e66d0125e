using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// Values that are made only to look something up: tuples, text, bytes and large numbers in memory of the caller's own, so that
/// reading a full pool does not fail, and writes nothing that is shared. Never stored; freed by <see cref="Free"/> alone.
/// </summary>
public static unsafe class Transient
{
    /// <summary>
    /// Frees a transient value with all that was made for it; null, or a live object that it holds, which is the caller's to
    /// drop, one at each call.
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
                // Recursion is bounded by TupleBlob.MaximumDepth.
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

    /// <summary>A block of a pool, or without a heap a transient one; null if there is no memory.</summary>
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
