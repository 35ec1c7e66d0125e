using Symplast.Testing;
using Xunit;
using Protocol = Symplast.Memory.EpochProtocol<Symplast.Memory.Tests.ModelledMemory>;

namespace Symplast.Memory.Tests;

/// <summary>
/// The protocol of epochs under the deterministic scheduler, on a model of memory with late stores: a reader, a writer that
/// unlinks a block, threads that advance and free it. With each precaution left out the search must find a reader whose block is
/// freed.
/// </summary>
public unsafe class EpochProtocolTests
{
    enum Unlinking
    {
        /// <summary>As it must be done.</summary>
        Interlocked,

        /// <summary>By a store that may be seen late.</summary>
        ByStore,

        /// <summary>By such a store, then an interlocked operation on another word, as when a bag is closed.</summary>
        ByStoreThenFence,

        /// <summary>The tag is taken first.</summary>
        AfterTag,
    }

    sealed record Scene(
        Omission Omission = Omission.None, Unlinking Unlinking = Unlinking.Interlocked, int Advancers = 1, bool LoadsFirst =
        false,
        ulong Grace = 2, int Advances = 3)
    {
        /// <summary>
        /// The writer has done its part, its stores are seen after a fence only, and the reader's at once: fewer schedules, so
        /// that all of them can be run.
        /// </summary>
        internal bool IsSmall { get; init; }
    }

    sealed class Stage
    {
        readonly Scene _scene;
        readonly EpochClock* _clock;
        readonly Participant* _reader;
        readonly ulong* _link;
        readonly ulong* _bytes;
        readonly StoreBuffer? _readerStores;
        readonly StoreBuffer? _writerStores;
        ulong _tag;
        bool _isFreed;

        internal Stage(Scene scene)
        {
            _scene = scene;
            ModelledMemory.Reset(scene.Omission);
            _clock = (EpochClock*)NativeWords.Take(sizeof(EpochClock) / sizeof(ulong));
            _reader = (Participant*)NativeWords.Take(sizeof(Participant) / sizeof(ulong));
            _link = NativeWords.Take(1);
            *_link = 1;
            _bytes = NativeWords.Take(1);
            *_bytes = 1;
            _clock->Global = 1;
            _clock->Oldest = 1;
            _clock->First = (nint)_reader;
            if (!scene.IsSmall) _readerStores = ModelledMemory.AddBuffer();
            if (scene.Unlinking is Unlinking.ByStore or Unlinking.ByStoreThenFence) _writerStores = ModelledMemory.AddBuffer();
            if (scene.IsSmall) Write(null);
        }

        internal Trial Trial()
        {
            List<Body> bodies = [Read];
            if (_readerStores != null) bodies.Add(_readerStores.Drain);
            if (!_scene.IsSmall) bodies.Add(Write);
            if (_writerStores != null && !_scene.IsSmall) bodies.Add(_writerStores.Drain);
            for (int i = 0; i < _scene.Advancers; i++) bodies.Add(Advance);
            return new Trial([.. bodies]);
        }

        void Read(Participant* me)
        {
            ModelledMemory.Own(_readerStores);
            ulong found = 0;
            if (_scene.LoadsFirst) found = ModelledMemory.Load(ref *_link);
            Protocol.Announce(ref *_clock, _reader);
            if (!_scene.LoadsFirst) found = ModelledMemory.Load(ref *_link);
            if (found != 0)
            {
                // The block is in use from the load to the end of the section.
                ModelledMemory.Point();
                if (_isFreed) throw new InvalidOperationException("a block was freed while it was read");
            }
            Protocol.Withdraw(_reader);
            _readerStores?.Close();
            ModelledMemory.Own(null);
        }

        void Write(Participant* me)
        {
            ModelledMemory.Own(_writerStores);
            ulong tag = 0;
            if (_scene.Unlinking == Unlinking.AfterTag) tag = Protocol.Tag(ref *_clock);
            if (_writerStores != null) ModelledMemory.Store(ref *_link, 0);
            else ModelledMemory.Exchange(ref *_link, 0);
            if (_scene.Unlinking == Unlinking.ByStoreThenFence) ModelledMemory.Exchange(ref *_bytes, 0);
            if (_scene.Unlinking != Unlinking.AfterTag) tag = Protocol.Tag(ref *_clock);
            _tag = tag;
            _writerStores?.Close();
            ModelledMemory.Own(null);
        }

        void Advance(Participant* me)
        {
            for (int i = 0; i < _scene.Advances; i++)
            {
                if (!Protocol.TryBeginAdvance(ref *_clock)) continue;
                Protocol.Advance(ref *_clock);
                Protocol.EndAdvance(ref *_clock);
                if (_tag != 0 && HasPassed()) _isFreed = true;
            }
        }

        bool HasPassed() => _scene.Grace == 2 ? Protocol.HasPassed(ref *_clock, _tag) : Protocol.IsOver(ref *_clock, _tag);
    }

    static void AssertSafe(Scene scene) => new Explorer().Randomly(_ => new Stage(scene).Trial(), 10_000, changes: 4);

    // A fixed seed: what it finds today it finds tomorrow.
    static void AssertFound(Scene scene)
    {
        ScheduleFailedException failure = Assert.Throws<ScheduleFailedException>(
            () => new Explorer().Randomly(_ => new Stage(scene).Trial(), 200_000, changes: 4, seed: 1));
        Assert.StartsWith("a block was freed while it was read", failure.Message);
    }

    static Exploration SearchAll(Scene scene, int preemptions) =>
        new Explorer { Preemptions = preemptions }.Systematically(_ => new Stage(scene).Trial());

    [Fact]
    public void NoBlockIsFreedWhileItIsReadInAnyScheduleOfTwoPreemptions() => Assert.True(SearchAll(new Scene(), 2).IsComplete);

    [Fact]
    public void NorInRandomOnes() => AssertSafe(new Scene());

    [Fact]
    public void NorWithTwoThreadsThatAdvance() => AssertSafe(new Scene(Advancers: 2, Advances: 2));

    [Fact]
    public void WithoutTheFenceInReadersABlockIsFreedWhileItIsRead() => AssertFound(new Scene(Omission.FenceAll));

    [Fact]
    public void ATagFromBeforeTheUnlinkingIsTooOld() => AssertFound(new Scene(Unlinking: Unlinking.AfterTag));

    [Fact]
    public void APointerLoadedBeforeTheAnnouncementIsNotProtected() => AssertFound(new Scene(LoadsFirst: true));

    // The hole that both serialised advances and interlocked unlinking close, each alone: at tag + 2 the first fence may still be
    // to come.
    [Fact]
    public void UnlinkingByAStoreIsUnsafeWhenTwoThreadsAdvanceAtOnce()
    {
        Scene hole = new(Omission.Serialisation, Unlinking.ByStore, Advancers: 2, Advances: 1) { IsSmall = true };
        ScheduleFailedException failure = Assert.Throws<ScheduleFailedException>(() => SearchAll(hole, 3));
        Assert.StartsWith("a block was freed while it was read", failure.Message);
        Assert.True(SearchAll(hole with { Unlinking = Unlinking.Interlocked }, 3).IsComplete);
        Assert.True(SearchAll(hole with { Unlinking = Unlinking.ByStoreThenFence }, 3).IsComplete);
        Assert.True(SearchAll(hole with { Omission = Omission.None }, 3).IsComplete);
    }

    [Fact]
    public void InterlockedUnlinkingIsSafeEvenThen() => AssertSafe(new Scene(Omission.Serialisation, Advancers: 2, Advances: 2));

    [Fact]
    public void SerialisedAdvancesAreSafeEvenWithUnlinkingByAStore() =>
        AssertSafe(new Scene(Unlinking: Unlinking.ByStore, Advancers: 2, Advances: 2));

    // What Synchronize relies on.
    [Fact]
    public void OneEpochIsEnoughWithInterlockedUnlinking() => AssertSafe(new Scene(Advancers: 2, Advances: 2, Grace: 1));

    [Fact]
    public void OneEpochIsNotEnoughWithoutTheFence() => AssertFound(new Scene(Omission.FenceAll, Grace: 1));
}
