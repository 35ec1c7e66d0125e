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

    // Kinds of answers besides Python's own, which are not negative.
    internal const long LostTask = -1;      // its worker ended before it was done, or it could not be taken in; the data are UTF-8 text
    internal const long Callbacks = -2;     // no answer: run the callbacks of the future, which has got its answer

    static readonly bool Spins = Environment.ProcessorCount > 1;

    readonly WordLock _gate = WordLock.Create();
    readonly PyObject* _deliver;
    Message** _ring;
    long _capacity;             // slots of the ring
    long _first;                // number of the oldest task that may still be queued
    long _next;                 // number of the next task
    int _queued;                // tasks in the ring that were not cancelled
    int _begun;                 // tasks that workers have taken and not answered
    int _sleeping;
    bool _closed;
    bool _interrupted;
    Message* _firstAnswer;
    Message* _lastAnswer;
    int _answers;
    int _nudges;
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
        _ring = NewRing(SmallestRing);
        _capacity = SmallestRing;
    }

    ~Channel()
    {
        NativeMemory.Free(_signal);
        NativeMemory.Free(_ring);
        _gate.Dispose();
    }

    /// <summary>The owner's function; its reference is dropped by the handle that made the channel.</summary>
    internal PyObject* Deliver => _deliver;

    /// <summary>Number of tasks that have no answer yet: as many workers are needed at most.</summary>
    internal int Unanswered
    {
        get
        {
            _gate.Enter();
            int unanswered = _queued + _begun;
            _gate.Exit();
            return unanswered;
        }
    }

    /// <summary>Queues a task, taking over the message. Returns its number, or -1 if the channel is closed (the message stays the caller's).</summary>
    /// <exception cref="OutOfMemoryException">No memory; nothing changed, and the message stays the caller's.</exception>
    internal long Put(Message* task)
    {
        _gate.Enter();
        if (_closed)
        {
            _gate.Exit();
            return -1;
        }
        if (_next - _first == _capacity) GrowRing();
        long number = _next++;
        _ring[number % _capacity] = task;
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
            ref Message* place = ref _ring[number % _capacity];
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
        bool queued = number >= _first && number < _next && _ring[number % _capacity] != null;
        _gate.Exit();
        return queued;
    }

    /// <summary>The oldest task, now the caller's, or null if there is none. For workers: it must be answered.</summary>
    internal Message* TryTake()
    {
        _gate.Enter();
        Message* task = Pop();
        if (task != null) _begun++;
        _gate.Exit();
        return task;
    }

    /// <summary>The oldest task, now the caller's, or null if there is none. For the owner: nobody will answer it.</summary>
    internal Message* TakeBack()
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
                if (task != null) _begun++;
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
        _begun--;
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

    /// <summary>
    /// Delivers answers until none is left, stops being the deliverer, and then runs their callbacks. The owner's GIL must be held; the caller
    /// must be the deliverer. Returns an exception that was raised meanwhile, a new reference, or null.
    /// </summary>
    /// <remarks>
    /// The callbacks come last because one may wait for another answer, which somebody must then be free to deliver. In the main thread the
    /// exception is that of a signal handler, such as KeyboardInterrupt; elsewhere it is a defect.
    /// </remarks>
    internal PyObject* DeliverAll()
    {
        PyObject* raised = null;
        Message* held = null;
        Message** end = &held;
        for (Message* answer; (answer = NextAnswer(last: true)) != null;)
        {
            if (DeliverOne(answer, ref raised))
            {
                *end = answer;
                end = &answer->Next;
                *end = null;
            }
            else
            {
                Drop(answer);
            }
        }
        while (held != null)
        {
            Message* next = held->Next;
            held->Kind = Callbacks;
            held->Length = 0;
            if (!TryCall(held, out _)) Keep(ref raised);
            Drop(held);
            held = next;
        }
        return raised;
    }

    /// <summary>
    /// Waits for answers in a thread of the owner and delivers them. False if another thread delivers already; true with an exception set if a
    /// signal handler raised one; else true once there were answers, <see cref="Nudge"/> was called since <paramref name="seen"/> was read from
    /// <see cref="Nudges"/>, or the time (nanoseconds; negative: no limit) was up. Called with the owner's GIL, which is free while it waits.
    /// </summary>
    internal bool Receive(int seen, long nanoseconds)
    {
        int me = Environment.CurrentManagedThreadId;
        _gate.Enter();
        // Its own already if unpickling an answer, or a finalizer, came to wait for another one.
        bool mine = _deliverer == 0 || _deliverer == me;
        if (mine) _deliverer = me;
        _gate.Exit();
        if (!mine) return false;

        long end = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + nanoseconds;
        PyObject* raised = null;
        while (Volatile.Read(ref _answers) == 0 && Volatile.Read(ref _nudges) == seen)
        {
            long left = end == long.MaxValue ? -1 : end - Stopwatch.GetTimestamp();
            if (left < 0 && end != long.MaxValue) break;
            AwaitAnswer(seen, left);
            if (Api.Table.PyErr_CheckSignals() == 0) continue;
            raised = Api.Table.PyErr_GetRaisedException();
            break;
        }
        // In any case, as workers leave to the deliverer what comes.
        PyObject* late = DeliverAll();
        if (raised == null) raised = late;
        else References.Drop(late);
        if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
        return true;
    }

    /// <summary>Changes with each <see cref="Nudge"/>.</summary>
    internal int Nudges => Volatile.Read(ref _nudges);

    /// <summary>Makes the receiver look again whether what it waits for has happened: a future can also end without an answer.</summary>
    internal void Nudge()
    {
        _gate.Enter();
        _nudges++;
        bool wake = _receiverSleeps;
        if (wake)
        {
            _receiverSleeps = false;
            (*_answerSignal)++;
        }
        _gate.Exit();
        if (wake) Futex.Wake(_answerSignal, 1);
    }

    // Without the GIL: looks for a moment, then sleeps until there is an answer, the time is up, or a signal comes.
    void AwaitAnswer(int nudges, long nanoseconds)
    {
        void* thread = Api.Table.PyEval_SaveThread();
        if (Spins)
        {
            for (long end = SpinEnd(); Volatile.Read(ref _answers) == 0 && Stopwatch.GetTimestamp() < end;) Thread.SpinWait(8);
        }
        _gate.Enter();
        bool empty = _firstAnswer == null && _nudges == nudges;
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

    // Hands one answer to the owner; true if its future has callbacks to be run.
    bool DeliverOne(Message* answer, ref PyObject* raised)
    {
        if (TryCall(answer, out bool hasCallbacks)) return hasCallbacks;
        // A signal handler may have raised in the midst of it. Whoever waits here gets that exception; the answer is taken in again.
        Keep(ref raised);
        if (TryCall(answer, out hasCallbacks)) return hasCallbacks;
        // One that cannot be taken in, as for want of memory, must end the waiting all the same.
        Keep(ref raised);
        answer->Kind = LostTask;
        answer->Length = 0;
        if (TryCall(answer, out hasCallbacks)) return hasCallbacks;
        Keep(ref raised);
        return false;
    }

    // Calls the owner's function; false with an exception set.
    bool TryCall(Message* answer, out bool hasCallbacks)
    {
        ref Api api = ref Api.Table;
        hasCallbacks = false;
        PyObject* arguments = api.PyTuple_New(3);
        if (arguments == null) return false;
        PyObject* kind = api.PyLong_FromLongLong(answer->Kind);
        PyObject* data = api.PyBytes_FromStringAndSize(Message.Data(answer), answer->Length);
        api.PyTuple_SetItem(arguments, 0, References.New(answer->Subject));
        api.PyTuple_SetItem(arguments, 1, kind);
        api.PyTuple_SetItem(arguments, 2, data);
        PyObject* result = kind == null || data == null ? null : api.PyObject_CallObject(_deliver, arguments);
        References.Drop(arguments);
        if (result == null) return false;
        hasCallbacks = result == api._Py_TrueStruct;
        References.Drop(result);
        return true;
    }

    // Notes the exception that is set; the first one counts.
    static void Keep(ref PyObject* raised)
    {
        PyObject* exception = Api.Table.PyErr_GetRaisedException();
        if (raised == null) raised = exception;
        else References.Drop(exception);
    }

    // Frees a message under the owner's GIL.
    static void Drop(Message* message)
    {
        PyObject* subject = message->Subject;
        Message.Free(message);
        References.Drop(subject);
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

    /// <summary>Whether the workers were interrupted; those that get busy later interrupt themselves.</summary>
    internal bool Interrupted => Volatile.Read(ref _interrupted);

    /// <summary>
    /// Makes every worker that runs code of the user raise KeyboardInterrupt at its next bytecode boundary. Final. Needs no GIL of theirs, waits for nothing.
    /// </summary>
    internal void Interrupt()
    {
        // Full fence; pairs with that in WorkerInterpreter.Begin.
        Interlocked.Exchange(ref _interrupted, true);
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
            ref Message* place = ref _ring[_first++ % _capacity];
            Message* task = place;
            place = null;
            if (task == null) continue;
            _queued--;
            return task;
        }
        return null;
    }

    // The lock is held, and is given up if there is no memory.
    [MethodImpl(MethodImplOptions.NoInlining)]
    void GrowRing()
    {
        Message** larger;
        try
        {
            larger = NewRing(_capacity * 2);
        }
        catch (OutOfMemoryException)
        {
            _gate.Exit();
            throw;
        }
        for (long number = _first; number < _next; number++) larger[number % (_capacity * 2)] = _ring[number % _capacity];
        NativeMemory.Free(_ring);
        _ring = larger;
        _capacity *= 2;
    }

    static Message** NewRing(long slots) => (Message**)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(Message*));
}
