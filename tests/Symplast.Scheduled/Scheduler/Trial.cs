namespace Symplast.Testing;

/// <summary>What one thread of a trial does; <paramref name="me"/> is that thread's participant.</summary>
public unsafe delegate void Body(Participant* me);

/// <summary>
/// Makes a fresh trial, for each schedule anew. Runs on the explorer's thread, whose participant is <paramref name="me"/>.
/// </summary>
public unsafe delegate Trial Arrange(Participant* me);

/// <summary>Some threads that share something, and what must be true when they have ended.</summary>
/// <param name="Bodies">What the threads do, at most 8. The same decisions of the scheduler must lead to the same steps: no
/// clocks, no randomness.</param>
/// <param name="Check">Runs after all of them, on the explorer's thread; throws if something is wrong. Not after a
/// failure.</param>
public sealed record Trial(Body[] Bodies, Body? Check = null);

/// <summary>What an exploration covered without finding a failure.</summary>
/// <param name="Schedules">How many schedules were run.</param>
/// <param name="IsComplete">Whether those were all there are, within the bound on preemptions.</param>
/// <param name="MostSteps">Scheduling points in the longest.</param>
public readonly record struct Exploration(long Schedules, bool IsComplete, int MostSteps);

/// <summary>A schedule under which a trial fails. <see cref="Schedule"/> runs it again: <see cref="Explorer.Replay"/>.</summary>
public sealed class ScheduleFailedException : Exception
{
    internal ScheduleFailedException(string found, string schedule, Exception cause)
        : base($"{cause.Message}{Environment.NewLine}{found}{Environment.NewLine}Replay: \"{schedule}\"", cause) =>
            Schedule = schedule;

    /// <summary>The schedule: which thread passes how many points before the next one's turn, as <c>0x3 1x2 0x1</c>.</summary>
    public string Schedule { get; }
}

/// <summary>No thread can go on, or they go on for ever.</summary>
public sealed class NoProgressException : Exception
{
    internal NoProgressException(string message) : base(message) { }
}

/// <summary>Unwinds the threads of a trial that has failed.</summary>
internal sealed class AbandonedException : Exception;
