using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Symplast.Soak;

/// <summary>
/// Two threads each change one structure and then read what the other changes: at most one finds the old. Linearizability asks
/// that of structures that know nothing of each other. On the hardware, since the fences are in the product's code: without one,
/// some hundred of 200,000 rounds go wrong on two free processors.
/// </summary>
internal static unsafe class Crossing
{
    const int Rounds = 200_000;

    // For a busy machine, on which the two seldom run at once.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>A structure with one place that holds a number.</summary>
    abstract class Register
    {
        internal abstract void Set(Participant* by, Value number);

        internal abstract Value Get(Participant* by);
    }

    sealed class OfMap : Register
    {
        readonly OrderedMap* _map;

        internal OfMap(Participant* me, PoolHeap* heap, int size)
        {
            _map = Maps.Create(me, heap);
            for (int i = 0; i < size; i++) Maps.Set(me, _map, Probe.Of(Value.OfInt(i)), Value.OfInt(0));
        }

        internal override void Set(Participant* by, Value number) => Maps.Set(by, _map, Probe.Of(Value.OfInt(1)), number);

        internal override Value Get(Participant* by)
        {
            Maps.Get(by, _map, Probe.Of(Value.OfInt(1)), out Value value);
            return value;
        }
    }

    sealed class OfSorted : Register
    {
        readonly SortedMap* _map;

        internal OfSorted(Participant* me, PoolHeap* heap)
        {
            _map = SortedMaps.Create(me, heap);
            for (int i = 0; i < 3; i++) SortedMaps.Set(me, _map, Probe.Of(Value.OfInt(i)), Value.OfInt(0));
        }

        internal override void Set(Participant* by, Value number) => SortedMaps.Set(by, _map, Probe.Of(Value.OfInt(1)), number);

        internal override Value Get(Participant* by)
        {
            SortedMaps.Get(by, _map, Probe.Of(Value.OfInt(1)), out Value value);
            return value;
        }
    }

    sealed class OfVector : Register
    {
        readonly SharedVector* _vector;
        readonly bool _grows;

        internal OfVector(Participant* me, PoolHeap* heap, bool grows)
        {
            _vector = Vectors.Create(me, heap, 0, 16);
            _grows = grows;
            Vectors.Append(me, _vector, Value.OfInt(0));
        }

        internal override void Set(Participant* by, Value number)
        {
            if (_grows) Vectors.Append(by, _vector, number);
            else Vectors.Set(by, _vector, 0, number);
        }

        internal override Value Get(Participant* by)
        {
            Vectors.GetFromEnd(by, _vector, -1, out Value value);
            return value;
        }
    }

    sealed class OfRecord : Register
    {
        static readonly byte* Name = (byte*)NativeMemory.AllocZeroed(8);

        readonly Record* _record;

        internal OfRecord(Participant* me, PoolHeap* heap)
        {
            _record = Records.Create(me, heap, Trees.CreateTree(me, heap), 2);
            Set(me, Value.OfInt(0));
        }

        static Probe Key => Probe.Text(Name, 4, Hashing.OfBytes(new ReadOnlySpan<byte>(Name, 4)));

        internal override void Set(Participant* by, Value number) => NamedAttributes.Set(by, _record, Key, number);

        internal override Value Get(Participant* by)
        {
            NamedAttributes.Get(by, _record, Key, out Value value);
            return value;
        }
    }

    sealed class OfReference(Participant* me, PoolHeap* heap) : Register
    {
        readonly AtomicCell* _cell = Cells.Create(me, heap, Value.OfInt(0));

        internal override void Set(Participant* by, Value number) => Cells.Set(by, _cell, number);

        internal override Value Get(Participant* by)
        {
            Cells.Get(by, _cell, out Value value);
            return value;
        }
    }

    // An element each round; what is read is how many there are.
    sealed class OfQueue(Participant* me, PoolHeap* heap) : Register
    {
        readonly SharedQueue* _queue = Queues.Create(me, heap, 0);

        internal override void Set(Participant* by, Value number) => Queues.TryPut(by, _queue, number);

        internal override Value Get(Participant* by)
        {
            Queues.Count(by, _queue, out long count);
            return Value.OfInt(count);
        }
    }

    sealed class OfInteger(Participant* me, PoolHeap* heap) : Register
    {
        readonly AtomicCell* _cell = Integers.Create(me, heap, 0);

        internal override void Set(Participant* by, Value number) => Integers.Set(by, _cell, number.Int);

        internal override Value Get(Participant* by)
        {
            Integers.Get(by, _cell, out long value);
            return Value.OfInt(value);
        }
    }

    static Register Make(string kind, Participant* me, PoolHeap* heap) => kind switch
    {
        "small map" => new OfMap(me, heap, 3),
        "large map" => new OfMap(me, heap, 100),
        "sorted map" => new OfSorted(me, heap),
        "vector" => new OfVector(me, heap, grows: false),
        "growing vector" => new OfVector(me, heap, grows: true),
        "record" => new OfRecord(me, heap),
        "queue" => new OfQueue(me, heap),
        "reference" => new OfReference(me, heap),
        _ => new OfInteger(me, heap),
    };

    /// <summary>Prints, for each kind of structure, how many rounds there were and how many went wrong.</summary>
    internal static void Run(Participant* me)
    {
        string[] kinds =
            ["small map", "large map", "sorted map", "vector", "growing vector", "record", "queue", "reference", "integer"];
        foreach (string kind in kinds)
        {
            Pool pool = Pool.Create("crossing");
            PoolHeap* heap = pool.LiveHeap();
            Epoch.Enter(me);
            Register[] registers = [Make(kind, me, heap), Make(kind, me, heap)];
            Epoch.Exit(me);
            (long rounds, long wrong) = Play(registers);
            Console.WriteLine($"{kind}: {rounds:N0} rounds, both found the old in {wrong}");
            Verdict.Check(wrong == 0, $"{kind}: both found the old");
            pool.Delete();
        }
    }

    static (long Rounds, long Wrong) Play(Register[] registers)
    {
        long until = Stopwatch.GetTimestamp() + (long)(Patience.TotalSeconds * Stopwatch.Frequency);
        // Where each thread is, and what it found in the last round, on lines of their own.
        long[] at = new long[64], found = new long[64];
        long rounds = 0, wrong = 0;
        void Cross(int number)
        {
            Participant* me = Epoch.Join();
            Register mine = registers[number], other = registers[1 - number];
            for (long round = 1; round <= Rounds && Meet(number, 2 * round); round++)
            {
                // One comes a little later than the other, by turns.
                for (long i = (round * (7 + 6 * number)) & 15; i > 0; i--) Thread.SpinWait(1);
                mine.Set(me, Value.OfInt(round));
                found[number * 32] = other.Get(me).Int;
                if (!Meet(number, 2 * round + 1)) break;
                if (number != 0) continue;
                rounds++;
                if (found[0] < round && found[32] < round) wrong++;
            }
            Epoch.Leave(me);
            Volatile.Write(ref at[number * 32], long.MaxValue);
        }
        bool Meet(int number, long round)
        {
            // Release and acquire: what each found is seen by the other. Neither is a fence that the structures would profit
            // from: a spinning load follows.
            Volatile.Write(ref at[number * 32], round);
            for (int spins = 1; Volatile.Read(ref at[(1 - number) * 32]) < round; spins++)
            {
                if (spins % 2000 == 0) Thread.Yield();
            }
            return Volatile.Read(ref at[(1 - number) * 32]) != long.MaxValue && (number == 1 || Stopwatch.GetTimestamp() < until);
        }
        Thread[] threads = [new(() => Cross(0)), new(() => Cross(1))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return (rounds, wrong);
    }
}
