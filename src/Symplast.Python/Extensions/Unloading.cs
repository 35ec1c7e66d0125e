using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// Gives back what interpreters that have ended leave behind: their private copies, and their arenas, into which data and
/// destructors of the copies may point.
/// </summary>
/// <remarks>
/// Destructors of thread-local variables run at the very end of a thread, after the interpreter has ended. So everything stays
/// until the thread that ended the interpreter has ended, too. If copies may start threads, it also stays until all threads have
/// ended that began during the interpreter's life. This is checked when the next interpreter is made. Threads are compared by the
/// kernel's numbers. That a number is used again is harmless: everything then stays for longer.
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

    /// <summary>The number of mappings from which users are warned. Linux allows a process 65,530 by default.</summary>
    internal const int ManyMappings = 20_000;

    static bool _hasWarned;

    static readonly WordLock Gate = WordLock.Create();
    static readonly List<Remains> Waiting = [];

    /// <summary>Hands over the copies of the interpreter that ends on this thread.</summary>
    /// <param name="owner">The owner of the copies.</param>
    /// <param name="copies">All of its copies.</param>
    /// <param name="threads">The threads, beside this one, that may run code of the copies until they end.</param>
    internal static void Add(CopyOwner* owner, PrivateCopy[] copies, IEnumerable<int> threads)
    {
        Remains remains = new(owner, copies, [.. threads, Linux.CurrentThread()]);
        using (Gate.Hold()) Waiting.Add(remains);
    }

    /// <summary>
    /// Hands over the arenas of the interpreter that has ended on this thread, as <see cref="Arenas.TakeOf"/> returned them.
    /// </summary>
    /// <param name="owner">
    /// The owner of the interpreter's copies, whose destructors may read the arenas; null if it has none.
    /// </param>
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
    /// Gives back what no thread can use any more. Called with a GIL but without any lock, since destructors of the copies run.
    /// Returns true, once in the process, if copies have stayed and the process has so many mappings that the user should be
    /// warned.
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
        if (!stays || _hasWarned) return false;
        int mappings = 0;
        foreach (string _ in File.ReadLines("/proc/self/maps")) mappings++;
        return _hasWarned = mappings >= ManyMappings;
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

    // Returns whether all copies are unloaded.
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
        // The keys are deleted only now, because destructors of libraries use them. Values that those have set on this thread
        // leak.
        owner->DeleteKeys();
        if (areGone) CopyOwner.Recycle(owner);
        return areGone;
    }

    // Closes handles that the program has opened by name and not closed. The dynamic linker is not asked by the path from which
    // the copy was loaded, since that path may lead to any file by now. It fails if only other libraries keep the copy loaded.
    static bool CloseRest(PrivateCopy copy)
    {
        while (Linux.IsLoaded((void*)copy.Base, copy.ShownPath))
            if (Linux.CloseLibrary((void*)copy.Handle) != 0) return false;
        return true;
    }
}
