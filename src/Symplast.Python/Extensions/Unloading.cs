using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>Unloads the private copies of interpreters that have ended.</summary>
/// <remarks>
/// The destructors of a thread's variables run at the very end of the thread, after the interpreter's. So the copies stay until the thread that ended the interpreter has ended too; this is
/// looked up when the next interpreter is made or ends. What a number of a thread tells is on the safe side: if another thread has it by then, the copies stay for longer.
/// </remarks>
internal static unsafe class Unloading
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly List<(int Thread, nint[] Handles)> Waiting = [];

    /// <summary>Hands over the copies of the interpreter that ends on this thread.</summary>
    internal static void Add(nint[] handles)
    {
        if (handles.Length == 0) return;
        using (Gate.Hold()) Waiting.Add((Linux.CurrentThread(), handles));
    }

    /// <summary>Unloads what can be. Called with a GIL held, but no lock: destructors of the copies run.</summary>
    internal static void Run()
    {
        while (TryTake(out nint[] handles))
        {
            HashSet<nint> bases = [];
            foreach (nint handle in handles) bases.Add((nint)Linux.BaseOf((void*)handle));
            ArgumentParsers.Forget(bases);
            for (int i = handles.Length - 1; i >= 0; i--) Linux.CloseLibrary((void*)handles[i]);
        }
    }

    static bool TryTake(out nint[] handles)
    {
        handles = [];
        using (Gate.Hold())
        {
            for (int i = 0; i < Waiting.Count; i++)
            {
                if (Directory.Exists($"/proc/self/task/{Waiting[i].Thread}")) continue;
                handles = Waiting[i].Handles;
                Waiting.RemoveAt(i);
                return true;
            }
        }
        return false;
    }
}
