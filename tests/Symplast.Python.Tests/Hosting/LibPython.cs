using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Symplast.Python.Tests.Hosting;

/// <summary>
/// The libpython that this process hosts: the file that SYMPLAST_LIBPYTHON names, or that of the newest CPython of the machine
/// which comes as a shared library and can be loaded here. One process can host one.
/// </summary>
internal static partial class LibPython
{
    const int BindNow = 2;
    const int Global = 0x100;

    /// <summary>Folder of the solution.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>
    /// Loads it with its symbols visible to all, as a program that is linked with it has them (extension modules of the standard
    /// library need that too). Returns the executable it belongs to, "" if that is not known; or null and the reason why there is
    /// none.
    /// </summary>
    internal static string? Load(out string reason)
    {
        string? named = Environment.GetEnvironmentVariable("SYMPLAST_LIBPYTHON");
        List<string> refusals = [];
        // The first call of a function looks it up, which would overwrite the error that is asked for.
        Error();
        foreach ((string library, string executable) in string.IsNullOrEmpty(named)
            ? Installed(refusals) : [(named, ExecutableBeside(named))])
        {
            reason = "";
            if (Open(library, BindNow | Global) != 0) return executable;
            refusals.Add(Marshal.PtrToStringUTF8(Error()) ?? library);
        }
        reason = "No CPython 3.12+ with a shared library can be hosted here (" +
            (refusals.Count == 0 ? "none was found" : string.Join("; ", refusals)) +
            "). Build one with --enable-shared, or name its library: SYMPLAST_LIBPYTHON=…/libpython3.14.so.1.0";
        return null;
    }

    // Asked of the scripts that find Pythons for the other tests.
    static IEnumerable<(string Library, string Executable)> Installed(List<string> refusals)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "Hosting", "shared_pythons.py");
        ProcessStartInfo start = new(
            "python3", [script, Root])
        { WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true };
        string output;
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) refusals.Add(errors.Result.Trim());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            refusals.Add("python3: " + e.Message);
            yield break;
        }
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('\t');
            yield return (parts[0], parts[1]);
        }
    }

    // …/lib/libpython3.14.so.1.0 → …/bin/python3.14
    static string ExecutableBeside(string library)
    {
        string name = Path.GetFileName(library);
        int end = name.IndexOf(".so", StringComparison.Ordinal);
        if (!name.StartsWith("lib", StringComparison.Ordinal) || end < 0) return "";
        string executable =
            Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(library))!, "..", "bin", name[3..end]));
        return File.Exists(executable) ? executable : "";
    }

    static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Symplast.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("the folder of Symplast.slnx");
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string file, int mode);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    private static partial nint Error();
}
