using System.Diagnostics;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>A debug build finds what is damaged when the state changes next. What was damaged is not used afterwards.</summary>
public sealed unsafe class InvariantsTests : IDisposable
{
    readonly Participant* _me = Epoch.Join();
    readonly Pool _pool = Pool.Create("invariants");
    readonly PoolHeap* _heap;

    public InvariantsTests() => _heap = _pool.LiveHeap();

    public void Dispose()
    {
        Epoch.ExitAll(_me);
        _pool.Delete();
        Epoch.Leave(_me);
    }

    static void Breaks(string walk, Action change) =>
        Assert.Contains(walk, Assert.Throws<UnreachableException>(change).Message);

    void* Allocate(nuint size)
    {
        Epoch.Enter(_me);
        void* block = Heap.Allocate(_me, _heap, size);
        Epoch.Exit(_me);
        return block;
    }

    [Fact]
    public void ABlockThatIsNoLongerCountedIsFoundWhenItsPageIsFull()
    {
        Page* page = ChunkTable.PageOf(Allocate(4096));
        page->Used--;
        Breaks(nameof(HeapInvariants.IsPageValid), () =>
        {
            for (int i = 0; i < page->Capacity; i++) Allocate(4096);
        });
        page->Used++;
    }

    [Fact]
    public void AChunkThatIsInTheWrongListIsFoundWhenPagesAreTaken()
    {
        Chunk* chunk = ChunkTable.PageOf(Allocate(64))->Chunk;
        uint free = chunk->FreePages;
        chunk->FreePages = 1u << 31;
        Breaks("AreListsValid", () => Allocate(3 << 20));
        _heap->Gate.Exit();
        chunk->FreePages = free;
    }

    [Fact]
    public void APageThatIsWrongIsFoundWhenThePoolIsDeleted()
    {
        Pool pool = Pool.Create("damaged");
        PoolHeap* heap = pool.LiveHeap();
        Epoch.Enter(_me);
        Page* page = ChunkTable.PageOf(Heap.Allocate(_me, heap, 64));
        Epoch.Exit(_me);
        page->Used++;
        Breaks("AreChunksValid", () => pool.Delete());
    }

    [Fact]
    public void AParticipantThatIsGoneAndInASectionIsFound()
    {
        Participant* other = Epoch.Join();
        Epoch.Leave(other);
        other->Announced = 1;
        // Not by an advance, which would keep the right to advance.
        Breaks("IsValid", () => Invariants.Check(Epoch.IsValid()));
        other->Announced = 0;
    }
}
