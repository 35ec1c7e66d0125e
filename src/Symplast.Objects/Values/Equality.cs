using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Equality of values by Python's rules: 1 == 1.0 == True == 1+0j. Text and bytes are compared by content, tuples and frozen sets
/// by their items, other objects by identity.
/// </summary>
public static unsafe class Equality
{
    /// <summary>Whether two values are equal. A NaN equals itself, as it does as a key in Python.</summary>
    public static bool AreEqual(Value left, Value right)
    {
        if (left == right) return true;
        ValueKind kind = left.Kind;
        if (IsNumber(kind)) return IsNumber(right.Kind) && Numbers.AreEqual(left, right);
        if (kind != right.Kind) return false;
        return kind switch
        {
            ValueKind.Text or ValueKind.Bytes =>
                SameBytes((Blob*)left.Pointer, Blob.Data((Blob*)right.Pointer), Blob.LengthOf(right)),
            ValueKind.Tuple => SameItems((TupleBlob*)left.Pointer, (TupleBlob*)right.Pointer),
            ValueKind.FrozenSet => SameMembers((TupleBlob*)left.Pointer, (TupleBlob*)right.Pointer),
            _ => false,
        };
    }

    /// <summary>
    /// Whether a higher floor may define equality of the value in another way: an object of a class, a foreign object, or a tuple
    /// or frozen set that may contain one.
    /// </summary>
    public static bool IsOpaque(Value value) => value.IsPointer && value.Kind switch
    {
        ValueKind.Foreign or ValueKind.Tuple or ValueKind.FrozenSet => true,
        ValueKind.Object => value.Head->Kind == HeaderKind.Record,
        _ => false,
    };

    internal static bool IsNumber(ValueKind kind) =>
        kind is ValueKind.Int or ValueKind.Float or ValueKind.Bool or ValueKind.BigInt or ValueKind.Complex;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool SameBytes(Blob* blob, byte* data, nuint length)
    {
        if (blob->Length != length) return false;
        byte* own = Blob.Data(blob);
        // Most keys are this short. They are compared as two words, which may overlap, or as two halves.
        if (length - 8 <= 8) return SameEnds<ulong>(own, data, length);
        return length - 4 < 4 ? SameEnds<uint>(own, data, length) : SameBytesSlowly(own, data, length);
    }

    // Compares the first sizeof(T) bytes and the last sizeof(T) bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool SameEnds<T>(byte* own, byte* data, nuint length) where T : unmanaged, IBinaryInteger<T>
    {
        byte* end = own + length - sizeof(T), last = data + length - sizeof(T);
        T first = Unsafe.ReadUnaligned<T>(own) ^ Unsafe.ReadUnaligned<T>(data);
        return T.IsZero(first | Unsafe.ReadUnaligned<T>(end) ^ Unsafe.ReadUnaligned<T>(last));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SameBytesSlowly(byte* own, byte* data, nuint length)
    {
        for (; length > int.MaxValue; own += int.MaxValue, data += int.MaxValue, length -= int.MaxValue)
        {
            if (!new ReadOnlySpan<byte>(own, int.MaxValue).SequenceEqual(new ReadOnlySpan<byte>(data, int.MaxValue)))
                return false;
        }
        return new ReadOnlySpan<byte>(own, (int)length).SequenceEqual(new ReadOnlySpan<byte>(data, (int)length));
    }

    // The elements of both sets are in the order of their hashes, so only elements with equal hashes may be in another order. The
    // recursion is bounded by TupleBlob.MaximumDepth.
    static bool SameMembers(TupleBlob* left, TupleBlob* right)
    {
        if (left->Length != right->Length || left->Hash != right->Hash) return false;
        for (nuint i = 0; i < left->Length; i++)
        {
            Value member = TupleBlob.Items(left)[i];
            if (!AreEqual(member, TupleBlob.Items(right)[i]) && !IsAmong(member, right, i)) return false;
        }
        return true;
    }

    // Whether an element is among the elements of a set with its hash, one of which is at an index.
    static bool IsAmong(Value member, TupleBlob* set, nuint index)
    {
        ulong hash = Hashing.Of(member);
        Value* items = TupleBlob.Items(set);
        while (index > 0 && Hashing.Of(items[index - 1]) == hash) index--;
        for (; index < set->Length && Hashing.Of(items[index]) == hash; index++)
        {
            if (AreEqual(member, items[index])) return true;
        }
        return false;
    }

    // The recursion is bounded by TupleBlob.MaximumDepth.
    static bool SameItems(TupleBlob* left, TupleBlob* right)
    {
        if (left->Length != right->Length || left->Hash != right->Hash) return false;
        for (nuint i = 0; i < left->Length; i++)
        {
            if (!AreEqual(TupleBlob.Items(left)[i], TupleBlob.Items(right)[i])) return false;
        }
        return true;
    }
}
