using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Symplast.Objects;

/// <summary>Compares two pairs of digests; where it is true all bits are set.</summary>
internal interface IDigestOrder
{
    static abstract Vector128<long> Above(Vector128<long> left, Vector128<long> right);
}

/// <summary>By one instruction of x86-64's second level, which the compiler does not take for granted.</summary>
internal readonly struct Sse42Order : IDigestOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> Above(Vector128<long> left, Vector128<long> right) => Sse42.CompareGreaterThan(left, right);
}

/// <summary>As the compiler sees fit: by one instruction on arm64, by eight on the first level of x86-64.</summary>
internal readonly struct AnyOrder : IDigestOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> Above(Vector128<long> left, Vector128<long> right) => Vector128.GreaterThan(left, right);
}
