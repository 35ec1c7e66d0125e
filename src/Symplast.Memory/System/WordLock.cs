using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// A <see cref="FutexLock"/> with a word of its own in native memory. Not re-entrant. Allocates nothing managed, unlike
/// <see cref="Lock"/>, so that threads which only ever pass through never get a managed allocation context, nor the finalizable
/// id that each managed lock gives the thread which enters it, and whose finalizer ends the process if memory is short. Hold it
/// for at most a few microseconds and never across Python code.
/// </summary>
public unsafe struct WordLock
{
    int* _word;

    /// <summary>A free lock. The word is released with <see cref="Dispose"/>.</summary>
    public static WordLock Create() => new() { _word = (int*)NativeMemory.AllocZeroed(sizeof(int)) };

    /// <summary>Takes the lock, sleeping if another thread holds it for long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Enter()
    {
        if (!FutexLock.TryEnter(_word)) FutexLock.EnterContended(_word);
    }

    /// <summary>Releases the lock. Only the holder may call it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Exit() => FutexLock.Exit(_word);

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
}
