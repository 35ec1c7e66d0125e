using System.Numerics;

namespace Symplast.Testing;

/// <summary>Decides whose turn it is.</summary>
internal abstract class Strategy
{
    /// <summary>
    /// Chooses one of the threads in <paramref name="ready"/> (a bit each). <paramref name="current"/> is the one that could go
    /// on, or -1 if it cannot.
    /// </summary>
    internal abstract int Choose(int current, uint ready);

    /// <summary>Chooses one of so many outcomes of a step.</summary>
    internal virtual int Pick(int count) => count == 1 ? 0 : Choose(-1, (1u << count) - 1);

    /// <summary>The current thread goes on, because the others cannot or the bound on preemptions is reached.</summary>
    internal virtual void GoOn(int current) { }

    private protected static int Lowest(uint threads) => BitOperations.TrailingZeroCount(threads);
}

/// <summary>All schedules one after the other, depth first: first the one in which threads run until they cannot go on.</summary>
internal sealed class DepthFirst : Strategy
{
    // What is left to be tried at each decision of the last schedule, and what was chosen.
    readonly List<(int Chosen, uint Left)> _decisions = [];
    int _depth;

    internal override int Choose(int current, uint ready)
    {
        if ((ready & ready - 1) == 0) return Lowest(ready);
        if (_depth < _decisions.Count) return _decisions[_depth++].Chosen;
        int chosen = current >= 0 ? current : Lowest(ready);
        _decisions.Add((chosen, ready & ~(1u << chosen)));
        _depth++;
        return chosen;
    }

    /// <summary>Goes to the next schedule; false after the last one.</summary>
    internal bool MoveNext()
    {
        if (_depth != _decisions.Count)
            throw new InvalidOperationException("the trial is not deterministic: the same decisions led elsewhere");
        while (_decisions.Count > 0 && _decisions[^1].Left == 0) _decisions.RemoveAt(_decisions.Count - 1);
        _depth = 0;
        if (_decisions.Count == 0) return false;
        uint left = _decisions[^1].Left;
        _decisions[^1] = (Lowest(left), left & left - 1);
        return true;
    }
}

/// <summary>Any ready thread at each point, with equal probability.</summary>
internal sealed class RandomWalk(Random random) : Strategy
{
    internal override int Choose(int current, uint ready)
    {
        for (int skip = random.Next(BitOperations.PopCount(ready)); skip > 0; skip--) ready &= ready - 1;
        return Lowest(ready);
    }
}

/// <summary>
/// Random priorities that change at few random points (S. Burckhardt et al., "A randomized scheduler with probabilistic
/// guarantees of finding bugs", ASPLOS 2010): finds a bug that needs d orderings in n threads of k steps with probability 1 / (n
/// * k^(d-1)) or more.
/// </summary>
internal sealed class Priorities : Strategy
{
    readonly Random _random;
    readonly int[] _priority;
    readonly int[] _changes;
    int _lowest;
    int _step;

    internal Priorities(Random random, int threads, int changes, int steps)
    {
        _random = random;
        _priority = [.. Enumerable.Range(1, threads)];
        random.Shuffle(_priority);
        _changes = new int[changes];
        for (int i = 0; i < changes; i++) _changes[i] = random.Next(steps + 1);
    }

    internal override int Choose(int current, uint ready)
    {
        if (current >= 0) GoOn(current);
        int chosen = Lowest(ready);
        for (uint rest = ready & ready - 1; rest != 0; rest &= rest - 1)
        {
            if (_priority[Lowest(rest)] > _priority[chosen]) chosen = Lowest(rest);
        }
        return chosen;
    }

    internal override int Pick(int count) => _random.Next(count);

    internal override void GoOn(int current)
    {
        if (Array.IndexOf(_changes, _step++) >= 0) _priority[current] = --_lowest;
    }
}

/// <summary>A schedule that was recorded.</summary>
internal sealed class Recorded : Strategy
{
    readonly (int Thread, int Points)[] _turns;
    readonly Queue<int> _picks;
    int _turn = -1;
    int _points;

    internal Recorded(string schedule)
    {
        string[] halves = schedule.Split('/');
        _picks = new Queue<int>(
            halves.Length == 1 ? [] : halves[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
        _turns = [.. halves[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(turn =>
        {
            string[] parts = turn.Split('x');
            return (int.Parse(parts[0]), int.Parse(parts[1]));
        })];
    }

    internal override int Choose(int current, uint ready)
    {
        if (current >= 0)
        {
            GoOn(current);
            if (_turn >= _turns.Length || _points < _turns[_turn].Points) return current;
            _turn++;
        }
        else
        {
            _turn++;
        }
        _points = 0;
        // After the recorded end anything will do.
        if (_turn >= _turns.Length) return Lowest(ready);
        int thread = _turns[_turn].Thread;
        if ((ready >> thread & 1) == 0) throw new InvalidOperationException("this schedule was not recorded from this trial");
        return thread;
    }

    // After the recorded end anything will do.
    internal override int Pick(int count) => count > 1 && _picks.TryDequeue(out int pick) ? pick : 0;

    internal override void GoOn(int current) => _points++;
}
