namespace Symplast.Objects;

/// <summary>Which values can be sorted among each other.</summary>
public enum OrderingClass : byte
{
    /// <summary>It has no place in an order: None, a complex number, NaN, an object, or a tuple with such an item.</summary>
    None,

    /// <summary>Integers, doubles and booleans, by their exact values.</summary>
    Number,

    /// <summary>Text, by code points.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Tuples, by the first items that differ; a tuple comes after its beginning.</summary>
    Tuple,
}

/// <summary>
/// The order of keys that a sorted structure keeps: Python's where Python has one. It is consistent with <see cref="Equality"/>
/// and <see cref="Hashing"/>: what compares as 0 is equal. Allocates nothing; thread-safe; operands must stay while it runs (a
/// section, or a reference).
/// </summary>
public static unsafe class Ordering
{
    /// <summary>
    /// The class of a value; <see cref="OrderingClass.None"/> if it cannot be a sorted key. A handful of instructions, for tuples
    /// too.
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
    /// Negative, 0 or positive. Neither may be of class <see cref="OrderingClass.None"/>. Values of different classes are ordered
    /// by class, so that this is a total order whatever the items of tuples are; whether a structure accepts such keys side by
    /// side is its own affair.
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
    /// Whether Python, too, has an order for two values: not of two classes, nor of tuples if the first of their items that
    /// differ are of two classes, or tuples of which that is true. If there is none for two values of a sorted row, there is none
    /// for some neighbours between them.
    /// </summary>
    public static bool HaveOrder(Value left, Value right) => HaveOrder(left, right, out _, out _);

    /// <summary>The same with the items that are of two classes.</summary>
    public static bool HaveOrder(Value left, Value right, out OrderingClass first, out OrderingClass second)
    {
        first = second = OrderingClass.None;
        CompareStrictly(left, right, ref first, ref second);
        return first == second;
    }

    // As Compare; recursion is bounded by TupleBlob.MaximumDepth.
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

    // Bytes compare as unsigned numbers. UTF-8 was made so that this is the order of code points; it holds for encoded surrogates
    // as well.
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

    // Recursion is bounded by TupleBlob.MaximumDepth.
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
