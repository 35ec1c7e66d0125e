namespace Symplast.Objects;

/// <summary>The classes of values. Values of one class can be sorted together.</summary>
public enum OrderingClass : byte
{
    /// <summary>Values without an order: None, complex numbers, NaN, objects, and tuples with such items.</summary>
    None,

    /// <summary>Integers, doubles and booleans, by their exact values.</summary>
    Number,

    /// <summary>Text, by code points.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Tuples, by the first items that differ. A tuple comes after each of its prefixes.</summary>
    Tuple,
}

/// <summary>
/// The order of the keys of a sorted structure. It is Python's order where Python defines one. It is consistent with
/// <see cref="Equality"/> and <see cref="Hashing"/>: two values that compare as 0 are equal. Allocates nothing. Thread-safe; the
/// caller must keep the operands in memory, by a section or a reference.
/// </summary>
public static unsafe class Ordering
{
    /// <summary>
    /// The class of a value, <see cref="OrderingClass.None"/> if it cannot be a sorted key. It costs a handful of instructions,
    /// also for tuples.
    /// </summary>
    public static OrderingClass ClassOf(Value value) => value.Kind switch
    {
        ValueKind.Int or ValueKind.Bool or ValueKind.BigInt => OrderingClass.Number,
        ValueKind.Float => double.IsNaN(value.Float) ? OrderingClass.None : OrderingClass.Number,
        ValueKind.Text => OrderingClass.Text,
        ValueKind.Bytes => OrderingClass.Bytes,
        ValueKind.Tuple => TupleBlob.IsOrdered(value) ? OrderingClass.Tuple : OrderingClass.None,
        _ => OrderingClass.None,
    };

    /// <summary>
    /// Compares two values. Returns a negative number, 0 or a positive number. Neither value may have the class
    /// <see cref="OrderingClass.None"/>. Values of different classes are ordered by class, so the order is total for any items of
    /// tuples. Each structure decides whether it accepts keys of different classes together.
    /// </summary>
    public static int Compare(Value left, Value right)
    {
        if (left == right) return 0;
        if (left.IsInt && right.IsInt) return left.Int < right.Int ? -1 : 1;
        OrderingClass kind = ClassOf(left);
        OrderingClass other = ClassOf(right);
        if (kind != other) return kind < other ? -1 : 1;
        switch (kind)
        {
            case OrderingClass.Number:
                return Numbers.Compare(left, right);
            case OrderingClass.Tuple:
                return CompareItems((TupleBlob*)left.Pointer, (TupleBlob*)right.Pointer);
            default:
                Blob* blob = (Blob*)right.Pointer;
                return -CompareBytes(Blob.Data(blob), blob->Length, (Blob*)left.Pointer);
        }
    }

    /// <summary>
    /// Whether Python defines an order for two values. It defines none for values of different classes. It defines none for two
    /// tuples if it defines none for the first items that differ. If two values of a sorted sequence have no such order, neither
    /// have some two neighbours between them.
    /// </summary>
    public static bool HaveOrder(Value left, Value right) => HaveOrder(left, right, out _, out _);

    /// <summary>
    /// Whether Python defines an order for two values. If not, also returns the classes of the items that have no order.
    /// </summary>
    public static bool HaveOrder(Value left, Value right, out OrderingClass first, out OrderingClass second)
    {
        first = second = OrderingClass.None;
        CompareStrictly(left, right, ref first, ref second);
        return first == second;
    }

    // Compares like Compare. The recursion is bounded by TupleBlob.MaximumDepth.
    static int CompareStrictly(Value left, Value right, ref OrderingClass first, ref OrderingClass second)
    {
        OrderingClass kind = ClassOf(left);
        OrderingClass other = ClassOf(right);
        if (kind == other && kind != OrderingClass.Tuple || left == right) return Compare(left, right);
        if (kind != other)
        {
            first = kind;
            second = other;
            return 1;
        }
        nuint common = Math.Min(TupleBlob.LengthOf(left), TupleBlob.LengthOf(right));
        for (nuint i = 0; i < common; i++)
        {
            int order = CompareStrictly(
                TupleBlob.Items((TupleBlob*)left.Pointer)[i], TupleBlob.Items((TupleBlob*)right.Pointer)[i], ref first,
                ref second);
            if (order != 0) return order;
        }
        return TupleBlob.LengthOf(left).CompareTo(TupleBlob.LengthOf(right));
    }

    // Compares bytes as unsigned numbers. For UTF-8 this is the order of the code points, also of encoded surrogates.
    internal static int CompareBytes(byte* data, nuint length, Blob* blob)
    {
        byte* own = Blob.Data(blob);
        nuint common = Math.Min(length, blob->Length);
        for (; common > int.MaxValue; data += int.MaxValue, own += int.MaxValue, common -= int.MaxValue)
        {
            int part = new ReadOnlySpan<byte>(data, int.MaxValue).SequenceCompareTo(new ReadOnlySpan<byte>(own, int.MaxValue));
            if (part != 0) return part;
        }
        int order = new ReadOnlySpan<byte>(data, (int)common).SequenceCompareTo(new ReadOnlySpan<byte>(own, (int)common));
        return order != 0 ? order : length.CompareTo(blob->Length);
    }

    // The recursion is bounded by TupleBlob.MaximumDepth.
    static int CompareItems(TupleBlob* left, TupleBlob* right)
    {
        nuint common = Math.Min(left->Length, right->Length);
        for (nuint i = 0; i < common; i++)
        {
            int order = Compare(TupleBlob.Items(left)[i], TupleBlob.Items(right)[i]);
            if (order != 0) return order;
        }
        return left->Length.CompareTo(right->Length);
    }
}
