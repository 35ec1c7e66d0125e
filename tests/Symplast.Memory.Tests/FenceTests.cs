using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace Symplast.Memory.Tests;

/// <summary>
/// The store-buffer litmus test on the hardware: a reader announces and then loads a link, a reclaimer changes the link and then
/// looks for announcements. Both finding what was there before is what epochs must exclude. A control without the fence must find
/// it, or the machine was too busy to say anything.
/// </summary>
public unsafe class FenceTests
{
    const int Places = 1024;
    const int Enough = 20;

    // Both threads must run at once: not for long, but on a busy machine it takes a while until they do.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    enum Fence { OwnOnly, FenceAll }

    sealed class Litmus
    {
        // A line a place, so that a store waits for its line as it does in life. A place holds the number of the round that wrote
        // it last.
        readonly long* _announced = (long*)NativeMemory.AlignedAlloc(Places * 64, 128);
        readonly long* _link = (long*)NativeMemory.AlignedAlloc(Places * 64, 128);
        readonly long* _saw = (long*)NativeMemory.AlignedAlloc(Places * 64, 128);
        long _readerAt;
        long _reclaimerAt;
        bool _isOver;

        internal long Stale;
        internal long Rounds;

        internal Litmus Run(Fence fence, long rounds, long enough)
        {
            Stopwatch watch = Stopwatch.StartNew();
            new Span<byte>(_announced, Places * 64).Clear();
            new Span<byte>(_link, Places * 64).Clear();
            // What an earlier run left in this memory could pass for an answer.
            new Span<byte>(_saw, Places * 64).Clear();
            Together.Run(2, number =>
            {
                if (number == 0) Read();
                else Reclaim(fence, rounds, enough, watch);
            });
            NativeMemory.AlignedFree(_announced);
            NativeMemory.AlignedFree(_link);
            NativeMemory.AlignedFree(_saw);
            return this;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Read()
        {
            for (long round = 1; ; round++)
            {
                Volatile.Write(ref _readerAt, round);
                for (int spins = 0; Volatile.Read(ref _reclaimerAt) < round; spins++)
                {
                    if (Volatile.Read(ref _isOver)) return;
                    if (spins > 2000) Thread.Yield();
                }
                Wait(round * 7 & 31);
                long place = (round & (Places - 1)) * 8;
                // Epoch.Enter and the first load of a section.
                Volatile.Write(ref _announced[place], round);
                long link = Volatile.Read(ref _link[place]);
                Volatile.Write(ref _saw[place], link == round ? -round : round);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Reclaim(Fence fence, long rounds, long enough, Stopwatch watch)
        {
            for (long round = 1; round <= rounds && Stale < enough && (round % 256 != 0 || watch.Elapsed < Patience); round++)
            {
                for (int spins = 0; Volatile.Read(ref _readerAt) < round; spins++)
                {
                    if (spins > 2000) Thread.Yield();
                }
                Volatile.Write(ref _reclaimerAt, round);
                Wait(round * 13 & 31);
                long place = (round & (Places - 1)) * 8;
                Volatile.Write(ref _link[place], round);
                if (fence == Fence.OwnOnly) Interlocked.MemoryBarrier();
                if (fence == Fence.FenceAll) Hardware.FenceAll();
                bool isSeen = Volatile.Read(ref _announced[place]) == round;
                // What the reader found is known when it has come to the next round.
                long saw;
                for (int spins = 0; (saw = Volatile.Read(ref _saw[place])) != round && saw != -round; spins++)
                {
                    if (spins > 2000) Thread.Yield();
                }
                if (!isSeen && saw == round) Stale++;
                Rounds++;
            }
            Volatile.Write(ref _isOver, true);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Pause() { }

        static void Wait(long turns)
        {
            for (long i = 0; i < turns; i++) Pause();
        }
    }

    [Fact]
    public void TheFenceInAllThreadsMakesUpForTheOneThatReadersOmit()
    {
        // The control: the reclaimer's own fence is not enough.
        Litmus control = new Litmus().Run(Fence.OwnOnly, long.MaxValue, Enough);
        if (control.Stale < Enough)
            Assert.Skip($"inconclusive: {control.Stale} stale outcomes in {control.Rounds} rounds without the fence");
        // As many rounds as would show a dozen, if the fence were none.
        Litmus fenced = new Litmus().Run(Fence.FenceAll, Math.Max(2 * control.Rounds, 100_000), 1);
        Assert.Equal(0, fenced.Stale);
    }
}
