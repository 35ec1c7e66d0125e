using System.Numerics;

namespace Symplast.Objects;

/// <summary>Comparing numbers of different kinds exactly, as Python does.</summary>
internal static unsafe class Numbers
{
    internal static bool AreEqual(Value left, Value right)
    {
        if (left.IsInt && right.IsInt) return left == right;
        if (left.IsFloat && right.IsFloat) return left.Float == right.Float;
        Parts(left, out double? leftReal, out BigInteger leftInteger, out double leftImaginary);
        Parts(right, out double? rightReal, out BigInteger rightInteger, out double rightImaginary);
        if (leftImaginary != rightImaginary) return false;
        return Order(leftReal, leftInteger, rightReal, rightInteger) == 0;
    }

    /// <summary>Negative, 0 or positive; for real numbers that are no NaN.</summary>
    internal static int Compare(Value left, Value right)
    {
        if (left.IsInt && right.IsInt) return left.Int.CompareTo(right.Int);
        if (left.IsFloat && right.IsFloat) return left.Float.CompareTo(right.Float);
        Parts(left, out double? leftReal, out BigInteger leftInteger, out _);
        Parts(right, out double? rightReal, out BigInteger rightInteger, out _);
        return Order(leftReal, leftInteger, rightReal, rightInteger);
    }

    static int Order(double? leftReal, BigInteger leftInteger, double? rightReal, BigInteger rightInteger)
    {
        if (leftReal is { } left && rightReal is { } right) return left.CompareTo(right);
        if (leftReal is { } real) return -Order(rightInteger, real);
        if (rightReal is { } other) return Order(leftInteger, other);
        return leftInteger.CompareTo(rightInteger);
    }

    // An integer against a double, without rounding.
    static int Order(BigInteger integer, double real)
    {
        if (double.IsPositiveInfinity(real)) return -1;
        if (double.IsNegativeInfinity(real)) return 1;
        double whole = Math.Floor(real);
        int order = integer.CompareTo(new BigInteger(whole));
        return order != 0 || whole == real ? order : -1;
    }

    // A number is a double, or an integer; and has an imaginary part.
    static void Parts(Value number, out double? real, out BigInteger integer, out double imaginary)
    {
        real = null;
        integer = default;
        imaginary = 0;
        switch (number.Kind)
        {
            case ValueKind.Int: integer = number.Int; break;
            case ValueKind.Bool: integer = number == Value.True ? 1 : 0; break;
            case ValueKind.Float: real = number.Float; break;
            case ValueKind.Complex:
                real = ((double*)Blob.Data((Blob*)number.Pointer))[0];
                imaginary = ((double*)Blob.Data((Blob*)number.Pointer))[1];
                break;
            default: integer = new BigInteger(Blob.Bytes(number)); break;
        }
    }
}
