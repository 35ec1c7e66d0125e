namespace Symplast.Memory;

/// <summary>
/// Tells whether this process is the one that started the runtime or a forked child of it. In a child the runtime's other threads
/// are gone while their locks may be held, so no code of this library may run there. The kernel itself sets the flag: the page
/// that holds it is zeroed in every child (MADV_WIPEONFORK), so no handler of ours has to run.
/// </summary>
public static unsafe class ForkGuard
{
    const nuint PageSize = 4096;

    static int* _alive;

    /// <summary>
    /// Marks this process as the original one. Idempotent; called once at start, before any other thread can ask.
    /// </summary>
    public static void Arm()
    {
        if (_alive != null) return;
        byte* page = Libc.Map(null, PageSize, Libc.ProtReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        if (page == Libc.MapFailed) throw new InsufficientMemoryException();
        Libc.Advise(page, PageSize, Libc.AdviseWipeOnFork);
        *(int*)page = 1;
        _alive = (int*)page;
    }

    /// <summary>True in a process that was forked from the one that called <see cref="Arm"/>.</summary>
    public static bool IsForkedChild => *_alive == 0;
}
