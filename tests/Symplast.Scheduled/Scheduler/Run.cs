using System.Text;

namespace Symplast.Testing;

/// <summary>
/// The state of the scheduler while it runs one schedule. Only the thread that has the token touches it, so nothing in here is
/// guarded.
/// </summary>
/// <remarks>
/// A thread is ready, spinning (until another one has passed a point), awaiting (until a word is 0) or done. At each point the
/// strategy chooses among the ready threads and those whose word is 0. If there is none, spinning threads take turns; without
/// those it is a deadlock.
/// </remarks>
internal sealed unsafe class Run
{
    readonly Explorer _settings;
    readonly Actor[] _actors;
    readonly Pause[] _states;
    readonly nint[] _words;
    readonly int* _ended = Token.Create();
    readonly List<(int Thread, int Points)> _turns = [];
    readonly List<int> _picks = [];
    Strategy _strategy = null!;
    Exception? _failure;
    int _steps;
    int _points;
    int _preemptions;
    bool _isStuck;

    internal Run(Explorer settings, int threads)
    {
        _settings = settings;
        Processor = Testing.Processor.Current;
        _states = new Pause[threads];
        _words = new nint[threads];
        _actors = new Actor[threads];
        for (int i = 0; i < threads; i++) _actors[i] = new Actor(this, i);
    }

    internal int Processor { get; }

    internal Enum? Omission => _settings.Omission;

    internal bool IsDeep => _settings.IsDeep;

    internal bool IsAbandoned { get; private set; }

    /// <summary>Steps in the longest run so far.</summary>
    internal int MostSteps { get; private set; }

    internal int Threads => _actors.Length;

    /// <summary>Runs the bodies to their ends, as the strategy decides; returns what went wrong first.</summary>
    internal Exception? Go(Body[] bodies, Strategy strategy)
    {
        if (bodies.Length != _actors.Length) throw new ArgumentException("each trial must have as many threads as the first one");
        _strategy = strategy;
        IsAbandoned = false;
        _failure = null;
        _steps = 0;
        _preemptions = 0;
        _points = 0;
        _turns.Clear();
        _picks.Clear();
        for (int i = 0; i < bodies.Length; i++)
        {
            _states[i] = Pause.Point;
            _actors[i].Body = bodies[i];
        }
        Actor first = _actors[_strategy.Choose(-1, Ready())];
        _turns.Add((first.Number, 0));
        first.GiveToken();
        _isStuck = !Token.TryWait(_ended);
        if (_isStuck) return new NoProgressException("a thread waits for another one without telling the scheduler");
        MostSteps = Math.Max(MostSteps, _steps);
        return _failure;
    }

    internal void Fail(Exception failure)
    {
        _failure ??= failure;
        IsAbandoned = true;
    }

    /// <summary>The thread whose turn it is next; null if the trial is abandoned.</summary>
    internal Actor? Next(Actor current, Pause pause, int* word)
    {
        int number = current.Number;
        _states[number] = pause;
        _words[number] = (nint)word;
        if (++_steps > _settings.StepLimit)
        {
            Fail(new NoProgressException($"no end after {_settings.StepLimit} steps"));
            return null;
        }
        _points++;
        if (pause is Pause.Point or Pause.End) Wake(number);
        uint ready = Ready();
        uint self = 1u << number;
        // Who passes that many points in one go most likely waits for something.
        if (_points >= _settings.SpinLimit && (ready & ~self) != 0) ready &= ~self;
        if (ready == 0) ready = Spinning(number);
        if (ready == 0)
        {
            Fail(new NoProgressException("deadlock: each thread waits for another one"));
            return null;
        }
        int next = number;
        if ((ready & self) == 0)
        {
            next = _strategy.Choose(-1, ready);
        }
        else if (ready != self && _preemptions < _settings.Preemptions)
        {
            next = _strategy.Choose(number, ready);
            if (next != number) _preemptions++;
        }
        else
        {
            _strategy.GoOn(number);
        }
        _turns[^1] = (_turns[^1].Thread, _points);
        if (next == number) return current;
        _states[next] = Pause.Point;
        _points = 0;
        _turns.Add((next, 0));
        return _actors[next];
    }

    /// <summary>Which of so many outcomes a step has.</summary>
    internal int Pick(int count)
    {
        int pick = _strategy.Pick(count);
        if (count > 1) _picks.Add(pick);
        return pick;
    }

    /// <summary>The calling thread has ended: the token goes to another one, or back to the explorer.</summary>
    internal void End(Actor current)
    {
        _states[current.Number] = Pause.End;
        Actor? next = null;
        if (!IsAbandoned && Array.Exists(_states, state => state != Pause.End))
        {
            try
            {
                next = Next(current, Pause.End, null);
            }
            catch (InvalidOperationException e)
            {
                Fail(e);
            }
        }
        next ??= Array.Find(_actors, actor => _states[actor.Number] != Pause.End);
        if (next == null) Token.Give(_ended);
        else next.GiveToken();
    }

    internal void Close()
    {
        // Threads that cannot be had back are left alone, with their memory.
        if (_isStuck) return;
        foreach (Actor actor in _actors) actor.Close();
        Token.Destroy(_ended);
    }

    /// <summary>The turns taken so far, as <see cref="Recorded"/> reads them.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach ((int thread, int points) in _turns)
            text.Append(text.Length == 0 ? "" : " ").Append(thread).Append('x').Append(points);
        return _picks.Count == 0 ? text.ToString() : text.Append(" / ").AppendJoin(' ', _picks).ToString();
    }

    uint Ready()
    {
        uint ready = 0;
        for (int i = 0; i < _states.Length; i++)
        {
            bool isReady = _states[i] switch
            {
                Pause.Point => true,
                Pause.Await => Volatile.Read(ref *(int*)_words[i]) == 0,
                _ => false,
            };
            if (isReady) ready |= 1u << i;
        }
        return ready;
    }

    void Wake(int but)
    {
        for (int i = 0; i < _states.Length; i++)
        {
            if (i != but && _states[i] == Pause.Spin) _states[i] = Pause.Point;
        }
    }

    // The next one of those that spin, in turn.
    uint Spinning(int current)
    {
        for (int i = 1; i <= _states.Length; i++)
        {
            int candidate = (current + i) % _states.Length;
            if (_states[candidate] == Pause.Spin) return 1u << candidate;
        }
        return 0;
    }
}
