using Symplast.Testing;
using Xunit;
using Life = Symplast.Memory.BufferLife;

namespace Symplast.Memory.Tests;

/// <summary>
/// Exports of a buffer against the death of its owner, under the deterministic scheduler: the memory is freed once, and not while
/// it is exported. The wait for sections, which comes before a buffer is let go, is modelled here.
/// </summary>
public unsafe class BufferLifeTests
{
    sealed class Stage
    {
        readonly long* _life = (long*)NativeWords.Take(1);
        readonly int* _sections = (int*)NativeWords.Take(1);
        int _exports;
        bool _isDead;

        internal int Frees { get; private set; }

        internal void ExportAndEnd()
        {
            Interleaving.Point();
            (*_sections)++;
            Interleaving.Point();
            bool isExported = false;
            // A section finds the buffer only if it finds the owner alive.
            if (!_isDead)
            {
                isExported = Life.TryExport(ref *_life);
                if (isExported) _exports++;
                CheckMemory();
            }
            Interleaving.Point();
            (*_sections)--;
            if (!isExported) return;
            CheckMemory();
            Interleaving.Point();
            CheckMemory();
            // The count falls in the next step.
            _exports--;
            if (Life.EndExport(ref *_life)) Free();
        }

        internal void End()
        {
            Interleaving.Point();
            _isDead = true;
            Interleaving.Point();
            if (*_sections != 0)
            {
                Life.Retire(ref *_life);
                Interleaving.Await(_sections);
            }
            if (Life.LetGo(ref *_life)) Free();
        }

        void CheckMemory() => Assert.Equal(0, Frees);

        void Free()
        {
            Assert.Equal(0, _exports);
            Frees++;
        }
    }

    static readonly Arrange Arrangement = _ =>
    {
        NativeWords.Reset();
        Stage stage = new();
        return new Trial(
            [_ => stage.ExportAndEnd(), _ => stage.ExportAndEnd(), _ => stage.End()], _ => Assert.Equal(1, stage.Frees));
    };

    [Fact]
    public void TheMemoryIsFreedOnceAndNeverTakenFromAnExportInAnySchedule()
    {
        Assert.True(new Explorer { IsDeep = true, Preemptions = 3 }.Systematically(Arrangement).IsComplete);
        new Explorer { IsDeep = true }.Randomly(Arrangement, 3000, seed: 1);
    }

    [Theory]
    [InlineData(BufferStep.ExportingIsOneStep)]
    [InlineData(BufferStep.LettingGoIsOneStep)]
    internal void AStepThatIsLeftOutIsMissed(BufferStep step) =>
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { IsDeep = true, Preemptions = 3, Omission = step }.Systematically(Arrangement));
}
