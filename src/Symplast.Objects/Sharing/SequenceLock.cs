namespace Symplast.Objects;

/// <summary>
/// A lock with a sequence counter, as a seqlock has it: the counter is odd while the lock is held for a change, and another one
/// after it. A reader that finds the same even counter before and after it has read has seen all of each change, or none of it.
/// </summary>
/// <remarks>
/// The readings are the structures' own, because each reads its own fields between two looks at the counter. A small table has
/// its counter in one byte of a packed header, with the lock, and is no user of this.
/// </remarks>
internal static unsafe class SequenceLock
{
    internal static void Enter(int* word, ulong* version)
    {
        ObjectLock.Enter(word);
        Interleaving.Point();
        // Release, odd: pairs with a reader's first look. What follows is stored with release or interlocked, so it is not seen
        // before this.
        Volatile.Write(ref *version, *version + 1);
    }

    internal static void Exit(int* word, ulong* version)
    {
        Interleaving.Point();
        // Release, even: pairs with a reader's looks, which find all of the change, or none of it.
        Volatile.Write(ref *version, *version + 1);
        ObjectLock.Exit(word);
    }
}
