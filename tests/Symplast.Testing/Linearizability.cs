using System.Text;

namespace Symplast.Testing;

/// <summary>
/// The sequential model: carries out an operation on the state and says whether its result can be <paramref name="result"/>. If
/// not, what happens to the state does not matter.
/// </summary>
public delegate bool Apply<TState, TOperation, TResult>(ref TState state, TOperation operation, TResult result);

/// <summary>A history that no sequential order explains.</summary>
public sealed class NotLinearizableException : Exception
{
    internal NotLinearizableException(string message) : base(message) { }
}

/// <summary>
/// Whether a history is linearizable: whether its calls can be put in an order that respects which ended before which began, and
/// in which the sequential model gives the same results.
/// </summary>
/// <remarks>
/// The search of J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993, with the memory of visited configurations
/// of G. Lowe, "Testing for linearizability", 2017, on a linked list of calls and returns as in Porcupine. States are kept and
/// compared: they must be values (a record struct will do) or immutable. Exponential at worst; histories of a few threads and a
/// few hundred calls on the same key take microseconds to milliseconds.
/// </remarks>
public static class Linearizability
{
    /// <summary>Whether the history can be explained.</summary>
    public static bool Holds<TState, TOperation, TResult>(
        IEnumerable<Call<TOperation, TResult>> calls, TState initial, Apply<TState, TOperation, TResult> apply)
        where TState : IEquatable<TState> => new Search<TState, TOperation, TResult>([.. calls], apply).Run(initial);

    /// <summary>Throws with the calls in order of time if the history cannot be explained.</summary>
    /// <exception cref="NotLinearizableException">It cannot.</exception>
    public static void Check<TState, TOperation, TResult>(
        IEnumerable<Call<TOperation, TResult>> calls, TState initial, Apply<TState, TOperation, TResult> apply)
        where TState : IEquatable<TState>
    {
        Call<TOperation, TResult>[] all = [.. calls];
        if (!Holds(all, initial, apply)) throw new NotLinearizableException(Describe(all));
    }

    /// <summary>
    /// The same for operations that concern one key each: a history is linearizable if for each key what concerns it is (M.
    /// Herlihy and J. Wing, "Linearizability", 1990, theorem 1), which takes far less time to find out.
    /// <paramref name="initial"/> is each key's state.
    /// </summary>
    /// <exception cref="NotLinearizableException">It cannot be explained.</exception>
    public static void CheckEach<TKey, TState, TOperation, TResult>(
        IEnumerable<Call<TOperation, TResult>> calls, Func<TOperation, TKey> key, TState initial,
        Apply<TState, TOperation, TResult> apply)
        where TState : IEquatable<TState>
    {
        foreach (IGrouping<TKey, Call<TOperation, TResult>> group in calls.GroupBy(call => key(call.Operation)))
            Check(group, initial, apply);
    }

    static string Describe<TOperation, TResult>(Call<TOperation, TResult>[] calls)
    {
        Array.Sort(calls, (left, right) => left.Start.CompareTo(right.Start));
        long first = calls.Length == 0 ? 0 : calls[0].Start;
        StringBuilder text = new("no sequential order explains this history (thread, start..end, operation, result):");
        foreach (Call<TOperation, TResult> call in calls)
        {
            text.AppendLine().Append(
                $"  {call.Thread}  {call.Start - first,8}..{call.End - first,-8}  {call.Operation} -> {call.Result}");
        }
        return text.ToString();
    }

    sealed class Search<TState, TOperation, TResult>(Call<TOperation, TResult>[] calls, Apply<TState, TOperation, TResult> apply)
        where TState : IEquatable<TState>
    {
        // Events in order of time, doubly linked; 0 is the head, -1 the end. An event is the beginning or the end of a call.
        readonly int[] _next = new int[2 * calls.Length + 1];
        readonly int[] _previous = new int[2 * calls.Length + 1];
        readonly int[] _call = new int[2 * calls.Length + 1];
        readonly int[] _return = new int[calls.Length];     // the event that ends a call
        readonly bool[] _begins = new bool[2 * calls.Length + 1];
        readonly HashSet<(Chosen Chosen, TState State)> _visited = [];
        readonly Stack<(int Event, TState State)> _choices = new();

        internal bool Run(TState state)
        {
            Link();
            Chosen chosen = Chosen.None(calls.Length);
            int at = _next[0];
            while (_next[0] >= 0)
            {
                if (_begins[at])
                {
                    // Can this call be the next one?
                    int number = _call[at];
                    TState after = state;
                    if (apply(ref after, calls[number].Operation, calls[number].Result))
                    {
                        Chosen with = chosen.With(number);
                        if (_visited.Add((with, after)))
                        {
                            _choices.Push((at, state));
                            chosen = with;
                            state = after;
                            Remove(at);
                            at = _next[0];
                            continue;
                        }
                    }
                    at = _next[at];
                }
                else
                {
                    // A call ends here that none of the choices has put before: back to the last choice.
                    if (!_choices.TryPop(out (int Event, TState State) last)) return false;
                    state = last.State;
                    chosen = chosen.Without(_call[last.Event]);
                    Restore(last.Event);
                    at = _next[last.Event];
                }
            }
            return true;
        }

        // At the same moment beginnings come before ends: what touches overlaps.
        void Link()
        {
            (long Time, bool Ends, int Call)[] events = new (long, bool, int)[2 * calls.Length];
            for (int i = 0; i < calls.Length; i++)
            {
                events[2 * i] = (calls[i].Start, false, i);
                events[2 * i + 1] = (calls[i].End, true, i);
            }
            Array.Sort(events);
            for (int i = 0; i < events.Length; i++)
            {
                int number = i + 1;
                _begins[number] = !events[i].Ends;
                _call[number] = events[i].Call;
                if (events[i].Ends) _return[events[i].Call] = number;
                _previous[number] = i;
                _next[i] = number;
            }
            _next[events.Length] = -1;
        }

        void Remove(int begin)
        {
            Unlink(begin);
            Unlink(_return[_call[begin]]);
        }

        void Restore(int begin)
        {
            Relink(_return[_call[begin]]);
            Relink(begin);
        }

        void Unlink(int node)
        {
            _next[_previous[node]] = _next[node];
            if (_next[node] >= 0) _previous[_next[node]] = _previous[node];
        }

        void Relink(int node)
        {
            _next[_previous[node]] = node;
            if (_next[node] >= 0) _previous[_next[node]] = node;
        }
    }

    // Which calls have been put in order: a set of small numbers. Up to 64 it allocates nothing.
    readonly struct Chosen : IEquatable<Chosen>
    {
        readonly ulong _first;
        readonly ulong[]? _rest;

        Chosen(ulong first, ulong[]? rest)
        {
            _first = first;
            _rest = rest;
        }

        internal static Chosen None(int count) => new(0, count <= 64 ? null : new ulong[(count - 1) / 64]);

        internal Chosen With(int number) => Flip(number);

        internal Chosen Without(int number) => Flip(number);

        public bool Equals(Chosen other) =>
            _first == other._first && (_rest == null || _rest.AsSpan().SequenceEqual(other._rest));

        public override bool Equals(object? obj) => obj is Chosen other && Equals(other);

        public override int GetHashCode()
        {
            HashCode hash = default;
            hash.Add(_first);
            foreach (ulong word in _rest ?? []) hash.Add(word);
            return hash.ToHashCode();
        }

        Chosen Flip(int number)
        {
            if (number < 64) return new Chosen(_first ^ 1UL << number, _rest);
            ulong[] rest = [.. _rest!];
            rest[number / 64 - 1] ^= 1UL << (number & 63);
            return new Chosen(_first, rest);
        }
    }
}
