using Spectre.Console;
using Symplast.Benchmarks;
using Symplast.Memory;

// Usage: Symplast.Benchmarks [--quick] [--only SUITE] [--rows TEXT] [--json FILE]
bool quick = args.Contains("--quick");
string only = Option("--only") ?? "";
Contest.Rows = Option("--rows") ?? "";
if (quick) Contest.Rounds = 3;

AnsiConsole.Profile.Width = 170;

ForkGuard.Arm();
SharedMemory.Start();

(string Name, Action<bool, Action<Row>> Run)[] suites =
[
    ("memory", MemorySuite.Run),
    ("ordered map", MapSuite.Run),
    ("growth of the ordered map", GrowthSuite.Run),
    ("emptying of the ordered map", EmptyingSuite.Run),
    ("sorted map", SortedSuite.Run),
    ("vector, counter, queue, object", SequenceSuite.Run),
];

List<Row> rows = [];
foreach ((string name, Action<bool, Action<Row>> run) in suites)
{
    if (!name.Contains(only, StringComparison.OrdinalIgnoreCase)) continue;
    AnsiConsole.MarkupLine($"\n[bold]{name,-58}{"against",-36}{"ours",12}{"theirs",12}{"ratio",10}{"min–max",16}  bar[/]");
    run(quick, row =>
    {
        rows.Add(row);
        string met = row.Met switch { null => "", true => "[green]met[/]", false => "[red]MISSED[/]" };
        string ratio = double.IsNaN(row.Ratio) ? "–" : $"{row.Ratio:0.00}x";
        string range = double.IsNaN(row.Ratio) ? "" : $"{row.Least:0.00}–{row.Greatest:0.00}";
        AnsiConsole.MarkupLine(
            $"  {row.Name,-56}{row.Rival,-36}{row.Ours,9:0.0} {row.Unit}{row.Theirs,9:0.0} {row.Unit}"
            + $"{ratio,10}{range,16}  {row.Bar} {met}");
    });
}
if (Option("--json") is { } file) Report.Write(file, quick, rows);
int missed = rows.Count(row => row.Met == false);
AnsiConsole.WriteLine($"\n{rows.Count(row => row.Met == true)} of {rows.Count(row => row.Met is not null)} bars met.");
return 0;

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;
