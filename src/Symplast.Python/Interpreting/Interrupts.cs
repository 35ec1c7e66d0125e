using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Interpreting;

/// <summary>
/// The exceptions that other threads want raised in a worker's thread: KeyboardInterrupt when all workers are to stop, and
/// TaskInterrupted when one task is. They are raised between two bytecodes, in <c>time.sleep()</c>, and in waits for nested
/// executors.
/// </summary>
/// <remarks>
/// <para>A request is a pending call of the interpreter, which needs no GIL. It names a task by its number. The number of the
/// running task changes with the worker's GIL only, and the pending call runs with it. So a request that comes too late finds
/// another number, and raises nothing.</para>
/// <para>If another thread of the interpreter runs the pending call, the exception becomes the worker thread's asynchronous one.
/// The end of the task removes an asynchronous exception that was not raised yet.</para>
/// </remarks>
internal sealed unsafe class Interrupts
{
    const long None = -1;

    // Nanoseconds between two exceptions in a worker that is killed, at first and at most.
    const long Insistence = 50_000_000, LeastInsistence = 1_000_000_000;

    // Nanoseconds until the first reminder, and the number of reminders; each comes after twice the time of the one before.
    const long FirstReminder = 10_000_000;
    const int MostReminders = 10;

    readonly nuint _thread;
    readonly int* _word = (int*)NativeMemory.AllocZeroed(sizeof(int));     // changes with each request; sleep() waits on it
    readonly nint _handle;      // the argument of the pending call
    void* _interpreter;
    long _number;
    PyObject* _type;            // this interpreter's TaskInterrupted; null before the first task
    bool _busy = true;          // whether the worker runs the user's code; false while it waits for a task
    long _task = None;          // the number of the task that the worker has and can be interrupted in
    long _wanted = None;        // the number of the task that is to be interrupted
    int _stop;                  // KeyboardInterrupt: 1 when it is wanted, 2 when it was raised
    bool _isKilled;
    bool _isOver;
    int _isPending;
    bool _isAsynchronous;       // whether an asynchronous exception was set and perhaps not yet raised
    Answers? _awaited;          // answers that the worker's thread waits for, as the owner of workers of its own

    // Guarded by the lock of Deadlines.
    long _deadline = long.MaxValue;
    long _deadlineTask = None;
    long _nextKill = long.MaxValue;
    long _insistence = Insistence;
    long _reminder = long.MaxValue;
    int _reminders;
    bool _isWatched;

    /// <summary>Interrupts of the worker that runs on the calling thread.</summary>
    internal Interrupts()
    {
        _thread = Api.Table.PyThread_get_thread_ident();
        _handle = GCHandle.ToIntPtr(GCHandle.Alloc(this));
    }

    /// <summary>Sets the interpreter before the first request can come.</summary>
    internal void Attach(void* interpreter)
    {
        _interpreter = interpreter;
        _number = Api.Table.PyInterpreterState_GetID(interpreter);
    }

    /// <summary>Sets the interpreter's own type of the exception for single tasks. Called with the worker's GIL.</summary>
    internal void Use(PyObject* type) => _type = type;

    /// <summary>Whether the worker's code knows the type of the exception.</summary>
    internal bool HasType => _type != null;

    /// <summary>
    /// The worker gets a task, which can be interrupted from here on. Called under the channel's lock, so that a task that has
    /// left the queue is found here.
    /// </summary>
    internal void Assign(long task) => Volatile.Write(ref _task, task);

    /// <summary>The worker has taken the task. Called with the worker's GIL.</summary>
    /// <param name="limit">The nanoseconds after which the task is interrupted; 0 for no limit.</param>
    internal void Begin(long limit)
    {
        // Full fence; pairs with the full fence in Channel.Interrupt. Either this thread sees that all workers are interrupted,
        // or that one sees that this worker is busy.
        Interlocked.Exchange(ref _busy, true);
        if (limit != 0) Deadlines.Set(this, _task, Stopwatch.GetTimestamp() + limit);
    }

    /// <summary>
    /// The task cannot be interrupted any more. An exception that was not raised yet is removed. Called with the worker's GIL.
    /// </summary>
    internal void Shield()
    {
        Volatile.Write(ref _task, None);
        if (_deadline != long.MaxValue) Deadlines.Clear(this);
        if (!_isAsynchronous) return;
        _isAsynchronous = false;
        Api.Table.PyThreadState_SetAsyncExc(_thread, null);
    }

    /// <summary>The worker waits for a task and is not to be interrupted.</summary>
    // Release; pairs with the acquire in Stop.
    internal void Rest() => Volatile.Write(ref _busy, false);

    /// <summary>
    /// Makes the worker's thread raise KeyboardInterrupt, once in the worker's life: a second one would hit the code that cleans
    /// up after the first. Called under the channel's lock on its workers, or by the worker.
    /// </summary>
    internal void Stop()
    {
        // Acquire; pairs with Rest and Begin.
        if (!Volatile.Read(ref _busy)) return;
        // Full fence; only one of two concurrent callers goes on.
        if (Interlocked.CompareExchange(ref _stop, 1, 0) != 0) return;
        Request();
        Deadlines.Remind(this);
    }

    /// <summary>
    /// Makes the worker's thread raise TaskInterrupted in the task of this number. Returns false if the worker does not run it.
    /// Called while the worker cannot end.
    /// </summary>
    internal bool TryInterrupt(long task)
    {
        // Acquire; pairs with Assign.
        if (Volatile.Read(ref _task) != task) return false;
        // Release; pairs with the exchange in RaiseWanted.
        Volatile.Write(ref _wanted, task);
        if (!Request()) return false;
        Deadlines.Remind(this);
        return true;
    }

    /// <summary>
    /// Makes the worker's thread raise TaskInterrupted again and again, whatever it runs, until it ends. Called while the worker
    /// cannot end.
    /// </summary>
    internal void Kill()
    {
        Volatile.Write(ref _isKilled, true);
        Request();
        Deadlines.Remind(this);
        Deadlines.Kill(this, Stopwatch.GetTimestamp() + Insistence);
    }

    // Returns false if the interpreter takes no more pending calls.
    bool Request()
    {
        // Full fence; pairs with the full fence in Run. The request is stored before the flag is read, so that a pending call
        // that is not yet run sees it.
        if (Interlocked.Exchange(ref _isPending, 1) == 0 && !Signal())
        {
            Volatile.Write(ref _isPending, 0);
            return false;
        }
        Alert();
        // The increment in Alert is a full fence; pairs with that in TryAwait. Either this thread sees the answers, or that one
        // sees the request.
        Volatile.Read(ref _awaited)?.Nudge();
        return true;
    }

    bool Signal() =>
        Api.Table._PyEval_AddPendingCall(_interpreter, (delegate* unmanaged[Cdecl]<void*, int>)&Run, (void*)_handle, 0) == 0;

    // Wakes the interpreter's threads that sleep or wait for an event of a live object, which then pass a checkpoint. Full fence.
    void Alert()
    {
        Interlocked.Increment(ref *_word);
        Futex.Wake(_word, int.MaxValue);
        ParkingLot.Alert(_number);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Run(void* handle)
    {
        Interrupts interrupts = Unsafe.As<Interrupts>(GCHandle.FromIntPtr((nint)handle).Target!);
        // Full fence; pairs with Request. A later request adds another pending call.
        Interlocked.Exchange(ref interrupts._isPending, 0);
        return interrupts.RaiseWanted() ? -1 : 0;
    }

    // Raises what is wanted, in the calling thread if it is the worker's: returns true with the exception set. Otherwise sets the
    // worker's asynchronous exception. Called with the worker's GIL.
    bool RaiseWanted()
    {
        ref Api api = ref Api.Table;
        // Full fence; a request that is stored later comes with another pending call.
        long wanted = Interlocked.Exchange(ref _wanted, None);
        PyObject* type = null;
        if (Interlocked.CompareExchange(ref _stop, 2, 1) == 1) type = *api.PyExc_KeyboardInterrupt;
        else if (Volatile.Read(ref _isKilled)) type = _type != null ? _type : *api.PyExc_KeyboardInterrupt;
        else if (wanted != None && wanted == _task) type = _type != null ? _type : *api.PyExc_KeyboardInterrupt;
        if (type == null || _isOver) return false;
        if (api.PyThread_get_thread_ident() == _thread)
        {
            api.PyErr_SetNone(type);
            return true;
        }
        _isAsynchronous = true;
        api.PyThreadState_SetAsyncExc(_thread, type);
        Alert();
        return false;
    }

    /// <summary>
    /// Sleeps in the worker's interpreter, whose GIL is released meanwhile. Returns false with an exception set if an interrupt
    /// was raised.
    /// </summary>
    internal bool Sleep(long nanoseconds)
    {
        ref Api api = ref Api.Table;
        long end = Stopwatch.GetTimestamp() + nanoseconds;
        while (true)
        {
            // Acquire; read before what is wanted, so that Wait returns at once if a request has come since.
            int seen = Volatile.Read(ref *_word);
            if (RaiseWanted()) return false;
            long left = end - Stopwatch.GetTimestamp();
            if (left <= 0 || _isAsynchronous) return true;
            void* thread = api.PyEval_SaveThread();
            Futex.Wait(_word, seen, left);
            api.PyEval_RestoreThread(thread);
        }
    }

    /// <summary>Whether the calling thread, which is the worker's, runs code of the worker's interpreter.</summary>
    internal bool IsInInterpreter => Api.Table.PyInterpreterState_Get() == _interpreter;

    /// <summary>
    /// The worker's thread is going to wait for answers; a request nudges them. Returns false if there is a request already.
    /// </summary>
    internal bool TryAwait(Answers answers)
    {
        Volatile.Write(ref _awaited, answers);
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _isPending) == 0 && !_isAsynchronous;
    }

    /// <summary>The worker's thread does not wait any more.</summary>
    internal void EndAwait() => Volatile.Write(ref _awaited, null);

    /// <summary>
    /// What was or will be requested is not raised any more, since the interpreter ends.
    /// </summary>
    internal void Forget()
    {
        Deadlines.Forget(this);
        _isOver = true;
        if (_isAsynchronous) Api.Table.PyThreadState_SetAsyncExc(_thread, null);
    }

    /// <summary>Frees the memory. Called when the interpreter has ended: a pending call may run until then.</summary>
    internal void Free()
    {
        GCHandle.FromIntPtr(_handle).Free();
        NativeMemory.Free(_word);
    }

    /// <summary>Whether <see cref="Kill"/> was called.</summary>
    internal bool IsKilled => Volatile.Read(ref _isKilled);

    /// <summary>What <see cref="Deadlines"/> calls with its lock held.</summary>
    internal bool TryWatch() => !_isWatched && (_isWatched = true);

    /// <summary>Whether the worker is watched. Called with the lock held.</summary>
    internal bool IsWatched => _isWatched;

    /// <summary>Sets a task's deadline. Called with the lock held.</summary>
    internal void SetDeadline(long task, long at) => (_deadlineTask, _deadline) = (task, at);

    /// <summary>Sets when to raise again in a killed worker. Called with the lock held.</summary>
    internal void SetNextKill(long at) => _nextKill = at;

    /// <summary>
    /// Asks again for a request that is not run soon, and returns when. Called with the lock held. CPython 3.12 can lose the sign
    /// that there are pending calls: it computes the sign anew from several words, and two threads may do that at once.
    /// </summary>
    internal long SetReminder(long now)
    {
        _reminders = 0;
        return _reminder = now + FirstReminder;
    }

    /// <summary>
    /// Requests what is due, and returns when to look again. Called with the lock held, so a deadline is that of its task.
    /// </summary>
    internal long Look(long now)
    {
        if (_deadline <= now)
        {
            // If there is no room for the pending call, the next look tries again.
            Volatile.Write(ref _wanted, _deadlineTask);
            bool done = Volatile.Read(ref _task) != _deadlineTask || Request();
            SetReminder(now);
            _deadline = done ? long.MaxValue : now + Insistence;
        }
        if (_nextKill <= now)
        {
            // A pending call that was not run says that the thread sits in C code, which nothing ends.
            if (Volatile.Read(ref _isPending) == 0) Request();
            else if (_insistence < LeastInsistence) _insistence = Math.Min(2 * _insistence, LeastInsistence);
            // Nobody may wait for ever for what it holds. Once more does no harm.
            else LockOwners.EndThoseOf(_number);
            _nextKill = now + _insistence;
        }
        if (_reminder <= now)
        {
            bool isOpen = Volatile.Read(ref _isPending) != 0 && _reminders < MostReminders;
            if (isOpen) Signal();
            _reminder = isOpen ? now + (FirstReminder << ++_reminders) : long.MaxValue;
        }
        return Math.Min(Math.Min(_deadline, _nextKill), _reminder);
    }
}
