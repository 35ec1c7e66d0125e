using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// The meeting place of an owner interpreter and its workers: tasks go one way in order, answers the other. Nobody polls: workers sleep
/// on a futex until there is a task, and answers are delivered by the worker that has one.
/// </summary>
/// <remarks>
/// <para>Tasks are numbered in the order they were put; the queue is a ring of messages in which a task's place follows from its number, so
/// that one can be cancelled without a search. All state is guarded by one lock that is never held across Python code.</para>
/// <para>Delivery needs the owner's GIL. If a thread of the owner waits for an answer (<see cref="Receive"/>), it delivers. Else a worker with an
/// answer becomes the deliverer if there is none, takes the owner's GIL, and delivers until no answer is left; meanwhile other workers only leave
/// theirs and go on. (Flat combining: Hendler, Incze, Shavit, Tzafrir, SPAA 2010.)</para>
/// <para>Before they sleep, one idle worker and the receiver look for some microseconds: waking a sleeping thread takes longer than a small task.</para>
/// </remarks>
internal sealed unsafe class Channel
{
    const int SmallestRing = 64;
    const int SpinMicroseconds = 30;
    const int CacheLine = 64;

    static readonly bool Spins = Environment.ProcessorCount > 1;

    readonly WordLock _gate = WordLock.Create();
    readonly PyObject* _deliver;
    Message*[] _ring = new Message*[SmallestRing];
    long _first;                // number of the oldest task that may still be queued
    long _next;                 // number of the next task
    int _queued;                // tasks in the ring that were not cancelled
    int _sleeping;
    bool _closed;
    Message* _firstAnswer;
    Message* _lastAnswer;
    int _answers;
    int _deliverer;             // managed id of the thread that delivers or has promised to, 0: none
    bool _receiverSleeps;
    bool _spinning;             // one idle worker looks before it sleeps
    int* _signal;               // changes whenever sleeping workers must look again
    int* _answerSignal;         // changes whenever a sleeping receiver must look again
    readonly List<WorkerInterpreter> _workers = [];

    /// <summary>A channel of the calling interpreter. <paramref name="deliver"/>(subject, kind, data) is called for each answer, under its GIL.</summary>
    internal Channel(PyObject* deliver)
    {
        _deliver = deliver;
        // Two words, a cache line apart.
        _signal = (int*)NativeMemory.AllocZeroed(2, CacheLine);
        _answerSignal = _signal + CacheLine / sizeof(int);
    }

    ~Channel()
    {
        NativeMemory.Free(_signal);
        _gate.Dispose();
    }

    /// <summary>The owner's function; its reference is dropped by the handle that made the channel.</summary>
    internal PyObject* Deliver => _deliver;

    /// <summary>True if some worker sleeps for want of a task.</summary>
    internal bool HasIdleWorker
    {
        get
        {
            _gate.Enter();
            bool idle = _sleeping + (_spinning ? 1 : 0) > _queued;
            _gate.Exit();
            return idle;
        }
    }

    /// <summary>Queues a task, taking over the message. Returns its number, or -1 if the channel is closed (the message stays the caller's).</summary>
    internal long Put(Message* task)
    {
        _gate.Enter();
        if (_closed)
        {
            _gate.Exit();
            return -1;
        }
        if (_next - _first == _ring.Length) GrowRing();
        long number = _next++;
        _ring[number % _ring.Length] = task;
        _queued++;
        // The one that spins sees the first task by itself.
        bool wake = _sleeping > 0 && _queued > (_spinning ? 1 : 0);
        if (wake) (*_signal)++;
        _gate.Exit();
        // Outside the lock, so that the woken worker does not run into it.
        if (wake) Futex.Wake(_signal, 1);
        return number;
    }

    /// <summary>Takes a task back. Returns the message, now the caller's, or null if a worker has it or it was cancelled before.</summary>
    internal Message* Cancel(long number)
    {
        _gate.Enter();
        Message* task = null;
        if (number >= _first && number < _next)
        {
            ref Message* place = ref _ring[number % _ring.Length];
            task = place;
            place = null;
            if (task != null) _queued--;
        }
        _gate.Exit();
        return task;
    }

    /// <summary>Whether a task is still waiting for a worker.</summary>
    internal bool IsQueued(long number)
    {
        _gate.Enter();
        bool queued = number >= _first && number < _next && _ring[number % _ring.Length] != null;
        _gate.Exit();
        return queued;
    }

    /// <summary>The oldest task, now the caller's, or null if there is none.</summary>
    internal Message* TryTake()
    {
        _gate.Enter();
        Message* task = Pop();
        _gate.Exit();
        return task;
    }

    /// <summary>
    /// The oldest task, now the caller's; sleeps until there is one. Null once the channel is closed and empty. No GIL may be held.
    /// </summary>
    internal Message* Take()
    {
        bool looked = !Spins;
        _gate.Enter();
        while (true)
        {
            Message* task = Pop();
            if (task != null || _closed)
            {
                _gate.Exit();
                return task;
            }
            if (!looked && !_spinning)
            {
                looked = _spinning = true;
                _gate.Exit();
                // A plain look without the lock; what it seems to see is checked under the lock.
                for (long end = SpinEnd(); Volatile.Read(ref _queued) == 0 && !Volatile.Read(ref _closed) && Stopwatch.GetTimestamp() < end;) Thread.SpinWait(8);
                _gate.Enter();
                _spinning = false;
                continue;
            }
            int seen = *_signal;
            _sleeping++;
            _gate.Exit();
            // Put changes the word under the lock before it wakes, so a task that came since is not slept through.
            Futex.Wait(_signal, seen);
            _gate.Enter();
            _sleeping--;
        }
    }

    /// <summary>No more tasks are taken in; workers finish what is queued, then their Take returns null. Idempotent.</summary>
    internal void Close()
    {
        _gate.Enter();
        _closed = true;
        (*_signal)++;
        _gate.Exit();
        Futex.Wake(_signal, int.MaxValue);
    }

    /// <summary>
    /// Leaves an answer, taking over the message. True if the caller is to deliver: it must then call <see cref="DeliverAll"/> with the owner's GIL.
    /// </summary>
    internal bool Answer(Message* answer)
    {
        answer->Next = null;
        _gate.Enter();
        if (_lastAnswer == null) _firstAnswer = answer;
        else _lastAnswer->Next = answer;
        _lastAnswer = answer;
        _answers++;
        bool mine = _deliverer == 0;
        if (mine) _deliverer = Environment.CurrentManagedThreadId;
        bool wake = _receiverSleeps;
        if (wake)
        {
            _receiverSleeps = false;
            (*_answerSignal)++;
        }
        _gate.Exit();
        if (wake) Futex.Wake(_answerSignal, 1);
        return mine;
    }

    /// <summary>Delivers answers until none is left, and stops being the deliverer. The owner's GIL must be held; the caller must be the deliverer.</summary>
    internal void DeliverAll()
    {
        while (true)
        {
            Message* answer = NextAnswer(last: true);
            if (answer == null) return;
            DeliverOne(answer);
        }
    }

    /// <summary>
    /// Waits for answers in a thread of the owner and delivers them: 1 when it has delivered some, 0 if another thread delivers already or the time
    /// (nanoseconds; negative: no limit) is up, -1 with an exception set if a signal handler raised. Called with the owner's GIL, which is free while it waits.
    /// </summary>
    /// <remarks>A done-callback that waits for another answer calls this from inside a delivery by the same thread; it then goes on delivering.</remarks>
    internal int Receive(long nanoseconds)
    {
        int me = Environment.CurrentManagedThreadId;
        _gate.Enter();
        bool nested = _deliverer == me;
        bool mine = nested || _deliverer == 0;
        if (mine) _deliverer = me;
        _gate.Exit();
        if (!mine) return 0;

        long end = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + nanoseconds;
        while (true)
        {
            Message* answer = NextAnswer(last: false);
            if (answer == null)
            {
                long left = end == long.MaxValue ? -1 : end - Stopwatch.GetTimestamp();
                if (left < 0 && end != long.MaxValue) return Leave(nested, 0);
                AwaitAnswer(left);
                if (Api.Table.PyErr_CheckSignals() != 0) return Leave(nested, -1);
                continue;
            }
            DeliverOne(answer);
            return Leave(nested, 1);
        }
    }

    // What came meanwhile is delivered first: the workers rely on it. An exception that is on its way survives that.
    int Leave(bool nested, int outcome)
    {
        if (nested) return outcome;
        PyObject* raised = outcome < 0 ? Api.Table.PyErr_GetRaisedException() : null;
        DeliverAll();
        if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
        return outcome;
    }

    // Without the GIL: looks for a moment, then sleeps until there is an answer, the time is up, or a signal comes.
    void AwaitAnswer(long nanoseconds)
    {
        void* thread = Api.Table.PyEval_SaveThread();
        if (Spins)
        {
            for (long end = SpinEnd(); Volatile.Read(ref _answers) == 0 && Stopwatch.GetTimestamp() < end;) Thread.SpinWait(8);
        }
        _gate.Enter();
        bool empty = _firstAnswer == null;
        int seen = *_answerSignal;
        _receiverSleeps = empty;
        _gate.Exit();
        if (empty)
        {
            // Answer changes the word under the lock before it wakes, so an answer that came since is not slept through.
            Futex.Wait(_answerSignal, seen, nanoseconds);
            _gate.Enter();
            _receiverSleeps = false;
            _gate.Exit();
        }
        Api.Table.PyEval_RestoreThread(thread);
    }

    // The oldest answer, now the caller's; with none left, a caller that asks for its last one stops being the deliverer.
    Message* NextAnswer(bool last)
    {
        _gate.Enter();
        Message* answer = _firstAnswer;
        if (answer != null)
        {
            _firstAnswer = answer->Next;
            if (_firstAnswer == null) _lastAnswer = null;
            _answers--;
        }
        else if (last)
        {
            _deliverer = 0;
        }
        _gate.Exit();
        return answer;
    }

    static long SpinEnd() => Stopwatch.GetTimestamp() + SpinMicroseconds * (Stopwatch.Frequency / 1_000_000);

    void DeliverOne(Message* answer)
    {
        ref Api api = ref Api.Table;
        PyObject* subject = answer->Subject;
        PyObject* arguments = api.PyTuple_New(3);
        if (arguments != null)
        {
            api.PyTuple_SetItem(arguments, 0, subject);
            PyObject* kind = api.PyLong_FromLongLong(answer->Kind);
            PyObject* data = api.PyBytes_FromStringAndSize(Message.Data(answer), answer->Length);
            api.PyTuple_SetItem(arguments, 1, kind);
            api.PyTuple_SetItem(arguments, 2, data);
            PyObject* result = kind == null || data == null ? null : api.PyObject_CallObject(_deliver, arguments);
            References.Drop(result);
            References.Drop(arguments);
        }
        Message.Free(answer);
        // What a callback of the user raises is logged by concurrent.futures; anything else is a defect that must not vanish.
        if (api.PyErr_Occurred() != null) api.PyErr_WriteUnraisable(_deliver);
    }

    /// <summary>Registers a worker, so that <see cref="Interrupt"/> reaches it.</summary>
    internal void Join(WorkerInterpreter worker)
    {
        lock (_workers) _workers.Add(worker);
    }

    /// <summary>Unregisters a worker that is about to end.</summary>
    internal void Leave(WorkerInterpreter worker)
    {
        lock (_workers) _workers.Remove(worker);
    }

    /// <summary>Makes every worker that is at a task raise KeyboardInterrupt at its next bytecode boundary. Needs no GIL of theirs, waits for nothing.</summary>
    internal void Interrupt()
    {
        // A worker leaves under the same lock before its interpreter ends, so none goes away here.
        lock (_workers)
        {
            foreach (WorkerInterpreter worker in _workers) worker.Interrupt();
        }
    }

    Message* Pop()
    {
        while (_first < _next)
        {
            ref Message* place = ref _ring[_first++ % _ring.Length];
            Message* task = place;
            place = null;
            if (task == null) continue;
            _queued--;
            return task;
        }
        return null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void GrowRing()
    {
        Message*[] larger = new Message*[_ring.Length * 2];
        for (long number = _first; number < _next; number++) larger[number % larger.Length] = _ring[number % _ring.Length];
        _ring = larger;
    }
}
