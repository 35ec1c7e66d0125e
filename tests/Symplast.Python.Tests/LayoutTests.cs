using System.Runtime.CompilerServices;
using Symplast.CPython;
using Xunit;

namespace Symplast.Python.Tests;

public class LayoutTests
{
    // What a test selects is undone: the hosted Python's layout is process-wide.
    static Layout? Selected(uint versionHex)
    {
        ref Layout current = ref Unsafe.AsRef(in Layout.Current);
        Layout before = current;
        Layout? selected = Layout.Select(versionHex) ? current : null;
        current = before;
        return selected;
    }

    [Theory]
    [InlineData(0x03_0C_08_F0u, 12, 8)]
    [InlineData(0x03_0D_0D_F0u, 13, 13)]
    [InlineData(0x03_0E_00_B1u, 14, 0)]
    [InlineData(0x03_0F_02_F0u, 15, 2)]
    public void TheVersionIsReadOffItsNumber(uint versionHex, int minor, int patch)
    {
        Layout layout = Selected(versionHex)!.Value;
        Assert.Equal((minor, patch), (layout.Minor, layout.Patch));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x02_07_12_F0u)]
    [InlineData(0x03_0B_07_F0u)]
    [InlineData(0x03_10_00_A1u)]
    [InlineData(0x04_0C_00_F0u)]
    public void OtherVersionsAreNotKnown(uint versionHex) => Assert.Null(Selected(versionHex));

    [Theory]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void AFrozenHeaderIsImmortalInEveryVersionsEyes(uint minor)
    {
        Layout layout = Selected(0x03_00_00_F0u | minor << 16)!.Value;
        // All test the sign of the low 32 bits; 3.14+ looks at the flag in the upper half as well.
        Assert.True((int)layout.ImmortalHeader < 0);
        if (minor >= 14) Assert.Equal(1ul, layout.ImmortalHeader >> 48);
        else Assert.True((long)layout.ImmortalHeader > 0, "a 64-bit count is positive");
    }

    [Fact]
    public void EachVersionHasWhatItIntroduced()
    {
        Layout[] layouts = [.. Enumerable.Range(12, 4).Select(minor => Selected(0x03_00_00_F0u | (uint)minor << 16)!.Value)];
        Assert.Equal([24, 24, 32, 32], layouts.Select(layout => layout.TupleItems));
        Assert.Equal([false, false, true, true], layouts.Select(layout => layout.TupleHasHash));
        Assert.Equal([false, false, false, true], layouts.Select(layout => layout.HasFrozenDict));
        Assert.Equal([false, true, true, true], layouts.Select(layout => layout.StaticDateTimes));
        Assert.All(layouts, layout => Assert.True(layout.TupleItems == (layout.TupleHasHash ? Layout.TupleHash + 8 : 24)));
    }

    [Fact]
    public unsafe void MirroredStructsHaveCPythonsSizes()
    {
        Assert.Equal(16, sizeof(PyObject));
        Assert.Equal(24, sizeof(PyVarObject));
        Assert.Equal(24, sizeof(PyFloatObject));
        Assert.Equal(32, sizeof(PyComplexObject));
        Assert.Equal(PyAsciiObject.DataOffset, sizeof(PyAsciiObject));
        Assert.Equal(PyCompactUnicodeObject.DataOffset, sizeof(PyCompactUnicodeObject));
        Assert.Equal(PyBytesObject.DataOffset, sizeof(PyBytesObject));
        Assert.Equal(48, sizeof(PyRangeObject));
        Assert.Equal(40, sizeof(PySliceObject));
        Assert.Equal(24, sizeof(PyMappingProxyObject));
        Assert.Equal(48, sizeof(PyDictObject));
        Assert.Equal(32, sizeof(PyDictKeys));
        Assert.Equal(24, sizeof(PyDictEntry));
        Assert.Equal(16, sizeof(PyDictStringEntry));
        Assert.Equal(16, sizeof(PySetEntry));
        Assert.Equal(
            Layout.SetSize,
            (int)Unsafe.ByteOffset(ref Nowhere.Set.Head.RefCount, ref Unsafe.As<PySetEntry, ulong>(ref Nowhere.Set.SmallTable))
            + PySetObject.SmallTableSize * sizeof(PySetEntry) + sizeof(nint));
    }

    static class Nowhere
    {
        internal static PySetObject Set;
    }

    [Theory]
    [InlineData(3, 5, 3)]
    [InlineData(4, 10, 4)]
    [InlineData(7, 85, 7)]
    [InlineData(8, 170, 9)]
    [InlineData(15, 21845, 16)]
    [InlineData(16, 43690, 18)]
    [InlineData(32, 2863311530, 35)]
    public void ADictTableHasRoomForTwoThirdsAndAnIndexWideEnough(int log2, long capacity, int indexBytes)
    {
        Assert.Equal((nint)capacity, PyDictKeys.Capacity(log2));
        Assert.Equal(indexBytes, PyDictKeys.IndexBytesLog2(log2));
    }
}
