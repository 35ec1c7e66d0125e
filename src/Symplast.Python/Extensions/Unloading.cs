using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// Gives back what interpreters that have ended leave behind: their private copies, and their arenas, which data and destructors
/// of the copies may point into.
/// </summary>
/// <remarks>
/// The destructors of a thread's variables run at the very end of the thread, after the interpreter's. So all stays until the
/// thread that ended the interpreter has ended too, and, if copies may start threads, all threads that have begun in the
/// interpreter's time; this is looked up when the next interpreter is made. What a number of a thread tells is on the safe side:
/// if another thread has it by then, all stays for longer.
/// </remarks>
internal static unsafe class Unloading
{
    sealed class Remains(CopyOwner* owner, PrivateCopy[] copies, HashSet<int> threads)
    {
        internal CopyOwner* Owner => owner;
        internal PrivateCopy[] Copies => copies;
        internal HashSet<int> Threads => threads;
        internal void* Arenas { get; set; }
    }

    /// <summary>How many mappings are many. Linux allows a process 65,530, unless it is told otherwise.</summary>
    internal const int ManyMappings = 20_000;

    static bool _hasWarned;

    static readonly WordLock Gate = WordLock.Create();
    static readonly List<Remains> Waiting = [];

    /// <summary>Hands over the copies of the interpreter that ends on this thread.</summary>
    /// <param name="owner">Their owner.</param>
    /// <param name="copies">All of its copies.</param>
    /// <param name="threads">The threads that may run code of the copies until they end, beside this one.</param>
    internal static void Add(CopyOwner* owner, PrivateCopy[] copies, IEnumerable<int> threads)
    {
        Remains remains = new(owner, copies, [.. threads, Linux.CurrentThread()]);
        using (Gate.Hold()) Waiting.Add(remains);
    }

    /// <summary>
    /// Hands over the arenas of the interpreter that has ended on this thread: what <see cref="Arenas.TakeOf"/> has returned.
    /// </summary>
    /// <param name="owner">The owner of its copies, which destructors of the copies may look into; null if it has none.</param>
    /// <param name="arenas">The arenas.</param>
    internal static void Add(CopyOwner* owner, void* arenas)
    {
        if (arenas == null) return;
        using (Gate.Hold())
        {
            Remains? remains = owner == null ? null : Waiting.Find(each => each.Owner == owner);
            if (remains is null) Waiting.Add(remains = new Remains(null, [], [Linux.CurrentThread()]));
            remains.Arenas = arenas;
        }
    }

    /// <summary>
    /// Gives back what can be. Called with a GIL held, but no lock: destructors of the copies run. Returns whether copies have
    /// stayed, and the process has so many mappings by now that somebody should know; once in the process.
    /// </summary>
    internal static bool Run()
    {
        bool any = false, stays = false;
        while (TryTake() is Remains remains)
        {
            bool isAlone = remains.Owner == null || Unload(remains.Owner, remains.Copies);
            Arenas.Release(remains.Arenas, withAddresses: isAlone);
            any = true;
            stays = stays || !isAlone;
        }
        if (any) Linux.TrimMemory(0);
        if (!stays || _hasWarned || File.ReadLines("/proc/self/maps").Count() < ManyMappings) return false;
        return _hasWarned = true;
    }

    static Remains? TryTake()
    {
        using (Gate.Hold())
        {
            if (Waiting.Count == 0) return null;
            int[] living = Linux.Threads();
            int found = Waiting.FindIndex(remains => !remains.Threads.Overlaps(living));
            if (found < 0) return null;
            Remains remains = Waiting[found];
            Waiting.RemoveAt(found);
            return remains;
        }
    }

    // Returns whether no copy is left.
    static bool Unload(CopyOwner* owner, PrivateCopy[] copies)
    {
        if (owner->MustStay) return false;
        bool areGone = true;
        HashSet<nint> bases = [];
        foreach (PrivateCopy copy in copies)
            if (!copy.MustStay) bases.Add(copy.Base);
        ArgumentParsers.Forget(bases);
        for (int i = copies.Length - 1; i >= 0; i--)
            if (!copies[i].MustStay) Linux.CloseLibrary((void*)copies[i].Handle);
        foreach (PrivateCopy copy in copies) areGone = areGone && !copy.MustStay;
        foreach (PrivateCopy copy in copies)
            if (!copy.MustStay) areGone &= CloseRest(copy);
        // Not before: destructors of libraries use them. What these have set here for this thread is not destroyed.
        owner->DeleteKeys();
        if (areGone) CopyOwner.Recycle(owner);
        return areGone;
    }

    // What programs have opened by name and not closed. The linker is not asked by the path that it was loaded by, which leads
    // anywhere by now. Closing what only other libraries keep loaded fails.
    static bool CloseRest(PrivateCopy copy)
    {
        while (Linux.IsLoaded((void*)copy.Base, copy.ShownPath))
            if (Linux.CloseLibrary((void*)copy.Handle) != 0) return false;
        return true;
    }
}
