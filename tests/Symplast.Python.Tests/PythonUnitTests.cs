using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

/// <summary>
/// The tests in tests/python, in this process: there they check the wheel, here they show which lines of C# they reach. Those that start
/// processes skip themselves, since a child would not find the module that was compiled here.
/// </summary>
public class PythonUnitTests
{
    static readonly string Folder = Path.Combine(LibPython.Root, "tests", "python");

    public static IEnumerable<TheoryDataRow<string>> Modules =>
        from file in Directory.Exists(Folder) ? Directory.GetFiles(Folder, "test_*.py") : []
        let name = Path.GetFileNameWithoutExtension(file)
        orderby name
        select new TheoryDataRow<string>(name);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Modules), DisableDiscoveryEnumeration = true)]
    public void HoldHereToo(string module) => Hosted.Run($"ran = run_unittests('{module}')");
}
