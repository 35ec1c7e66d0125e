using Symplast.CPython;
using Xunit;

namespace Symplast.Python.Tests;

public unsafe class ReferencesTests
{
    [Fact]
    public void CountsGoUpAndDown()
    {
        PyObject o = new() { RefCount = 1 };
        Assert.True(References.IsUnique(&o));
        Assert.True(References.New(&o) == &o);
        References.Take(&o);
        Assert.Equal(3u, o.RefCount);
        Assert.False(References.IsUnique(&o));
        References.Drop(&o);
        Assert.Equal(2u, o.RefCount);
        References.Drop(null);
    }

    [Theory]
    [InlineData(0x3FFF_FFFF_FFFF_FFFFul)]
    [InlineData(0x0001_0000_E000_0000ul)]
    [InlineData(0x0000_0000_FFFF_FFFFul)]
    public void TheCountOfAnImmortalObjectIsNeverWritten(ulong header)
    {
        PyObject o = new() { RefCount = header };
        References.Take(&o);
        References.Drop(&o);
        References.Drop(&o);
        Assert.Equal(header, o.RefCount);
        Assert.False(References.IsUnique(&o));
    }

    [Fact]
    public void TheUpperHalfOfTheWordIsLeftAlone()
    {
        PyObject o = new() { RefCount = 0x0123_0000_0000_0001 };
        References.Take(&o);
        References.Drop(&o);
        Assert.Equal(0x0123_0000_0000_0001u, o.RefCount);
    }
}
