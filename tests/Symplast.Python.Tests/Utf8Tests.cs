using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using Symplast.Python.Freezing;
using Xunit;

namespace Symplast.Python.Tests;

public unsafe class Utf8Tests
{
    static readonly Gen<int> Latin = Gen.Int[0, 0xFF];
    static readonly Gen<int> Basic = Gen.OneOf(Gen.Int[0, 0x7FF], Gen.Int[0x800, 0xD7FF], Gen.Int[0xE000, 0xFFFF]);
    static readonly Gen<int> Any = Gen.OneOf(Latin, Basic, Gen.Int[0x10000, 0x10FFFF]);

    [Fact]
    public void CharactersOfOneByteEncodeAsDotNetEncodesThem() => Latin.Array[0, 40].Sample(text => AssertEncodes(text, kind: 1));

    [Fact]
    public void CharactersOfTwoBytesEncodeAsDotNetEncodesThem() =>
        Basic.Array[0, 40].Sample(text => AssertEncodes(text, kind: 2));

    [Fact]
    public void CharactersOfFourBytesEncodeAsDotNetEncodesThem() => Any.Array[0, 40].Sample(text => AssertEncodes(text, kind: 4));

    [Theory]
    [InlineData(0x7F, 1)]
    [InlineData(0x80, 2)]
    [InlineData(0x7FF, 2)]
    [InlineData(0x800, 3)]
    [InlineData(0xD7FF, 3)]
    [InlineData(0xE000, 3)]
    [InlineData(0xFFFF, 3)]
    [InlineData(0x10000, 4)]
    [InlineData(0x10FFFF, 4)]
    public void LengthsChangeWhereTheStandardSays(int codePoint, int bytes)
    {
        Assert.Equal(bytes, Utf8.Length((byte*)&codePoint, 4, 1));
        AssertEncodes([codePoint], kind: 4);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void LoneSurrogatesHaveNoUtf8(int kind)
    {
        foreach (int surrogate in (ReadOnlySpan<int>)[0xD800, 0xDBFF, 0xDC00, 0xDFFF])
        {
            byte[] text = Array(['a', surrogate, 'b'], kind);
            fixed (byte* data = text) Assert.Equal(-1, Utf8.Length(data, kind, 3));
        }
    }

    static void AssertEncodes(int[] codePoints, int kind)
    {
        byte[] expected = Encoding.UTF8.GetBytes(string.Concat(codePoints.Select(char.ConvertFromUtf32)));
        byte[] text = Array(codePoints, kind);
        byte[] actual = new byte[expected.Length + 1];
        actual[^1] = 0xA5;
        fixed (byte* data = text, to = actual)
        {
            Assert.Equal(expected.Length, Utf8.Length(data, kind, codePoints.Length));
            Utf8.Write(data, kind, codePoints.Length, to);
        }
        Assert.Equal([.. expected, 0xA5], actual);
    }

    // As CPython keeps them: so many bytes a character. Never empty, so that it has an address.
    static byte[] Array(int[] codePoints, int kind) => kind switch
    {
        1 => [.. codePoints.Select(c => (byte)c), 0],
        2 => [.. MemoryMarshal.AsBytes<ushort>(codePoints.Select(c => (ushort)c).ToArray()), 0],
        _ => [.. MemoryMarshal.AsBytes<int>(codePoints), 0],
    };
}
