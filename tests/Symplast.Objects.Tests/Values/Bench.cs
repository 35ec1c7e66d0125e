using System.Numerics;
using System.Runtime.InteropServices;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests;

/// <summary>A pool, a participant inside a section, and ways to make values. What is made stays until the pool goes.</summary>
internal sealed unsafe class Bench : IDisposable
{
    readonly Pool _pool = Pool.Create("bench");

    internal Bench()
    {
        Heap = _pool.LiveHeap();
        Me = Epoch.Join();
        Epoch.Enter(Me);
    }

    internal PoolHeap* Heap { get; }

    internal Participant* Me { get; }

    public void Dispose()
    {
        Epoch.Exit(Me);
        Epoch.Leave(Me);
        _pool.Delete();
        _pool.EndLeases(_ => true);
    }

    internal Value Integer(BigInteger number) =>
        number == (long)BigInteger.Max(BigInteger.Min(number, long.MaxValue), long.MinValue) && Value.Fits((long)number)
            ? Value.OfInt((long)number) : BigInt(number);

    internal Value BigInt(BigInteger number)
    {
        byte[] bytes = number.ToByteArray();
        return Blob(ValueKind.BigInt, bytes, Hashing.OfBigInt(bytes));
    }

    internal Value Complex(double real, double imaginary)
    {
        double[] parts = [real, imaginary];
        return Blob(ValueKind.Complex, MemoryMarshal.AsBytes<double>(parts), Hashing.OfComplex(real, imaginary));
    }

    internal Value Text(params ReadOnlySpan<int> codePoints)
    {
        byte[] utf8 = Utf8(codePoints);
        return Blob(ValueKind.Text, utf8, Hashing.OfBytes(utf8));
    }

    internal Value Text(string text) => Text([.. text.EnumerateRunes().Select(rune => rune.Value)]);

    internal Value Bytes(params byte[] bytes) => Blob(ValueKind.Bytes, bytes, Hashing.OfBytes(bytes));

    internal Value Tuple(params Value[] items)
    {
        fixed (Value* first = items)
        {
            Value tuple = TupleBlob.Create(Me, Heap, first, (nuint)items.Length);
            Assert.False(tuple.IsEmpty);
            return tuple;
        }
    }

    /// <summary>UTF-8 that encodes lone surrogates like other characters.</summary>
    internal static byte[] Utf8(ReadOnlySpan<int> codePoints)
    {
        List<byte> bytes = [];
        foreach (int point in codePoints)
        {
            if (point < 0x80) bytes.Add((byte)point);
            else if (point < 0x800) bytes.AddRange([(byte)(0xC0 | point >> 6), Tail(point)]);
            else if (point < 0x10000) bytes.AddRange([(byte)(0xE0 | point >> 12), Tail(point >> 6), Tail(point)]);
            else bytes.AddRange([(byte)(0xF0 | point >> 18), Tail(point >> 12), Tail(point >> 6), Tail(point)]);
        }
        return [.. bytes];
    }

    static byte Tail(int point) => (byte)(0x80 | point & 0x3F);

    Value Blob(ValueKind kind, ReadOnlySpan<byte> bytes, ulong hash)
    {
        fixed (byte* first = bytes)
        {
            Value blob = Objects.Blob.Create(Me, Heap, kind, first, (nuint)bytes.Length, hash);
            Assert.False(blob.IsEmpty);
            return blob;
        }
    }
}
