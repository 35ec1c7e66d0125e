using Xunit;

namespace Symplast.Memory.Tests;

public unsafe class AddressRangeTests
{
    // No pool ever has this slot.
    const int Slot = 1_000_000;

    [Fact]
    public void ReservingAgainChangesNothing()
    {
        nuint size = AddressRange.Size;
        byte* chunk = AddressRange.Take(1, Slot);
        AddressRange.Reserve();
        Assert.Equal(size, AddressRange.Size);
        Assert.True(AddressRange.Contains(chunk));
        AddressRange.Release(chunk, 1);
    }

    [Fact]
    public void ContainsIsTrueOfChunksAndFalseOfEverythingElse()
    {
        byte* chunk = AddressRange.Take(1, Slot);
        int local = 0;
        Assert.True(AddressRange.Contains(chunk));
        Assert.True(AddressRange.Contains(chunk + AddressRange.ChunkSize - 1));
        Assert.False(AddressRange.Contains(chunk + AddressRange.Size));
        Assert.False(AddressRange.Contains(chunk - AddressRange.Size));
        Assert.False(AddressRange.Contains(null));
        Assert.False(AddressRange.Contains(&local));
        Assert.False(AddressRange.Contains((void*)nuint.MaxValue));
        AddressRange.Release(chunk, 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void ARunIsAlignedToAChunkAndOwnedFromEndToEnd(int chunks)
    {
        byte* run = AddressRange.Take((nuint)chunks, Slot);
        Assert.Equal(0u, (nuint)run % AddressRange.ChunkSize);
        for (int i = 0; i < chunks; i++)
        {
            byte* chunk = run + (nuint)i * AddressRange.ChunkSize;
            Assert.Equal(Slot, AddressRange.OwnerSlot(chunk));
            Assert.Equal(Slot, AddressRange.OwnerSlot(chunk + AddressRange.ChunkSize - 1));
        }
        AddressRange.Release(run, (nuint)chunks);
        for (int i = 0; i < chunks; i++) Assert.Equal(-1, AddressRange.OwnerSlot(run + (nuint)i * AddressRange.ChunkSize));
    }

    [Fact]
    public void NeighbouringRunsKeepTheirOwners()
    {
        byte* first = AddressRange.Take(2, Slot);
        byte* second = AddressRange.Take(3, Slot + 1);
        Assert.Equal(Slot, AddressRange.OwnerSlot(first + 2 * AddressRange.ChunkSize - 1));
        Assert.Equal(Slot + 1, AddressRange.OwnerSlot(second));
        AddressRange.Release(first, 2);
        Assert.Equal(Slot + 1, AddressRange.OwnerSlot(second + 3 * AddressRange.ChunkSize - 1));
        AddressRange.Release(second, 3);
    }

    [Fact]
    public void TakenMemoryIsWritableAndReleasedMemoryIsInaccessible()
    {
        byte* run = AddressRange.Take(2, Slot);
        Assert.Equal(Mapping.ReadWrite, Mapping.PermissionsAt(run));
        Assert.Equal(Mapping.ReadWrite, Mapping.PermissionsAt(run + 2 * AddressRange.ChunkSize - 1));
        AddressRange.Release(run, 2);
        Assert.Equal(Mapping.Inaccessible, Mapping.PermissionsAt(run));
        Assert.Equal(Mapping.Inaccessible, Mapping.PermissionsAt(run + 2 * AddressRange.ChunkSize - 1));
    }

    [Fact]
    public void ReusedMemoryAndItsMarksAreZero()
    {
        byte* run = AddressRange.Take(3, Slot);
        int length = (int)(3 * AddressRange.ChunkSize);
        Assert.Equal(-1, new Span<byte>(run, length).IndexOfAnyExcept((byte)0));
        new Span<byte>(run, length).Fill(0xA5);
        for (int i = 0; i < length; i += 16) ObjectMarks.Set(run + i, ObjectMark.InProgress);
        AddressRange.Release(run, 3);

        byte* again = AddressRange.Take(3, Slot);
        Assert.True(again <= run, "the chunks that were given back should be found first");
        Assert.Equal(-1, new Span<byte>(again, length).IndexOfAnyExcept((byte)0));
        for (int i = 0; i < length; i += 16) Assert.Equal(ObjectMark.None, ObjectMarks.Get(again + i));
        AddressRange.Release(again, 3);
    }

    [Fact]
    public void PartsOfARunThatComeBackOneByOneServeALargeRequestAgain()
    {
        byte* run = AddressRange.Take(6, Slot);
        AddressRange.Release(run + 4 * AddressRange.ChunkSize, 2);
        AddressRange.Release(run, 1);
        AddressRange.Release(run + AddressRange.ChunkSize, 3);
        byte* again = AddressRange.Take(6, Slot);
        Assert.True(again <= run, "neighbouring free chunks should be one run again");
        AddressRange.Release(again, 6);
    }

    [Fact]
    public void AHoleThatIsTooSmallIsPassedOver()
    {
        byte* run = AddressRange.Take(5, Slot);
        byte* guard = AddressRange.Take(1, Slot);
        AddressRange.Release(run + AddressRange.ChunkSize, 2);
        byte* larger = AddressRange.Take(3, Slot + 1);
        for (int i = 0; i < 3; i++) Assert.Equal(Slot + 1, AddressRange.OwnerSlot(larger + (nuint)i * AddressRange.ChunkSize));
        Assert.Equal(Slot, AddressRange.OwnerSlot(run));
        Assert.Equal(Slot, AddressRange.OwnerSlot(run + 3 * AddressRange.ChunkSize));
        AddressRange.Release(larger, 3);
        AddressRange.Release(run, 1);
        AddressRange.Release(run + 3 * AddressRange.ChunkSize, 2);
        AddressRange.Release(guard, 1);
    }

    [Fact]
    public void ARequestBeyondTheRangeGivesNullAndLeavesTheRangeUsable()
    {
        nuint all = AddressRange.Size >> AddressRange.ChunkShift;
        Assert.True(AddressRange.Take(all + 1, Slot) == null);
        Assert.True(AddressRange.Take(nuint.MaxValue, Slot) == null);
        byte* chunk = AddressRange.Take(1, Slot);
        Assert.True(chunk != null);
        AddressRange.Release(chunk, 1);
    }

    [Fact]
    public void ChunksTakenByManyThreadsAtOnceNeverOverlap() => Together.Run(4, number =>
    {
        Random random = new(number);
        for (int round = 0; round < 300; round++)
        {
            nuint chunks = (nuint)random.Next(1, 5);
            byte* run = AddressRange.Take(chunks, Slot + number);
            long mark = (long)number << 32 | (uint)round;
            for (nuint i = 0; i < chunks; i++)
            {
                long* place = (long*)(run + i * AddressRange.ChunkSize);
                Assert.Equal(0, *place);
                *place = mark;
            }
            for (nuint i = 0; i < chunks; i++)
            {
                Assert.Equal(mark, *(long*)(run + i * AddressRange.ChunkSize));
                Assert.Equal(Slot + number, AddressRange.OwnerSlot(run + i * AddressRange.ChunkSize));
            }
            AddressRange.Release(run, chunks);
        }
    });
}
