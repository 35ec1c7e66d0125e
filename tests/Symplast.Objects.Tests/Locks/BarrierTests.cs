using CsCheck;
using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

public sealed unsafe class BarrierTests : IDisposable
{
    const int Walkers = 5;
    const int Parties = 3;

    readonly Participant* _me = Epoch.Join();
    readonly PoolHeap* _heap = CheckedHeap.Create("barriers");

    public void Dispose() => Epoch.Leave(_me);

    SharedBarrier* Create(bool acts)
    {
        Epoch.Enter(_me);
        SharedBarrier* made = SharedBarrier.Create(_me, _heap, Parties, double.NaN, acts ? Value.OfInt(1) : Value.None);
        Epoch.Exit(_me);
        return made;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ABarrierBehavesAsItsModel(bool acts) =>
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, Walkers - 1]).Array[0, 60].Sample(steps =>
        {
            SharedBarrier* shared = Create(acts);
            Model model = new(acts);
            Arrival[] arrivals = new Arrival[Walkers];
            foreach ((int kind, int who) in steps)
            {
                ref Arrival arrival = ref arrivals[who];
                Status expected, seen;
                switch (kind)
                {
                    case <= 3:
                        // Who runs the action does not look.
                        if (model.Acts(who)) continue;
                        (expected, seen) = (model.Look(who), SharedBarrier.Look(_me, shared, ref arrival));
                        break;
                    case 4:
                        if (model.Acts(who)) continue;
                        (expected, seen) = (model.GiveUp(who), SharedBarrier.GiveUp(_me, shared, arrival));
                        break;
                    case 5:
                        if (!model.Acts(who)) continue;
                        bool succeeded = steps.Length % 3 != 0;
                        expected = model.Complete(who, succeeded);
                        seen = SharedBarrier.Complete(_me, shared, arrival, succeeded);
                        break;
                    default:
                        bool isReset = kind == 7;
                        model.End(isReset);
                        expected = Status.Done;
                        seen = isReset ? SharedBarrier.Reset(_me, shared) : SharedBarrier.Break(_me, shared);
                        break;
                }
                Assert.Equal(expected, seen);
                // A thread that has got its answer is another one the next time.
                if (kind <= 5 && seen is not (Status.Missing or Status.Exists)) arrival = default;
                SharedBarrier.Count(_me, shared, out long parties, out long waiting, out bool isBroken);
                Assert.Equal((Parties, model.Waiting, model.IsBroken), (parties, waiting, isBroken));
                Assert.True(SharedBarrier.IsValid(shared));
            }
        }, iter: 1000, threads: 1);

    // Generations are lists of walkers, each with the way in which it ended.
    sealed class Model(bool acts)
    {
        readonly List<Generation> _all = [new()];

        internal bool IsBroken { get; private set; }

        internal long Waiting => Now.Inside.Count;

        Generation Now => _all[^1];

        internal bool Acts(int who) => Now.Actor == who;

        internal Status Look(int who)
        {
            if (OwnOf(who) is Generation own) return Leave(own, who);
            if (IsBroken) return Status.Closed;
            if (Now.Inside.Count == Parties) return Status.Missing;
            Now.Inside.Add(who);
            if (Now.Inside.Count < Parties) return Status.Missing;
            if (acts)
            {
                Now.Actor = who;
                return Status.Exists;
            }
            Generation complete = Now;
            Next(Status.Done);
            complete.Left.Add(who);
            return Status.Done;
        }

        internal Status GiveUp(int who)
        {
            Generation? own = OwnOf(who);
            if (own is { Ended: not Status.Missing }) return Leave(own, who);
            End(isReset: false);
            _all[^2].Left.Add(who);
            return Status.Closed;
        }

        internal Status Complete(int who, bool succeeded)
        {
            Generation own = Now;
            own.Left.Add(who);
            if (succeeded) Next(Status.Done);
            else End(isReset: false);
            return succeeded ? Status.Done : Status.Closed;
        }

        internal void End(bool isReset)
        {
            if (!isReset || Now.Inside.Count != 0)
            {
                // Whoever has not looked yet sees this end, too.
                foreach (Generation each in _all) each.Ended = Status.Closed;
                Next(Status.Closed);
            }
            IsBroken = !isReset;
        }

        Generation? OwnOf(int who) => _all.LastOrDefault(each => each.Inside.Contains(who) && !each.Left.Contains(who));

        static Status Leave(Generation own, int who)
        {
            if (own.Ended != Status.Missing) own.Left.Add(who);
            return own.Ended;
        }

        void Next(Status how)
        {
            Now.Ended = how;
            Now.Actor = null;
            _all.Add(new());
        }
    }

    sealed class Generation
    {
        internal readonly List<int> Inside = [];
        internal readonly HashSet<int> Left = [];
        internal int? Actor;
        internal Status Ended = Status.Missing;
    }
}
