using System.Runtime.InteropServices;
using Symplast.Testing;
using Xunit;
using List = Symplast.Memory.RemoteList;

namespace Symplast.Memory.Tests;

/// <summary>
/// A page between its owner and threads that free its blocks, under the deterministic scheduler: no block is lost or comes back
/// twice, and the page is never left to nobody. The owner here does what <see cref="LocalHeap"/> does, with one page.
/// </summary>
public unsafe class RemoteListTests
{
    const int BlockSize = 64;

    static readonly byte* Memory = (byte*)NativeMemory.AlignedAlloc(Page.Size, Page.Size);

    sealed class Stage
    {
        readonly Page* _page = (Page*)NativeWords.Take(sizeof(Page) / sizeof(ulong));
        readonly LocalHeap* _local = (LocalHeap*)NativeWords.Take(sizeof(LocalHeap) / sizeof(ulong));
        readonly int _blocks;

        // The page is on the owner's list of full pages.
        bool _isFull;

        // Of so many blocks, all in use, the first is the owner's to free.
        internal Stage(int blocks)
        {
            _blocks = blocks;
            _page->Start = Memory;
            _page->Local = _local;
            _page->Used = blocks;
        }

        void* Block(int number) => Memory + number * BlockSize;

        internal void FreeOwn()
        {
            *(void**)Block(0) = _page->Free;
            _page->Free = Block(0);
            _page->Used--;
            if (_isFull && List.TryUnpark(_page)) _isFull = false;
        }

        internal void Free(int number) => List.Push(_page, Block(number), Block(number), 1);

        internal void FreeTwo(int first)
        {
            *(void**)Block(first) = Block(first + 1);
            List.Push(_page, Block(first), Block(first + 1), 2);
        }

        // Looks for a free block, and takes none.
        internal void Look()
        {
            if (!_isFull)
            {
                if (_page->Free == null) List.Take(_page);
                if (_page->Free == null) _isFull = List.TryPark(_page);
            }
            Collect();
        }

        void Collect()
        {
            for (Page* page = List.TakeReady(_local); page != null; page = page->NextReady)
            {
                Assert.True(_isFull, "handed over twice");
                _isFull = false;
                List.Join(page);
            }
        }

        internal void Check(bool ownIsFree)
        {
            Collect();
            Assert.False(_isFull && Page.RemoteCount(_page) > 0, "left to nobody");
            if (!_isFull) List.Join(_page);
            HashSet<nint> free = [];
            for (void* block = _page->Free; block != null; block = *(void**)block)
                Assert.True(free.Add((nint)block), "came back twice");
            Assert.Equal(ownIsFree ? _blocks : _blocks - 1, free.Count);
            Assert.Equal(_blocks - free.Count, _page->Used);
        }
    }

    static Arrange Arrangement(bool ownerFrees) => _ =>
    {
        NativeWords.Reset();
        Stage stage = new(4);
        return new Trial([
            _ =>
            {
                stage.Look();
                if (ownerFrees) stage.FreeOwn();
                stage.Look();
            },
            _ => stage.Free(1),
            _ => stage.FreeTwo(2)],
            _ => stage.Check(ownerFrees));
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryBlockComesBackOnceInEverySchedule(bool ownerFrees)
    {
        Assert.True(new Explorer { IsDeep = true, Preemptions = 3 }.Systematically(Arrangement(ownerFrees)).IsComplete);
        new Explorer { IsDeep = true }.Randomly(Arrangement(ownerFrees), 3000, seed: 1);
    }

    [Theory]
    [InlineData(RemoteStep.PushCompares)]
    [InlineData(RemoteStep.ParkedPageIsHandedOver)]
    [InlineData(RemoteStep.ParkingCompares)]
    [InlineData(RemoteStep.UnparkingCompares)]
    internal void AStepThatIsLeftOutIsMissed(RemoteStep step) =>
        Assert.Throws<ScheduleFailedException>(
            () => new Explorer { IsDeep = true, Preemptions = 3, Omission = step }.Systematically(Arrangement(ownerFrees: true)));
}
