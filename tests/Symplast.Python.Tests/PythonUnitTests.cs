using Symplast.CPython;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

/// <summary>
/// The tests in tests/python, in this process: elsewhere they check the wheel, here they show which lines of C# they reach, for
/// <c>make coverage</c> alone. Those that start processes are skipped, since a child would not find the module that was compiled
/// here, and those of parts that are all Python are left out.
/// </summary>
public class PythonUnitTests
{
    static readonly string Folder = Path.Combine(LibPython.Root, "tests", "python");

    public static IEnumerable<TheoryDataRow<string>> Modules =>
        from file in Directory.Exists(Folder) ? Directory.GetFiles(Folder, "test_*.py", SearchOption.AllDirectories) : []
        let name = Path.GetFileNameWithoutExtension(file)
        where !name.StartsWith("test_byvalue", StringComparison.Ordinal) && name != "test_docs"
        orderby name
        select new TheoryDataRow<string>(name);

    [Theory(Explicit = true, SkipTestWithoutData = true)]
    [MemberData(nameof(Modules), DisableDiscoveryEnumeration = true)]
    public unsafe void HoldHereToo(string module)
    {
        long ran = 0;
        Hosted.Do(() =>
        {
            PyObject* number = Hosted.Evaluate($"run_unittests('{module}')");
            ran = Api.Table.PyLong_AsLongLong(number);
            References.Drop(number);
        });
        Assert.SkipWhen(ran == 0, "every test in it starts processes");
    }
}
