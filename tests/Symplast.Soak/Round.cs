namespace Symplast.Soak;

/// <summary>A few seconds with all threads, and the audit after them.</summary>
internal sealed unsafe class Round
{
    const int Pools = 3;
    static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    readonly Options _options;
    readonly Dice _dice;
    readonly Tally _tally = new();
    readonly Lock _gate = new();
    readonly ulong _seed;
    readonly int _number;
    bool _stopped;

    internal Round(Options options, int number)
    {
        _options = options;
        _number = number;
        _seed = options.Seed * 1_000_003 + (ulong)number * 10_007;
        _dice = new Dice(_seed);
    }

    /// <summary>The arenas; each may be replaced at any time.</summary>
    internal Arena[] Arenas { get; private set; } = [];

    internal bool IsStopped => Volatile.Read(ref _stopped);

    internal void Take(Tally tally)
    {
        lock (_gate) _tally.Take(tally);
    }

    /// <summary>Puts a new pool in the place of one that others are using, and deletes that.</summary>
    internal void Replace(Participant* me, Dice dice)
    {
        Arena fresh = new(me, Pool.Create("soak"), _options.Threads, dice);
        // Full fence: pairs with the acquire of those who use it.
        Arena old = Interlocked.Exchange(ref Arenas[dice.Next(Pools)], fresh);
        old.Pool.Delete();
        Take(Tallied(Counted.Pools));
    }

    /// <summary>Runs, in these pools if there are some. Returns the pools that are left.</summary>
    internal Pool[] Run(Participant* me, Pool[] pools, TimeSpan time)
    {
        if (pools.Length == 0) pools = [.. Enumerable.Range(0, Pools).Select(_ => Pool.Create("soak"))];
        Arena[] arenas = new Arena[Pools];
        for (int i = 0; i < Pools; i++) arenas[i] = new Arena(me, pools[i], _options.Threads, _dice);
        Arenas = arenas;
        RunThreads(time);

        long retired = 0;
        foreach (Arena arena in Arenas) retired += HeapCount.Of(arena.Heap).LimboBlocks;
        foreach (Arena arena in Arenas) Audit.Compare(me, arena);
        foreach (Arena arena in Arenas) Audit.Drop(me, arena);
        foreach (Arena arena in Arenas) Audit.Empty(me, arena.Heap);
        long live = 0;
        foreach (Arena arena in Arenas) live += Heap.LiveBlocks(arena.Heap);
        Console.WriteLine(
            $"round {_number}: {_tally}, retired {retired}, live {live}, MiB {Environment.WorkingSet >> 20}, violations "
            + $"{Verdict.Violations}");
        return [.. Arenas.Select(arena => arena.Pool)];
    }

    void RunThreads(TimeSpan time)
    {
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        Thread[] threads = new Thread[_options.Threads];
        ulong generation = 0;
        while (Environment.TickCount64 < end)
        {
            for (int seat = 0; seat < threads.Length; seat++)
            {
                if (threads[seat] == null || !threads[seat].IsAlive) threads[seat] = Start(seat, generation++);
            }
            Thread.Sleep(5);
        }
        Volatile.Write(ref _stopped, true);
        foreach (Thread thread in threads)
        {
            if (!thread.Join(Hang)) Verdict.Fatal("a thread does not stop");
        }
    }

    Thread Start(int seat, ulong generation)
    {
        Worker worker = new(this, seat, _seed + generation);
        Thread thread = new(worker.Run) { IsBackground = true };
        thread.Start();
        return thread;
    }

    static Tally Tallied(Counted what)
    {
        Tally tally = new();
        tally.Add(what);
        return tally;
    }
}
