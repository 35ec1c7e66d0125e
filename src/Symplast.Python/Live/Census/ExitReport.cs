using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Live;

/// <summary>
/// Reports the live objects that are left at the end of the process on stderr (<c>SYMPLAST_DEBUG=leaks</c> or <c>track</c>).
/// CPython calls it after the main interpreter, and before it all others, has ended, so what their modules held has been
/// released.
/// </summary>
internal static unsafe partial class ExitReport
{
    const int MostLines = 20;
    const int StandardError = 2;

    /// <summary>Registers the report; once a process.</summary>
    internal static void Register()
    {
        // CPython has room for 32 such functions. The program also runs without the report.
        if (Api.Table.Py_AtExit(&Run) != 0)
            Write("symplast: no report of live objects at exit: CPython has no room for another exit function\n");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Run()
    {
        if (ForkGuard.IsForkedChild) return;
        try
        {
            // Definitions of classes belong to us and are no leaks of the program.
            ClassTable.ForgetDefinitions();
            Participant* me = Epoch.JoinUnbound();
            string report;
            using (Census census = Census.Take(me)) report = Describe(census);
            Epoch.Leave(me);
            Write(report);
        }
        catch (OutOfMemoryException)
        {
            // There is no memory for a message either.
        }
        catch (Exception e)
        {
            Write($"symplast: no report of live objects at exit: {e.Message}\n");
        }
    }

    static string Describe(in Census census)
    {
        StringBuilder text = new();
        if (census.Count == 0) return "";
        Dictionary<Pool, (int Objects, long Bytes)> pools = [];
        List<string> lines = [];
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < census.Count; i++)
            {
                // Objects that nothing holds come first: they were lost before the end.
                if (census.HolderOf(i) == HeldBy.Nothing != (pass == 0)) continue;
                if (!census.TryDescribe(i, out Pool? pool, out string type, out long size, out int references, out string? place))
                    continue;
                (int objects, long bytes) = pools.GetValueOrDefault(pool!);
                pools[pool!] = (objects + 1, bytes + size);
                if (lines.Count == MostLines) continue;
                string held = census.HolderOf(i) switch
                {
                    HeldBy.Nothing => "only circles hold it",
                    HeldBy.Object => "another object holds it",
                    HeldBy.Handle => "a handle was left",
                    _ => "held elsewhere",
                };
                string created = place is null ? "" : ", created at " + place;
                lines.Add(string.Create(CultureInfo.InvariantCulture,
                    $"symplast:   {type} in pool '{pool!.Name}', {size} bytes, {references} references, {held}{created}\n"));
            }
        }
        int described = 0;
        foreach ((Pool pool, (int objects, long bytes)) in pools)
        {
            described += objects;
            string plural = objects == 1 ? "" : "s";
            text.Append(CultureInfo.InvariantCulture,
                $"symplast: {objects} live object{plural} of {bytes} bytes left in pool '{pool.Name}' at exit\n");
        }
        foreach (string line in lines) text.Append(line);
        if (described > lines.Count)
            text.Append(CultureInfo.InvariantCulture, $"symplast:   and {described - lines.Count} more\n");
        return text.ToString();
    }

    static void Write(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        // sys.stderr no longer exists, and the wheel has no Console. A report that cannot be written is not an error.
        fixed (byte* first = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                nint written = Write(StandardError, first + done, (nuint)(bytes.Length - done));
                if (written <= 0) return;
                done += written;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte* bytes, nuint count);
}
