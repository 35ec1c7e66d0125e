using Symplast.Testing;
using Xunit;
using Pins = Symplast.Memory.HeapPins;

namespace Symplast.Memory.Tests;

/// <summary>
/// Pins against the deletion of their pool, under the deterministic scheduler: the addresses go once, and not while a pin is
/// held. What surrounds the steps in <see cref="HeapTable"/>, the gate and the wait for sections, is modelled here.
/// </summary>
public unsafe class HeapPinsTests
{
    sealed class Stage(bool awaitsSections)
    {
        readonly PoolHeap* _heap = (PoolHeap*)NativeWords.Take(sizeof(PoolHeap) / sizeof(ulong) + 1);
        readonly int* _gate = (int*)NativeWords.Take(1);
        readonly int* _sections = (int*)NativeWords.Take(1);
        int _pins;

        internal int Releases { get; private set; }

        internal void PinAndUnpin(bool twice)
        {
            Interleaving.Point();
            (*_sections)++;
            Interleaving.Point();
            bool isPinned = !PoolHeap.IsDeleted(_heap);
            if (isPinned) Add();
            Interleaving.Point();
            (*_sections)--;
            if (!isPinned) return;
            // A second one, outside of a section, on the strength of the first.
            if (twice) Add();
            if (twice) Remove();
            Remove();
        }

        internal void Delete()
        {
            Pins.Delete(_heap);
            if (awaitsSections) Interleaving.Await(_sections);
            if (Pins.WasPinned(_heap))
            {
                Enter();
                _heap->IsEmptied = true;
                if (Pins.MayRelease(_heap)) Release();
                *_gate = 0;
            }
            else
            {
                Release();
            }
        }

        void Add()
        {
            Pins.Add(_heap);
            _pins++;
            Assert.Equal(0, Releases);
        }

        void Remove()
        {
            Assert.Equal(0, Releases);
            _pins--;
            if (!Pins.Remove(_heap)) return;
            Enter();
            if (Pins.MayRelease(_heap)) Release();
            *_gate = 0;
        }

        void Release()
        {
            Assert.Equal(0, _pins);
            Releases++;
        }

        void Enter()
        {
            do Interleaving.Await(_gate);
            while (*_gate != 0);
            *_gate = 1;
        }
    }

    static Arrange Arrangement(bool awaitsSections = true) => _ =>
    {
        NativeWords.Reset();
        Stage stage = new(awaitsSections);
        return new Trial(
            [_ => stage.PinAndUnpin(twice: true), _ => stage.PinAndUnpin(twice: false), _ => stage.Delete()], _ =>
            Assert.Equal(1, stage.Releases));
    };

    [Fact]
    public void TheAddressesGoOnceAndAfterTheLastPinInEverySchedule()
    {
        Assert.True(new Explorer { IsDeep = true, Preemptions = 3 }.Systematically(Arrangement()).IsComplete);
        new Explorer { IsDeep = true }.Randomly(Arrangement(), 3000, seed: 1);
    }

    [Theory]
    [InlineData(PinStep.PinIsNoted)]
    [InlineData(PinStep.LastPinLooks)]
    [InlineData(PinStep.EmptierLooks)]
    internal void AStepThatIsLeftOutIsMissed(PinStep step) =>
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { IsDeep = true, Preemptions = 3, Omission = step }.Systematically(Arrangement()));

    [Fact]
    public void ADeletionThatDoesNotWaitForSectionsIsMissed() =>
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { IsDeep = true, Preemptions = 3 }.Systematically(Arrangement(awaitsSections: false)));
}
