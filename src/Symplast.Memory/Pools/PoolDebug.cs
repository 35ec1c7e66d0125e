namespace Symplast.Memory;

/// <summary>The deletion of a pool on demand, for tests: in the midst of an operation on it, which then finds it
/// deleted.</summary>
public static class PoolDebug
{
    /// <summary>
    /// Makes the <paramref name="n"/>-th allocation from now on, in any heap and by any thread, meet the deletion of a pool: it
    /// goes on, or fails, when another thread has begun to delete the pool and waits for the open sections.
    /// <see cref="HeapDebug.FailAt"/> ends the mode and waits until the pool is deleted. Thread-safe.
    /// </summary>
    public static void DeleteAt(Pool pool, long n, bool fails) => HeapDebug.MeetAt(n, new Deletion(pool, fails));

    sealed unsafe class Deletion(Pool pool, bool fails) : IAllocationEvent
    {
        Thread? _thread;

        public bool Happens()
        {
            _thread = new Thread(() => pool.Delete());
            _thread.Start();
            // The pool stays as long as the section that the caller is in.
            while (!pool.Deleted || !PoolHeap.IsDeleted(pool.KnownHeap)) Thread.Yield();
            return !fails;
        }

        public void AwaitEnd() => _thread?.Join();
    }
}
