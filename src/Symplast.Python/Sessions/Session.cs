using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Interpreting;

namespace Symplast.Python.Sessions;

/// <summary>
/// An interpreter that serves requests of all interpreters of the process, one at a time, on a thread of its own: the state
/// behind <c>symplast.Interpreter</c>.
/// </summary>
/// <remarks>
/// <para>A request is a message. The caller sleeps, without its GIL, until the answer is there. Nothing is queued: a request to
/// an interpreter that runs another one is refused.</para>
/// <para>The interpreter is created, run and ended by a <see cref="WorkerInterpreter"/>. Its channel carries no tasks; closing or
/// interrupting the channel closes or interrupts the session.</para>
/// <para>Stages: Starting, then Idle and Running in turn, then Closing and Ended. From any stage a session may go to Ended. At
/// the end of the program a running session may go to GivenUp, which it never leaves. One lock guards all fields; it is never
/// held while Python code runs.</para>
/// </remarks>
internal sealed unsafe class Session : IResident
{
    enum Stage
    {
        Starting,
        Idle,
        Running,        // from the acceptance of a request until the caller has collected the answer
        Closing,
        GivenUp,
        Ended,
    }

    /// <summary>How a request or a close ended.</summary>
    internal enum Outcome
    {
        /// <summary>It was done.</summary>
        Done,

        /// <summary>The interpreter runs another request, or the caller is a thread of the interpreter to be closed.</summary>
        Busy,

        /// <summary>The interpreter is closed.</summary>
        Gone,

        /// <summary>The interpreter ended during the request; <see cref="Reason"/> says why.</summary>
        Lost,

        /// <summary>A Python exception is set.</summary>
        Raised,
    }

    // Nanoseconds. How long interrupted code may take to stop before its caller goes on without it.
    const long Grace = 500_000_000;
    const int CacheLine = 64;
    const long None = -1;

    readonly WordLock _gate = WordLock.Create();
    readonly Channel _channel;
    readonly int* _bell;        // changes whenever the resident must look again
    readonly int* _reply;       // changes whenever callers must look again; its address is their event in the parking lot
    Stage _stage;
    bool _closes;               // Closing takes the place of Idle
    int _references = 1;        // handles, in all interpreters
    long _number;               // of the current request, or of the last one
    long _abandoned = None;     // number of a request whose caller has gone
    long _interrupted = None;   // number of a request whose code was interrupted
    bool _taken;                // whether the resident has the request
    Message* _request;
    Message* _answer;
    void* _interpreter;
    nuint _thread;
    SpinHabit _takes;
    SpinHabit _waits;

    /// <summary>A session whose interpreter will be the only worker of a channel.</summary>
    internal Session(Channel channel)
    {
        _channel = channel;
        // Two words, a cache line apart.
        _bell = (int*)NativeMemory.AllocZeroed(2, CacheLine);
        _reply = _bell + CacheLine / sizeof(int);
    }

    ~Session()
    {
        NativeMemory.Free(_bell);
        _gate.Dispose();
    }

    /// <summary>The session's number in <see cref="SessionTable"/>.</summary>
    internal long Key { get; init; }

    /// <summary>The interpreter's number; -1 before <see cref="Open"/>.</summary>
    internal long Id { get; private set; } = None;

    /// <summary>Why the session ended.</summary>
    internal string Reason { get; private set; } = "";

    /// <summary>Whether it takes requests, or would when it is idle.</summary>
    internal bool IsOpen
    {
        get
        {
            using (_gate.Hold()) return IsOpenHere;
        }
    }

    /// <summary>Whether a request is being served.</summary>
    internal bool IsRunning
    {
        get
        {
            using (_gate.Hold()) return _stage is Stage.Running or Stage.GivenUp;
        }
    }

    bool IsOpenHere => !_closes && _stage is Stage.Idle or Stage.Running or Stage.GivenUp;

    /// <summary>Counts another handle. Returns false if the session is closed.</summary>
    internal bool TryHold()
    {
        using (_gate.Hold())
        {
            if (!IsOpenHere) return false;
            _references++;
            return true;
        }
    }

    /// <summary>Drops a handle. The last one closes the session.</summary>
    internal void Release()
    {
        _gate.Enter();
        bool last = --_references == 0;
        bool ended = _stage == Stage.Ended;
        _gate.Exit();
        if (!last) return;
        if (ended) SessionTable.Remove(this);
        else Close();
    }

    /// <inheritdoc/>
    public void Close()
    {
        _gate.Enter();
        _closes = true;
        if (_stage == Stage.Idle) _stage = Stage.Closing;
        (*_bell)++;
        _gate.Exit();
        Futex.Wake(_bell, 1);
    }

    /// <inheritdoc/>
    public void Interrupt() => TryInterrupt();

    /// <summary>As <see cref="Interrupt"/>; returns whether a request is being served.</summary>
    internal bool TryInterrupt()
    {
        using (_gate.Hold())
        {
            bool runs = _stage == Stage.Running && _answer == null;
            if (runs) InterruptHere(_number);
            return runs;
        }
    }

    // Called with the lock held: the session is running, so its interpreter cannot end meanwhile. A full queue of pending calls
    // drops the interrupt.
    void InterruptHere(long number)
    {
        if (_interrupted == number) return;
        _interrupted = number;
        Api.Table._PyEval_AddPendingCall(
            _interpreter, (delegate* unmanaged[Cdecl]<void*, int>)&RaiseKeyboardInterrupt, (void*)Key, 0);
        // The code may wait for an event of a live object.
        ParkingLot.Alert(Api.Table.PyInterpreterState_GetID(_interpreter));
    }

    // Any thread of the interpreter may run this pending call, so it does not raise in the calling thread.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int RaiseKeyboardInterrupt(void* key)
    {
        try
        {
            SessionTable.Find((long)key)?.RaiseInCode();
        }
        catch (Exception)
        {
            // Memory ran out. The code goes on.
        }
        return 0;
    }

    // Called with the interpreter's GIL, which Answer holds too: the code cannot end between the check and the call.
    void RaiseInCode()
    {
        _gate.Enter();
        bool isWanted = _taken && _interrupted == _number;
        _gate.Exit();
        if (isWanted) Api.Table.PyThreadState_SetAsyncExc(_thread, *Api.Table.PyExc_KeyboardInterrupt);
    }

    /// <summary>
    /// Sends a request and waits for its answer, which is then the caller's to free; takes ownership of the request. Called with
    /// the GIL of any interpreter, which is released while it waits.
    /// </summary>
    /// <remarks>
    /// If a signal handler, a pending call or an interrupt of the calling thread raises, the code of the request is interrupted,
    /// and abandoned if it does not stop soon.
    /// </remarks>
    internal Outcome Request(Message* request, InterpreterState caller, out Message* answer)
    {
        answer = null;
        _gate.Enter();
        Outcome refused = _stage switch
        {
            Stage.Idle => Outcome.Done,
            Stage.Running or Stage.GivenUp => Outcome.Busy,
            _ => Outcome.Gone,
        };
        if (refused != Outcome.Done)
        {
            _gate.Exit();
            Message.Free(request);
            return refused;
        }
        _stage = Stage.Running;
        _request = request;
        _taken = false;
        long number = ++_number;
        (*_bell)++;
        _gate.Exit();
        Futex.Wake(_bell, 1);
        return AwaitAnswer(number, caller, out answer);
    }

    Outcome AwaitAnswer(long number, InterpreterState caller, out Message* answer)
    {
        PyObject* raised = null;
        long end = long.MaxValue;
        SignalWatch watch = default;
        Outcome? outcome;
        for (bool spins = true; ; spins = false)
        {
            // An answer or an interrupt that comes after this unparks or alerts the waiter.
            Waiter waiter = Waiter.Of(caller.Id);
            ParkingLot.Add(&waiter, (nuint)_reply, null);
            if ((outcome = TryCollect(number, out answer, out int seen)) is null && raised == null && !Checkpoint.Pass(caller))
            {
                raised = Api.Table.PyErr_GetRaisedException();
                end = Stopwatch.GetTimestamp() + Grace;
                using (_gate.Hold()) InterruptHere(number);
            }
            if (outcome is null)
            {
                void* thread = Api.Table.PyEval_SaveThread();
                // A signal would not end a sleep that begins after it, so signals that came during the spinning are looked for.
                if (!spins || !TrySpin(_reply, seen, ref _waits))
                    ParkingLot.Sleep(&waiter, watch.Until(end, Stopwatch.GetTimestamp()));
                if ((outcome = TryCollect(number, out answer, out _)) is null && Stopwatch.GetTimestamp() >= end)
                {
                    Abandon(number, out answer);
                    outcome = Outcome.Raised;
                }
                // Before the GIL is awaited: CPython may end the thread there, and with it the stack on which the waiter lies.
                ParkingLot.Remove(&waiter);
                Api.Table.PyEval_RestoreThread(thread);
            }
            else ParkingLot.Remove(&waiter);
            if (outcome is not null) break;
        }
        if (raised == null) return outcome.Value;
        if (answer != null) Message.Free(answer);
        answer = null;
        Api.Table.PyErr_SetRaisedException(raised);
        return Outcome.Raised;
    }

    // Spins until a word has changed, or it is time to sleep. Returns false if spinning is not worth it.
    // Volatile, so that each turn reads anew. What has changed is read under the lock afterwards.
    static bool TrySpin(int* word, int seen, ref SpinHabit habit)
    {
        if (!habit.IsWorthIt()) return false;
        Spin look = Spin.Begin();
        while (Volatile.Read(ref *word) == seen && look.TryPause()) { }
        habit.Note(Volatile.Read(ref *word) != seen && look.IsInTime);
        return true;
    }

    // Returns null if there is no answer yet; the word of replies then had the value seen.
    Outcome? TryCollect(long number, out Message* answer, out int seen)
    {
        answer = null;
        using (_gate.Hold())
        {
            seen = *_reply;
            if (_stage == Stage.Ended) return Outcome.Lost;
            if (_number != number || _answer == null) return null;
            answer = _answer;
            _answer = null;
            Rest();
            return Outcome.Done;
        }
    }

    void Abandon(long number, out Message* answer)
    {
        if (TryCollect(number, out answer, out _) is not null) return;
        using (_gate.Hold())
        {
            // The answer may have come between the two locks.
            if (_answer == null)
            {
                _abandoned = number;
                return;
            }
            answer = _answer;
            _answer = null;
            Rest();
        }
    }

    // Called with the lock held, when a request has been served.
    void Rest()
    {
        _stage = _closes ? Stage.Closing : Stage.Idle;
        if (!_closes) return;
        (*_bell)++;
        Futex.Wake(_bell, 1);
    }

    /// <summary>
    /// Closes the session if it is idle and waits until its interpreter has ended. Called with the GIL of any interpreter, which
    /// is released while it waits. An exception of a signal handler, a pending call or an interrupt ends the waiting.
    /// </summary>
    internal Outcome CloseAndWait(InterpreterState caller)
    {
        if (Interpreters.CurrentId() == Id) return Outcome.Busy;
        _gate.Enter();
        bool busy = _stage is Stage.Running or Stage.GivenUp;
        bool idle = _stage == Stage.Idle;
        if (idle) _stage = Stage.Closing;
        if (idle) (*_bell)++;
        _gate.Exit();
        if (!idle) return busy ? Outcome.Busy : Outcome.Gone;
        Futex.Wake(_bell, 1);
        return AwaitStage(Stage.Ended, caller) ? Outcome.Done : Outcome.Raised;
    }

    /// <summary>
    /// Waits until the interpreter serves requests or has failed to start. Returns false if an exception was raised meanwhile.
    /// </summary>
    internal bool AwaitOpen(InterpreterState caller) => AwaitStage(Stage.Idle, caller);

    /// <summary>
    /// Waits until the interpreter has ended or is given up. Returns false if an exception was raised meanwhile.
    /// </summary>
    internal bool AwaitEnd(InterpreterState caller) => AwaitStage(Stage.GivenUp, caller);

    /// <summary>Whether the session has ended.</summary>
    internal bool HasEnded
    {
        get
        {
            using (_gate.Hold()) return _stage == Stage.Ended;
        }
    }

    bool AwaitStage(Stage stage, InterpreterState caller)
    {
        SignalWatch watch = default;
        while (true)
        {
            // A change or an interrupt that comes after this unparks or alerts the waiter.
            Waiter waiter = Waiter.Of(caller.Id);
            ParkingLot.Add(&waiter, (nuint)_reply, null);
            bool isReached = HasReached(stage);
            if (isReached || !Checkpoint.Pass(caller))
            {
                ParkingLot.Remove(&waiter);
                return isReached;
            }
            void* thread = Api.Table.PyEval_SaveThread();
            ParkingLot.Sleep(&waiter, watch.Until(long.MaxValue, Stopwatch.GetTimestamp()));
            ParkingLot.Remove(&waiter);
            Api.Table.PyEval_RestoreThread(thread);
        }
    }

    bool HasReached(Stage stage)
    {
        using (_gate.Hold()) return _stage >= stage;
    }

    // Called after the word of replies was changed under the lock.
    void WakeCallers() => ParkingLot.Unpark((nuint)_reply, int.MaxValue);

    /// <summary>Called in the interpreter, on its thread, when it is ready for requests.</summary>
    internal void Open()
    {
        _interpreter = Api.Table.PyInterpreterState_Get();
        _thread = Api.Table.PyThread_get_thread_ident();
        Id = Interpreters.CurrentId();
        SessionTable.Publish(this);
        _gate.Enter();
        _stage = _closes ? Stage.Closing : Stage.Idle;
        (*_reply)++;
        _gate.Exit();
        WakeCallers();
    }

    /// <summary>
    /// Waits for a request, which the session keeps until it is answered. Returns null when the session is closed. Called in the
    /// interpreter, on its thread; its GIL is released while it waits.
    /// </summary>
    internal Message* Take()
    {
        void* thread = Api.Table.PyEval_SaveThread();
        Message* request;
        for (bool spins = true; !TryTake(out request, out int seen); spins = false)
        {
            if (!spins || !TrySpin(_bell, seen, ref _takes)) Futex.Wait(_bell, seen);
        }
        Api.Table.PyEval_RestoreThread(thread);
        return request;
    }

    bool TryTake(out Message* request, out int seen)
    {
        request = null;
        using (_gate.Hold())
        {
            seen = *_bell;
            if (_stage is Stage.Closing or Stage.Ended) return true;
            if (_stage != Stage.Running || _taken || _request == null) return false;
            _taken = true;
            request = _request;
            return true;
        }
    }

    /// <summary>
    /// Answers the request that was taken last and takes ownership of the answer. Returns false if there is no such request.
    /// Called in the interpreter, on its thread.
    /// </summary>
    internal bool TryAnswer(Message* answer)
    {
        ParkIfGivenUp();
        _gate.Enter();
        Message* request = _taken ? _request : null;
        if (request == null)
        {
            _gate.Exit();
            return false;
        }
        _request = null;
        _taken = false;
        bool wasInterrupted = _interrupted == _number;
        bool isWanted = _abandoned != _number;
        if (isWanted) _answer = answer;
        else Rest();
        (*_reply)++;
        _gate.Exit();
        WakeCallers();
        // An interrupt that comes too late would hit the next request. No further one can come: this thread has the GIL.
        if (wasInterrupted) Api.Table.PyThreadState_SetAsyncExc(_thread, null);
        if (!isWanted) Message.Free(answer);
        Message.Free(request);
        return true;
    }

    /// <summary>Called in the interpreter, on its thread, when it serves no more requests.</summary>
    internal void Leave()
    {
        ParkIfGivenUp();
        _gate.Enter();
        _closes = true;
        if (_stage is Stage.Starting or Stage.Idle) _stage = Stage.Closing;
        _gate.Exit();
    }

    // The end of the program has taken the interpreter out of CPython's list, so it must not end any more.
    void ParkIfGivenUp()
    {
        using (_gate.Hold())
        {
            if (_stage != Stage.GivenUp) return;
        }
        Api.Table.PyEval_SaveThread();
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>
    /// At the end of the program: gives the interpreter up if it still serves a request. Returns whether it did. Its thread stops
    /// when the request's code ends.
    /// </summary>
    internal bool TryGiveUp()
    {
        _gate.Enter();
        bool runs = _stage == Stage.Running && _answer == null;
        if (runs) _stage = Stage.GivenUp;
        if (runs) (*_reply)++;
        _gate.Exit();
        if (!runs) return false;
        ProgramEnd.Abandon(_interpreter);
        ProgramEnd.Leave(_channel);
        WakeCallers();
        return true;
    }

    /// <summary>Called when the interpreter has ended, or could not be started. Wakes all that wait.</summary>
    internal void End(string reason)
    {
        SessionTable.Withdraw(this);
        _gate.Enter();
        _stage = Stage.Ended;
        Reason = reason;
        bool isUnheld = _references == 0;
        Message* request = _request, answer = _answer;
        _request = _answer = null;
        (*_reply)++;
        _gate.Exit();
        WakeCallers();
        if (isUnheld) SessionTable.Remove(this);
        if (request != null) Message.Free(request);
        if (answer != null) Message.Free(answer);
    }
}
