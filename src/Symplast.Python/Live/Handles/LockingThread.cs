using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The thread that was the last of its interpreter to take an RLock.</summary>
internal unsafe struct LockingThread
{
    /// <summary>The thread's state.</summary>
    internal void* Thread;

    /// <summary>The thread as an owner; null if there is none.</summary>
    internal LockOwner* Owner;

    /// <summary>The owner's number, by which one sees that another thread has the same address now.</summary>
    internal ulong Number;
}
