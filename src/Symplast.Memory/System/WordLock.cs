using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// A mutual-exclusion lock of one 32-bit word in native memory: 0 free, 1 held, 2 held and perhaps waited for (U. Drepper,
/// "Futexes Are Tricky", mutex 2). Not re-entrant. Allocates nothing managed, unlike <see cref="Lock"/>, so that threads which
/// only ever pass through never get a managed allocation context, nor the finalizable id that each managed lock gives the thread
/// which enters it, and whose finalizer ends the process if memory is short. Hold it for at most a few microseconds and never
/// across Python code.
/// </summary>
public unsafe struct WordLock
{
    const int Spins = 50;

    int* _word;

    /// <summary>A free lock. The word is released with <see cref="Dispose"/>.</summary>
    public static WordLock Create() => new() { _word = (int*)NativeMemory.AllocZeroed(sizeof(int)) };

    /// <summary>Takes the lock, sleeping if another thread holds it for long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Enter()
    {
        // Acquire (full fence): pairs with the exchange in Exit, so that the holder before us has published its writes.
        if (Interlocked.CompareExchange(ref *_word, 1, 0) != 0) EnterContended();
    }

    /// <summary>Releases the lock. Only the holder may call it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Exit()
    {
        // Release (full fence): pairs with the exchanges in Enter. 2 says that someone may sleep.
        if (Interlocked.Exchange(ref *_word, 0) == 2) Futex.Wake(_word, 1);
    }

    /// <summary>Takes the lock until the end of a using statement: <c>using (gate.Hold()) …</c></summary>
    public readonly Holding Hold()
    {
        Enter();
        return new Holding(this);
    }

    /// <summary>The end of a <see cref="Hold"/>.</summary>
    public readonly ref struct Holding
    {
        readonly WordLock _held;

        internal Holding(WordLock held) => _held = held;

        /// <summary>Gives the lock back. Called once.</summary>
        public void Dispose() => _held.Exit();
    }

    /// <summary>Frees the word. Nobody may hold or want the lock any more.</summary>
    public void Dispose()
    {
        NativeMemory.Free(_word);
        _word = null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    readonly void EnterContended()
    {
        for (int i = 0; i < Spins; i++)
        {
            // The volatile read only avoids useless exchanges; the exchange is what acquires (pairs with Exit).
            if (Volatile.Read(ref *_word) == 0 && Interlocked.CompareExchange(ref *_word, 1, 0) == 0) return;
            Thread.SpinWait(4);
        }
        // Taking the lock as 2 wakes one thread too many at worst, and never one too few. Pairs with Exit.
        while (Interlocked.Exchange(ref *_word, 2) != 0) Futex.Wait(_word, 2);
    }
}
