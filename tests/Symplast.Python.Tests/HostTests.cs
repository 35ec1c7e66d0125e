using Symplast.CPython;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public unsafe class HostTests
{
    [Fact]
    public void ThePackageImportsTheModuleThatThisProcessCompiled() => Hosted.Run("""
        assert symplast._symplast.__spec__.origin == "built-in"
        check.assertEqual(symplast.thaw(symplast.freeze([1, {"a": {2}}])), [1, {"a": {2}}])
        """);

    [Fact]
    public void TheHostedPythonIsThatOfItsExecutable() => Hosted.Run("""
        import os
        assert os.path.isfile(sys.executable), sys.executable
        assert os.path.isfile(os.path.join(sys.base_prefix, "lib", "python%d.%d" % sys.version_info[:2], "os.py"))
        """);

    [Fact]
    public void AFailingTestShowsPythonsTraceback()
    {
        PythonError? failure = null;
        try
        {
            Hosted.Run("def broken():\n    return 1 / 0\nbroken()");
        }
        catch (PythonError e)
        {
            failure = e;
        }
        Assert.NotNull(failure);
        Assert.Contains("ZeroDivisionError", failure.Message);
        Assert.Contains("return 1 / 0", failure.Message);
    }

    [Fact]
    public void TheLayoutIsThatOfTheHostedVersion() => Hosted.Do(() =>
    {
        PyObject* minor = Hosted.Evaluate("sys.version_info.minor");
        Assert.Equal(Api.Table.PyLong_AsLongLong(minor), Layout.Current.Minor);
    });
}
