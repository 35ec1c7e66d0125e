using System.Runtime.CompilerServices;
using Symplast.Testing;
using Xunit;
using Protocol = Symplast.Memory.EpochProtocol<Symplast.Memory.Tests.WeakModel>;

namespace Symplast.Memory.Tests;

/// <summary>
/// The accesses of a protocol on <see cref="WeakMemory"/>, which each thread sees in its own way. Words stand for places by their
/// addresses.
/// </summary>
internal readonly unsafe struct WeakModel : IMemoryModel
{
    [ThreadStatic]
    static WeakMemory.View? _own;

    static WeakMemory _memory = new();
    static Dictionary<nint, int> _places = [];
    static bool _fencesOthers;

    internal static void Reset(bool fencesOthers)
    {
        _memory = new WeakMemory();
        _places = [];
        _fencesOthers = fencesOthers;
    }

    internal static WeakMemory.View AddThread() => _memory.Thread();

    internal static void Own(WeakMemory.View view) => _own = view;

    public static void Point() => Interleaving.Point();

    public static ulong Load(ref ulong place) => _own!.Load(PlaceOf(Unsafe.AsPointer(ref place), place), acquire: true);

    public static void Store(ref ulong place, ulong value) =>
        _own!.Store(PlaceOf(Unsafe.AsPointer(ref place), place), value, release: true);

    public static ulong Increment(ref ulong place) =>
        _own!.Change(PlaceOf(Unsafe.AsPointer(ref place), place), value => value + 1) + 1;

    public static void Exchange(ref ulong place, ulong value) =>
        _own!.Change(PlaceOf(Unsafe.AsPointer(ref place), place), _ => value);

    public static bool TryTake(ref int place) =>
        _own!.Change(PlaceOf(Unsafe.AsPointer(ref place), 0), value => value == 0 ? 1 : null) == 0;

    public static void GiveBack(ref int place) => _own!.Store(PlaceOf(Unsafe.AsPointer(ref place), 0), 0, release: true);

    public static void FenceAll()
    {
        if (_fencesOthers) _own!.FenceAll();
        else _own!.Fence();
    }

    // The word itself keeps what it was at first.
    static int PlaceOf(void* word, ulong initial)
    {
        if (!_places.TryGetValue((nint)word, out int place)) _places[(nint)word] = place = _memory.Place(initial);
        return place;
    }
}

/// <summary>
/// The protocol of epochs, the product's code, on a memory weaker than that of any processor: interlocked operations are no full
/// fences there.
/// </summary>
public unsafe class WeakEpochTests
{
    static Trial Arrangement(bool fencesOthers, bool waits = true)
    {
        NativeWords.Reset();
        WeakModel.Reset(fencesOthers);
        EpochClock* clock = (EpochClock*)NativeWords.Take(sizeof(EpochClock) / sizeof(ulong));
        Participant* reader = (Participant*)NativeWords.Take(sizeof(Participant) / sizeof(ulong));
        ulong* link = NativeWords.Take(1);
        *link = 1;
        clock->Global = 1;
        clock->Oldest = 1;
        clock->First = (nint)reader;
        WeakMemory.View[] views = [WeakModel.AddThread(), WeakModel.AddThread()];
        bool isFreed = false;
        return new Trial([
            _ =>
            {
                WeakModel.Own(views[0]);
                Protocol.Announce(ref *clock, reader);
                if (WeakModel.Load(ref *link) != 0)
                {
                    // In use from the load to the end of the section.
                    WeakModel.Point();
                    Assert.False(isFreed, "a block was freed while it was read");
                }
                Protocol.Withdraw(reader);
            },
            _ =>
            {
                WeakModel.Own(views[1]);
                WeakModel.Exchange(ref *link, 0);
                if (!waits)
                {
                    isFreed = Protocol.IsAlone(ref *clock, null);
                    return;
                }
                ulong tag = Protocol.Tag(ref *clock);
                for (int i = 0; i < 3; i++)
                {
                    if (!Protocol.TryBeginAdvance(ref *clock)) continue;
                    Protocol.Advance(ref *clock);
                    Protocol.EndAdvance(ref *clock);
                    if (Protocol.HasPassed(ref *clock, tag)) isFreed = true;
                }
            }]);
    }

    [Fact]
    public void NoBlockIsFreedWhileItIsReadOnAWeakMemory()
    {
        Exploration all =
            new Explorer { Preemptions = 2, ScheduleLimit = 30_000 }.Systematically(_ => Arrangement(fencesOthers: true));
        Assert.True(all.Schedules > 500);
        new Explorer().Randomly(_ => Arrangement(fencesOthers: true), 5000, seed: 1);
    }

    [Fact]
    public void WithoutTheFenceInReadersItIs() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer().Randomly(_ => Arrangement(fencesOthers: false), 50_000, seed: 1));

    [Fact]
    public void WhoIsAloneNeedNotWait()
    {
        Assert.True(new Explorer { Preemptions = 3, ScheduleLimit = 30_000 }.Systematically(
            _ => Arrangement(fencesOthers: true, waits: false)).IsComplete);
        new Explorer().Randomly(_ => Arrangement(fencesOthers: true, waits: false), 5000, seed: 1);
    }

    [Fact]
    public void WithoutTheFenceInReadersNobodyKnowsThatHeIsAlone() => Assert.Throws<ScheduleFailedException>(
        () => new Explorer().Randomly(_ => Arrangement(fencesOthers: false, waits: false), 50_000, seed: 1));
}
