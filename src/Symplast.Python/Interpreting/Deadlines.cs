using System.Diagnostics;
using System.Runtime.InteropServices;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// The thread that interrupts tasks at their time limits, and killed workers again and again. It starts when it is first needed,
/// needs no GIL, and sleeps until the next deadline.
/// </summary>
/// <remarks>A lock guards the list and the deadlines of the workers. It is never held while Python code runs.</remarks>
internal static unsafe class Deadlines
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly List<Interrupts> Watched = [];
    static readonly int* Word = (int*)NativeMemory.AllocZeroed(sizeof(int));
    static long _next = long.MaxValue;      // until when the thread sleeps
    static bool _isStarted;

    /// <summary>Interrupts the worker's task of this number at a time, unless it has ended by then.</summary>
    /// <exception cref="OutOfMemoryException">No memory, or no thread. The task has no limit then.</exception>
    internal static void Set(Interrupts worker, long task, long at)
    {
        using (Gate.Hold())
        {
            Watch(worker);
            worker.SetDeadline(task, at);
            WakeFor(at);
        }
    }

    /// <summary>The worker's task has ended.</summary>
    internal static void Clear(Interrupts worker)
    {
        using (Gate.Hold()) worker.SetDeadline(-1, long.MaxValue);
    }

    /// <summary>Raises again in a killed worker, at a time and then repeatedly.</summary>
    internal static void Kill(Interrupts worker, long at)
    {
        using (Gate.Hold())
        {
            Watch(worker);
            worker.SetNextKill(at);
            WakeFor(at);
        }
    }

    /// <summary>Looks soon whether the worker has seen a request.</summary>
    internal static void Remind(Interrupts worker)
    {
        using (Gate.Hold())
        {
            Watch(worker);
            WakeFor(worker.SetReminder(Stopwatch.GetTimestamp()));
        }
    }

    /// <summary>The worker ends. The thread does not touch it after this.</summary>
    internal static void Forget(Interrupts worker)
    {
        using (Gate.Hold())
        {
            if (worker.IsWatched) Watched.Remove(worker);
        }
    }

    static void Watch(Interrupts worker)
    {
        if (worker.TryWatch()) Watched.Add(worker);
        if (_isStarted) return;
        new Thread(Run, maxStackSize: 256 << 10) { IsBackground = true }.Start();
        _isStarted = true;
    }

    static void WakeFor(long at)
    {
        if (at >= _next) return;
        _next = at;
        Interlocked.Increment(ref *Word);
        Futex.Wake(Word, 1);
    }

    static void Run()
    {
        while (true)
        {
            long now = Stopwatch.GetTimestamp(), next = long.MaxValue;
            Gate.Enter();
            foreach (Interrupts worker in Watched) next = Math.Min(next, worker.Look(now));
            _next = next;
            // WakeFor changes the word under the lock before the wake-up, so Wait returns at once if a nearer deadline has come.
            int seen = Volatile.Read(ref *Word);
            Gate.Exit();
            Futex.Wait(Word, seen, next == long.MaxValue ? -1 : Math.Max(0, next - Stopwatch.GetTimestamp()));
        }
    }
}
