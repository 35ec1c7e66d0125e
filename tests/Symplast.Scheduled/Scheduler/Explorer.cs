namespace Symplast.Testing;

/// <summary>
/// Runs a trial under many schedules: systematically all of them, or random ones. Threads switch only where they call
/// <see cref="Interleaving"/>'s methods, and only one runs at a time, so that a schedule can be run again. It explores
/// sequentially consistent executions; what weaker ones can do must be modelled in the trial.
/// </summary>
/// <remarks>
/// After M. Musuvathi and S. Qadeer, "Iterative context bounding for systematic testing of multithreaded programs", PLDI 2007.
/// Whatever waits must tell the scheduler so (<see cref="Interleaving.Spin"/>, <see cref="Interleaving.Await(int*)"/>); a thread
/// that waits otherwise for one that is not its turn ends the exploration after a minute. One exploration at a time in a thread.
/// </remarks>
public sealed unsafe class Explorer
{
    const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>
    /// How often the systematic search may take the turn from a thread that could go on. Most bugs need 2 at most. No bound by
    /// default.
    /// </summary>
    public int Preemptions { get; init; } = int.MaxValue;

    /// <summary>The systematic search stops after that many schedules.</summary>
    public long ScheduleLimit { get; init; } = 1_000_000;

    /// <summary>A schedule with more steps is taken for one that never ends.</summary>
    public int StepLimit { get; init; } = 20_000;

    /// <summary>
    /// A thread that passes that many points in one go loses its turn, because it most likely waits for another one.
    /// </summary>
    public int SpinLimit { get; init; } = 500;

    /// <summary>
    /// The step of a protocol that the threads of the trials leave out (<see cref="Interleaving.Omits"/>); null if none.
    /// </summary>
    public Enum? Omission { get; init; }

    /// <summary>
    /// Whether it switches threads within reference counts, remote frees, pins and lives of buffers as well
    /// (<see cref="Interleaving.DeepPoint"/>): for the tests of these.
    /// </summary>
    public bool IsDeep { get; init; }

    /// <summary>Runs every schedule, those with the fewest switches first in each branch.</summary>
    /// <exception cref="ScheduleFailedException">The trial failed.</exception>
    public Exploration Systematically(Arrange arrange)
    {
        DepthFirst strategy = new();
        return Explore(
            arrange, (_, _) => strategy, count => strategy.MoveNext() ? count < ScheduleLimit : null, count =>
            $"in schedule {count} of a systematic search");
    }

    /// <summary>
    /// Runs random schedules: half of them with random priorities that change at <paramref name="changes"/> points, half as
    /// random walks. <paramref name="seed"/> repeats an earlier search.
    /// </summary>
    /// <exception cref="ScheduleFailedException">The trial failed.</exception>
    public Exploration Randomly(Arrange arrange, long schedules, int changes = 3, ulong? seed = null)
    {
        ulong start = seed ?? (ulong)Random.Shared.NextInt64();
        return Explore(arrange, (count, run) =>
        {
            Random random = new((int)((start + (ulong)count) * Golden >> 33));
            return count % 2 == 0
                ? new Priorities(random, run.Threads, changes, Math.Max(run.MostSteps, 8)) : new RandomWalk(random);
        }, count => count < schedules, count => $"in schedule {count} of a random search, seed {start}");
    }

    /// <summary>Runs a schedule that an exception named.</summary>
    /// <exception cref="ScheduleFailedException">The trial failed.</exception>
    public Exploration Replay(Arrange arrange, string schedule) =>
        Explore(arrange, (_, _) => new Recorded(schedule), _ => false, _ => "in a replay");

    // "more" tells whether there is another schedule to run: null if all were.
    Exploration Explore(Arrange arrange, Func<long, Run, Strategy> strategy, Func<long, bool?> more, Func<long, string> found)
    {
        SharedMemory.Start();
        Processor.Mask allowed = Processor.Allowed();
        Participant* me = Epoch.Join();
        Run? run = null;
        try
        {
            Trial trial = arrange(me);
            run = new Run(this, trial.Bodies.Length);
            Processor.StayOn(run.Processor);
            for (long count = 0; ; trial = arrange(me))
            {
                Try(run, trial, strategy(count, run), me, () => found(count));
                count++;
                bool? next = more(count);
                if (next != true) return new Exploration(count, next == null, run.MostSteps);
            }
        }
        finally
        {
            run?.Close();
            Epoch.Leave(me);
            Processor.Allow(allowed);
        }
    }

    static void Try(Run run, Trial trial, Strategy strategy, Participant* me, Func<string> found)
    {
        Exception? failure = run.Go(trial.Bodies, strategy);
        if (failure == null)
        {
            try
            {
                trial.Check?.Invoke(me);
                return;
            }
            catch (Exception e)
            {
                failure = e;
            }
            while (Epoch.IsInside(me)) Epoch.Exit(me);
        }
        throw new ScheduleFailedException(found(), run.ToString(), failure);
    }
}
