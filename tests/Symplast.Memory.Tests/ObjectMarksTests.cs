using CsCheck;
using Xunit;

namespace Symplast.Memory.Tests;

public unsafe class ObjectMarksTests
{
    const int Slot = 1_000_000;
    const int Unit = 16;

    [Fact]
    public void AMarkIsReadBackAndLeavesItsNeighboursAlone()
    {
        byte* chunk = AddressRange.Take(1, Slot);
        int units = (int)AddressRange.ChunkSize / Unit;
        // The two ends of the chunk, and places that share a byte of marks.
        int[] places = [0, 1, 2, 3, 4, 5, 6, 7, units / 2, units - 2, units - 1];
        foreach (ObjectMark mark in Enum.GetValues<ObjectMark>())
        {
            foreach (int place in places)
            {
                ObjectMarks.Set(chunk + place * Unit, mark);
                Assert.Equal(mark, ObjectMarks.Get(chunk + place * Unit));
                foreach (int other in places.Except([place]))
                    Assert.Equal(ObjectMark.None, ObjectMarks.Get(chunk + other * Unit));
                ObjectMarks.Set(chunk + place * Unit, ObjectMark.None);
            }
        }
        AddressRange.Release(chunk, 1);
    }

    [Fact]
    public void ThatAnObjectIsSingleIsNotedBesideItsMark()
    {
        byte* chunk = AddressRange.Take(1, Slot);
        // 32 bytes an object; some notes share a byte, some a word.
        const int Objects = 40;
        for (int i = 0; i < Objects; i++)
        {
            byte* o = chunk + i * 2 * Unit;
            ObjectMarks.Set(o, ObjectMark.MutableOrigin);
            Assert.False(ObjectMarks.IsSingle(o));
            ObjectMarks.SetSingle(o);
        }
        for (int cleared = 0; cleared < Objects; cleared++)
        {
            for (int i = 0; i < Objects; i++)
            {
                Assert.Equal(i >= cleared, ObjectMarks.IsSingle(chunk + i * 2 * Unit));
                Assert.Equal(ObjectMark.MutableOrigin, ObjectMarks.Get(chunk + i * 2 * Unit));
            }
            ObjectMarks.ClearSingle(chunk + cleared * 2 * Unit);
        }
        AddressRange.Release(chunk, 1);
    }

    [Fact]
    public void NotesThatShareAWordAreTakenBackByManyThreadsAtOnce()
    {
        byte* chunk = AddressRange.Take(1, Slot);
        const int Objects = 60_000;
        for (int i = 0; i < Objects; i++) ObjectMarks.SetSingle(chunk + (nint)i * 2 * Unit);
        // Each thread takes back every other one of its half of each word, so that a lost update leaves one behind or takes one
        // too many.
        Parallel.For(0, 2, thread =>
        {
            for (int i = thread; i < Objects; i += 4) ObjectMarks.ClearSingle(chunk + (nint)i * 2 * Unit);
        });
        int wrong = Enumerable.Range(0, Objects).Count(i => ObjectMarks.IsSingle(chunk + (nint)i * 2 * Unit) != (i % 4 >= 2));
        AddressRange.Release(chunk, 1);
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void AnyOrderOfSettingAndWipingLeavesWhatAnArrayWouldHold()
    {
        const int Units = 64;
        var set = Gen.Select(Gen.Int[0, Units - 1], Gen.Enum<ObjectMark>(), (unit, mark) => (From: unit, Count: 0, Mark: mark));
        // A wipe has ends that are multiples of 64 bytes, that is of four units.
        var wipe = Gen.Select(
            Gen.Int[0, Units / 4 - 1], Gen.Int[1, Units / 4], (from, count) =>
            (From: from * 4, Count: Math.Min(count * 4, Units - from * 4), Mark: ObjectMark.None));
        Gen.Frequency((5, set), (1, wipe)).Array[0, 60].Sample(steps =>
        {
            byte* chunk = AddressRange.Take(1, Slot);
            ObjectMark[] expected = new ObjectMark[Units];
            foreach ((int from, int count, ObjectMark mark) in steps)
            {
                if (count == 0)
                {
                    ObjectMarks.Set(chunk + from * Unit, mark);
                    expected[from] = mark;
                }
                else
                {
                    ObjectMarks.Wipe(chunk + from * Unit, (nuint)(count * Unit));
                    expected.AsSpan(from, count).Clear();
                }
            }
            ObjectMark[] actual = [.. Enumerable.Range(0, Units).Select(unit => ObjectMarks.Get(chunk + unit * Unit))];
            AddressRange.Release(chunk, 1);
            Assert.Equal(expected, actual);
        });
    }

    [Fact]
    public void WritersOfNeighbouringBlocksOf64BytesDoNotDisturbEachOther()
    {
        byte* chunk = AddressRange.Take(1, Slot);
        Together.Run(4, number =>
        {
            for (int i = 0; i < 200_000; i++)
            {
                byte* place = chunk + number * 64 + i % 4 * Unit;
                ObjectMark mark = (ObjectMark)(i / 4 % 4);
                ObjectMarks.Set(place, mark);
                Assert.Equal(mark, ObjectMarks.Get(place));
            }
        });
        AddressRange.Release(chunk, 1);
    }
}
