using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>Gives back what interpreters that have ended leave behind: their private copies, and their arenas, which data and destructors of the copies may point into.</summary>
/// <remarks>
/// The destructors of a thread's variables run at the very end of the thread, after the interpreter's. So all stays until the thread that ended the interpreter has ended too; this is
/// looked up when the next interpreter is made. What a number of a thread tells is on the safe side: if another thread has it by then, it stays for longer.
/// </remarks>
internal static unsafe class Unloading
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly List<(int Thread, Action Release)> Waiting = [];

    /// <summary>Hands over the copies of the interpreter that ends on this thread.</summary>
    internal static void Add(CopyOwner* owner, PrivateCopy[] copies) => AddForThisThread(() => Unload(owner, copies));

    /// <summary>Hands over the arenas of the interpreter that has ended on this thread, after its copies.</summary>
    /// <param name="arenas">What <see cref="Arenas.TakeOf"/> has returned.</param>
    /// <param name="withCopies">Whether copies stay loaded, which might still look into them.</param>
    internal static void Add(void* arenas, bool withCopies)
    {
        if (arenas != null) AddForThisThread(() => Arenas.Release(arenas, withAddresses: !withCopies));
    }

    static void AddForThisThread(Action release)
    {
        using (Gate.Hold()) Waiting.Add((Linux.CurrentThread(), release));
    }

    /// <summary>Gives back what can be. Called with no lock held and with or without a GIL: destructors of the copies run.</summary>
    internal static void Run()
    {
        bool any = false;
        while (TryTake() is Action release)
        {
            release();
            any = true;
        }
        if (any) Linux.TrimMemory(0);
    }

    static Action? TryTake()
    {
        using (Gate.Hold())
        {
            for (int i = 0; i < Waiting.Count; i++)
            {
                if (Directory.Exists($"/proc/self/task/{Waiting[i].Thread}")) continue;
                Action release = Waiting[i].Release;
                Waiting.RemoveAt(i);
                return release;
            }
        }
        return null;
    }

    static void Unload(CopyOwner* owner, PrivateCopy[] copies)
    {
        owner->DeleteKeys();
        for (int i = copies.Length - 1; i >= 0; i--) Linux.CloseLibrary((void*)copies[i].Handle);
        bool isGone = true;
        foreach (PrivateCopy copy in copies) isGone &= CloseRest(copy.Path);
        if (isGone) CopyOwner.Recycle(owner);
    }

    // What programs have opened by name and not closed. A library that survives a close of its last handle, because another one needs it or it must not be unloaded, survives the next, too, which
    // then fails.
    static bool CloseRest(string path)
    {
        while (true)
        {
            for (int i = 0; i < 2; i++)
            {
                void* handle = Linux.OpenLibrary(path, Linux.BindNow | Linux.NoLoad);
                if (handle == null) return true;
                Linux.CloseLibrary(handle);
                if (i == 1 && Linux.CloseLibrary(handle) != 0) return false;
            }
        }
    }
}
