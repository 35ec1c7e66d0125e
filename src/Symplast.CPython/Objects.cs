using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// The first 16 bytes of every object, for which the four versions differ only in how they use the reference count's word.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyObject
{
    /// <summary>
    /// 3.12, 3.13: a 64-bit count. 3.14+: 32 bits of count, 16 of overflow, 16 of flags. The low 32 bits count in all of them.
    /// </summary>
    public ulong RefCount;

    /// <summary>The type.</summary>
    public PyObject* Type;
}

/// <summary>An object with a size: list, and the head of tuple, bytes and bytearray.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyVarObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of items.</summary>
    public nint Size;
}

/// <summary>A list.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyListObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of items.</summary>
    public nint Size;

    /// <summary>The items, in memory of their own.</summary>
    public PyObject** Items;

    /// <summary>Items that the memory has room for.</summary>
    public nint Allocated;
}

/// <summary>An int: sign in the two low bits of the tag, number of 30-bit digits from bit 3.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyLongObject
{
    /// <summary>Bytes before the digits.</summary>
    public const int DigitsOffset = 24;

    /// <summary>Bit 2 of the tag marks the interpreter's own small ints (3.14+); a copy must not carry it.</summary>
    public const ulong SmallIntBit = 4;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Sign and number of digits.</summary>
    public ulong Tag;

    /// <summary>First digit; more may follow.</summary>
    public uint Digit;

    /// <summary>Number of digits; 0 for the value 0.</summary>
    public readonly nuint DigitCount => (nuint)(Tag >> 3);

    /// <summary>True if the value fits one digit, which every cached small int does.</summary>
    public readonly bool IsCompact => Tag < 16;

    /// <summary>The value, if <see cref="IsCompact"/>.</summary>
    public readonly long CompactValue => (1 - (long)(Tag & 3)) * Digit;
}

/// <summary>A float.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyFloatObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>The value.</summary>
    public double Value;
}

/// <summary>A complex number.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyComplexObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Real part.</summary>
    public double Real;

    /// <summary>Imaginary part.</summary>
    public double Imaginary;
}

/// <summary>Bytes; the data follow the head and end with a zero byte.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyBytesObject
{
    /// <summary>Bytes before the data.</summary>
    public const int DataOffset = 32;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Number of bytes.</summary>
    public nint Size;

    /// <summary>Hash, -1 until it is asked for.</summary>
    public nint Hash;
}

/// <summary>A range: four ints.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyRangeObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>First value.</summary>
    public PyObject* Start;

    /// <summary>End, exclusive.</summary>
    public PyObject* Stop;

    /// <summary>Step.</summary>
    public PyObject* Step;

    /// <summary>Number of values.</summary>
    public PyObject* Length;
}

/// <summary>A slice.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PySliceObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Start, any object.</summary>
    public PyObject* Start;

    /// <summary>Stop, any object.</summary>
    public PyObject* Stop;

    /// <summary>Step, any object.</summary>
    public PyObject* Step;
}

/// <summary>A read-only view of a mapping.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMappingProxyObject
{
    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>The mapping.</summary>
    public PyObject* Mapping;
}

/// <summary>
/// Sizes and offsets of the datetime types; the packed fields begin right after a flag byte, so a struct would mislead.
/// </summary>
public static class PyDateTimeLayout
{
    /// <summary>Offset of the cached hash in all of them.</summary>
    public const int Hash = 16;

    /// <summary>Offset of the byte that says whether a date-time or time has a tzinfo.</summary>
    public const int HasTimeZone = 24;

    /// <summary>Bytes of a date.</summary>
    public const int DateSize = 32;

    /// <summary>Bytes of a timedelta.</summary>
    public const int DeltaSize = 40;

    /// <summary>Bytes of a time without tzinfo; with one, the pointer follows.</summary>
    public const int TimeSize = 32;

    /// <summary>Bytes of a datetime without tzinfo; with one, the pointer follows.</summary>
    public const int DateTimeSize = 40;
}
