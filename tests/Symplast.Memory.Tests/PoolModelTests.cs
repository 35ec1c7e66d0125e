using CsCheck;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>Random sequences of everything that can be done to a pool, against a plain reference.</summary>
public sealed class PoolModelTests : IDisposable
{
    /// <summary>
    /// One thing done to the pool. Writer picks one of the open writers; a step for which there is none is left out.
    /// </summary>
    public abstract record Step
    {
        public sealed record Open : Step;

        public sealed record Allocate(int Writer, int Size) : Step;

        public sealed record Commit(int Writer, int Interpreter) : Step;

        public sealed record Abort(int Writer) : Step;

        public sealed record Lease(int Interpreter) : Step;

        public sealed record EndLease(int Interpreter) : Step;

        public sealed record Delete : Step;
    }

    static readonly Gen<int> Interpreter = Gen.Int[1, 3];
    static readonly Gen<int> Writer = Gen.Int[0, 3];
    static readonly Gen<int> Size =
        Gen.Frequency((6, Gen.Int[1, 200]), (3, Gen.Int[3000, 9000]), (2, Gen.Int[100_000, 5_000_000]));

    static readonly Gen<Step> AnyStep = Gen.Frequency(
        (4, Gen.Const((Step)new Step.Open())),
        (12, Gen.Select(Writer, Size, (writer, size) => (Step)new Step.Allocate(writer, size))),
        (4, Gen.Select(Writer, Interpreter, (writer, interpreter) => (Step)new Step.Commit(writer, interpreter))),
        (3, Writer.Select(writer => (Step)new Step.Abort(writer))),
        (1, Interpreter.Select(interpreter => (Step)new Step.Lease(interpreter))),
        (2, Interpreter.Select(interpreter => (Step)new Step.EndLease(interpreter))),
        (1, Gen.Const((Step)new Step.Delete())));

    static readonly Gen<long> Limit = Gen.Frequency((2, Gen.Const(long.MaxValue)), (1, Gen.Long[0, 8_000_000]));

    public void Dispose() => PoolProtection.ReadOnly = false;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnySequenceOfStepsDoesWhatTheReferenceDoes(bool readOnly)
    {
        PoolProtection.ReadOnly = readOnly;
        Gen.Select(Limit, AnyStep.Array[0, 60]).Sample(
            (limit, steps) =>
            {
                PoolModel model = new(limit);
                foreach (Step step in steps) model.Do(step);
                model.Finish();
            },
            iter: 400,
            print: sample => $"max_bytes {sample.Item1}\n{string.Join('\n', sample.Item2.Select(step => step.ToString()))}");
    }

    /// <summary>
    /// A pool, and beside it what it should hold; results of the pool that no reference can foresee (addresses) are recorded.
    /// </summary>
    sealed class PoolModel(long limit)
    {
        sealed class OpenWriter
        {
            internal PoolWriter Writer;
            internal readonly List<Block> Blocks = [];
        }

        readonly Pool _pool = Pool.Create("model", limit);
        readonly List<OpenWriter> _writers = [];
        readonly List<Block> _committed = [];
        readonly HashSet<long> _leases = [];
        bool _deleted;
        byte _pattern;

        bool IsGone => _deleted && _leases.Count == 0 && _writers.Count == 0;

        long Used => _committed.Sum(Granules);

        internal void Do(Step step)
        {
            switch (step)
            {
                case Step.Open:
                    OpenWriter opened = new();
                    Assert.Equal(!_deleted, opened.Writer.Open(_pool));
                    if (!_deleted) _writers.Add(opened);
                    break;
                case Step.Allocate(int number, int size) when Pick(number) is { } writer:
                    Allocate(writer, size);
                    break;
                case Step.Commit(int number, int interpreter) when Pick(number) is { } writer:
                    _writers.Remove(writer);
                    writer.Writer.Objects = writer.Blocks.Count;
                    Assert.Equal(!_deleted, writer.Writer.Commit(interpreter));
                    if (_deleted) break;
                    _committed.AddRange(writer.Blocks);
                    _leases.Add(interpreter);
                    break;
                case Step.Abort(int number) when Pick(number) is { } writer:
                    _writers.Remove(writer);
                    writer.Writer.Abort();
                    break;
                case Step.Lease(int interpreter):
                    Assert.Equal(!_deleted, _pool.Lease(interpreter));
                    if (!_deleted) _leases.Add(interpreter);
                    break;
                case Step.EndLease(int interpreter):
                    _pool.EndLeases(lease => lease == interpreter);
                    _leases.Remove(interpreter);
                    break;
                case Step.Delete:
                    Assert.Equal(!_deleted, _pool.Delete());
                    _deleted = true;
                    break;
            }
            Compare();
        }

        /// <summary>Ends everything that is open; then nothing may be left.</summary>
        internal void Finish()
        {
            while (_writers.Count > 0) Do(new Step.Abort(0));
            if (!_deleted) Do(new Step.Delete());
            for (int interpreter = 1; interpreter <= 3; interpreter++) Do(new Step.EndLease(interpreter));
            Assert.True(IsGone);
        }

        OpenWriter? Pick(int number) => _writers.Count == 0 ? null : _writers[number % _writers.Count];

        void Allocate(OpenWriter writer, int size)
        {
            Block wanted = new(0, (nuint)size, 0);
            long taken = Used + _writers.Sum(open => open.Blocks.Sum(Granules));
            // A pattern is never 0, which is what fresh memory holds.
            Block? block = Block.Take(ref writer.Writer, (nuint)size, _pattern = (byte)(_pattern % 255 + 1));
            Assert.Equal(taken + Granules(wanted) <= limit, block is not null);
            if (block is not { } got)
            {
                Assert.Equal(AllocationFailure.PoolFull, writer.Writer.Failure);
                return;
            }
            Assert.DoesNotContain(_committed.Concat(_writers.SelectMany(open => open.Blocks)), got.Overlaps);
            writer.Blocks.Add(got);
        }

        void Compare()
        {
            PoolStatistics now = _pool.Statistics();
            Assert.Equal(_deleted, _pool.Deleted);
            Assert.Equal(_deleted ? 0 : Used, now.UsedBytes);
            Assert.Equal(_deleted && !IsGone ? Used : 0, now.PendingBytes);
            Assert.Equal(_deleted ? 0 : _committed.Count, now.Objects);
            Assert.Equal(_leases.Count, now.Interpreters);
            Assert.Equal(IsGone ? null : _pool, PoolTable.Find(_pool.Id));
            if (IsGone)
            {
                Assert.Equal(0, now.ReservedBytes);
                return;
            }
            Assert.Equal(0, now.ReservedBytes % (long)AddressRange.ChunkSize);
            Assert.True(now.ReservedBytes >= Used);
            Assert.All(_committed, block => Assert.True(block.IsIntact));
        }

        static long Granules(Block block) => ((long)block.Size + 15) & ~15L;
    }
}
