using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>An int: sign in the two low bits of the tag, number of 30-bit digits from bit 3.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyLongObject
{
    /// <summary>Bytes before the digits.</summary>
    public const int DigitsOffset = 24;

    /// <summary>Bit 2 of the tag marks the interpreter's own small ints (3.14+); a copy must not carry it.</summary>
    public const ulong SmallIntBit = 4;

    /// <summary>PyLong_SHIFT: bits of a digit.</summary>
    public const int DigitBits = 30;

    /// <summary>The tag of a positive number of one digit.</summary>
    public const ulong OneDigit = 1 << 3;

    /// <summary>Common head.</summary>
    public PyObject Head;

    /// <summary>Sign and number of digits.</summary>
    public ulong Tag;

    /// <summary>First digit; more may follow.</summary>
    public uint Digit;

    /// <summary>Number of digits; 0 for the value 0.</summary>
    public readonly nuint DigitCount => (nuint)(Tag >> 3);

    /// <summary>True if the value is below zero.</summary>
    public readonly bool IsNegative => (Tag & 3) == 2;

    /// <summary>True if the value fits one digit, which every cached small int does.</summary>
    public readonly bool IsCompact => Tag < 16;

    /// <summary>The value, if <see cref="IsCompact"/>.</summary>
    public readonly long CompactValue => (1 - (long)(Tag & 3)) * Digit;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<ulong, PyObject*> PyLong_FromUnsignedLongLong;
    public delegate* unmanaged[Cdecl]<PyObject*, long> PyLong_AsLongLong;
    public delegate* unmanaged[Cdecl]<PyObject*, ulong> PyLong_AsUnsignedLongLong;
    public delegate* unmanaged[Cdecl]<byte*, void*, int, PyObject*> PyLong_FromString;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> _PyLong_Copy;
    public delegate* unmanaged[Cdecl]<byte*, nuint, int, int, PyObject*> _PyLong_FromByteArray;
    public delegate* unmanaged[Cdecl]<PyObject*, int*, long> PyLong_AsLongLongAndOverflow;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<long, PyObject*> PyLong_FromLongLong;
    public PyObject* PyLong_Type;
    public PyObject* PyBool_Type;
}
