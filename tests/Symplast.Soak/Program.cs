using System.Diagnostics;
using Symplast.Soak;

Options? options = Options.Parse(args);
if (options == null)
{
    Console.Error.WriteLine("usage: [--minutes 1] [--threads 4] [--seed N] [--checked]");
    return 2;
}
Console.WriteLine(
    $"seed {options.Seed}, {options.Threads} threads, {options.Minutes} minutes{(options.Checked ? ", checked" : "")}");

ForkGuard.Arm();
SharedMemory.Start();
if (options.Checked) HeapDebug.Start();
unsafe
{
    Participant* me = Epoch.Join();
    LongChain.Run(me);
    Crossing.Run(me);
    TimeSpan time = TimeSpan.FromMinutes(options.Minutes);
    long start = Stopwatch.GetTimestamp();
    Pool[] pools = [];
    for (int number = 1; number == 1 || Stopwatch.GetElapsedTime(start) < time; number++)
    {
        TimeSpan length = TimeSpan.FromSeconds(Math.Clamp((time - Stopwatch.GetElapsedTime(start)).TotalSeconds, 1, 5));
        pools = new Round(options, number).Run(me, pools, length);
    }
    Epoch.Leave(me);
}
Console.WriteLine(Verdict.Violations == 0 ? "passed" : $"FAILED: {Verdict.Violations} violations with --seed {options.Seed}");
return Verdict.Violations == 0 ? 0 : 1;
