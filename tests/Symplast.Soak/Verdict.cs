namespace Symplast.Soak;

/// <summary>Violations, of which the first few are printed. Thread-safe.</summary>
internal static class Verdict
{
    const int Printed = 20;

    static int _violations;

    internal static int Violations => Volatile.Read(ref _violations);

    internal static void Check(bool holds, string promise)
    {
        if (!holds) Violated(promise);
    }

    internal static void Violated(string what)
    {
        if (Interlocked.Increment(ref _violations) <= Printed) Console.Error.WriteLine($"VIOLATION: {what}");
    }

    /// <summary>For what leaves locks held, or memory in disorder: nothing after it would mean anything.</summary>
    internal static void Fatal(string what)
    {
        Violated(what);
        Console.Error.WriteLine("FAILED");
        Environment.Exit(1);
    }
}
