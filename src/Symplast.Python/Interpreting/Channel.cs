using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// The meeting place of an owner interpreter and its workers: tasks go one way in order, answers the other. Nobody polls: workers
/// sleep on a futex until there is a task, and answers are delivered by the worker that has one.
/// </summary>
/// <remarks>
/// <para>Tasks are numbered in the order they were put; the queue is a ring of messages in which a task's place follows from its
/// number, so that one can be cancelled without a search. All state is guarded by one lock that is never held across Python
/// code.</para>
/// <para>Delivery needs the owner's GIL. If a thread of the owner waits for an answer (<see cref="Receive"/>), it delivers. Else
/// a worker with an answer becomes the deliverer if there is none, takes the owner's GIL, and delivers until no answer is left;
/// meanwhile other workers only leave theirs and go on. (Flat combining: Hendler, Incze, Shavit, Tzafrir, SPAA 2010.)</para>
/// <para>Before they sleep, one idle worker and the receiver look for some microseconds: waking a sleeping thread takes longer
/// than a small task.</para>
/// </remarks>
internal sealed unsafe partial class Channel
{
    /// <summary>What a worker must do after <see cref="Exchange"/>.</summary>
    internal enum Duty
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>Call <see cref="DeliverAll"/> with the owner's GIL.</summary>
        Deliver,

        /// <summary>Call <see cref="Take"/> and say that it is to spin.</summary>
        Spin,
    }

    const int SmallestRing = 64;
    const int CacheLine = 64;

    // Kinds of answers besides Python's own, which are not negative.
    // its worker ended before it was done, or it could not be taken in; the data are UTF-8 text
    internal const long LostTask = -1;
    internal const long Callbacks = -2;     // no answer: run the callbacks of the future, which has got its answer

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
    nuint _deliverer;           // the thread that delivers or has promised to, 0: none
    Message* _inHand;           // what the deliverer is just handing to the owner; for its own thread only
    bool _receiverSleeps;
    bool _spinning;             // one idle worker looks before it sleeps
    SpinHabit _workerSpins;
    SpinHabit _receiverSpins;
    SpinHabit _offers;          // a worker with an answer looks whether the owner comes for it
    int* _signal;               // changes whenever sleeping workers must look again
    int* _answerSignal;         // changes whenever a sleeping receiver must look again
    readonly WordLock _workersGate = WordLock.Create();
    readonly List<WorkerInterpreter> _workers = [];

    /// <summary>
    /// A channel of the calling interpreter. <paramref name="deliver"/>(subject, kind, data) is called for each answer, under its
    /// GIL.
    /// </summary>
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
        _workersGate.Dispose();
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

    /// <summary>
    /// Queues a task, taking over the message. Returns its number, or -1 if the channel is closed (the message stays the
    /// caller's).
    /// </summary>
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

    /// <summary>
    /// Takes a task back. Returns the message, now the caller's, or null if a worker has it or it was cancelled before.
    /// </summary>
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

    /// <summary>
    /// For workers: leaves the answer to the last task (taking over the message; null: none) and takes the oldest task, which is
    /// the caller's now and must be answered. Null if there is none yet, or with <see cref="Duty.Deliver"/>. The duty tells what
    /// the caller must do at once.
    /// </summary>
    /// <remarks>
    /// Both under one lock, so that a task put by whom the answer was awaited finds this worker free, and wakes no other.
    /// </remarks>
    internal Message* Exchange(Message* answer, out Duty duty)
    {
        bool wake = false;
        _gate.Enter();
        if (answer != null) AddAnswer(answer, out wake);
        bool offer = answer != null && _deliverer == 0 && _queued == 0 && _offers.IsWorthIt();
        if (offer)
        {
            _gate.Exit();
            bool inTime = AwaitDeliverer();
            _gate.Enter();
            _offers.Note(inTime && (_firstAnswer == null || _deliverer != 0));
        }
        Message* task = null;
        duty = Duty.None;
        if (TryBecomeDeliverer()) duty = Duty.Deliver;
        else if ((task = Pop()) != null) _begun++;
        else if (TryBeginSpin()) duty = Duty.Spin;
        _gate.Exit();
        if (wake) Futex.Wake(_answerSignal, 1);
        return task;
    }

    /// <summary>
    /// For a worker that ends: leaves its last answer, taking over the message. True if the caller must call
    /// <see cref="DeliverAll"/>.
    /// </summary>
    internal bool Send(Message* answer)
    {
        _gate.Enter();
        AddAnswer(answer, out bool wake);
        bool deliver = TryBecomeDeliverer();
        _gate.Exit();
        if (wake) Futex.Wake(_answerSignal, 1);
        return deliver;
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
    /// The oldest task, now the caller's, which must answer it; sleeps until there is one. Null once the channel is closed and
    /// empty. No GIL may be held.
    /// </summary>
    /// <param name="spin">Whether <see cref="Exchange"/> said so.</param>
    internal Message* Take(bool spin)
    {
        bool found = false;
        if (spin)
        {
            Spin look = Spin.Begin();
            // Without the lock, volatile to be read anew each time; what it seems to see is checked under the lock.
            while (Volatile.Read(ref _queued) == 0 && !Volatile.Read(ref _closed) && look.TryPause()) { }
            found = look.IsInTime;
        }
        _gate.Enter();
        if (spin)
        {
            _spinning = false;
            _workerSpins.Note(found && _queued > 0);
        }
        while (true)
        {
            Message* task = Pop();
            if (task != null || _closed)
            {
                if (task != null) _begun++;
                _gate.Exit();
                return task;
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

    // The lock is held. One worker at a time looks for tasks before it sleeps.
    bool TryBeginSpin()
    {
        if (_spinning || _closed || !_workerSpins.IsWorthIt()) return false;
        _spinning = true;
        return true;
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

    /// <summary>Registers a worker, so that <see cref="Interrupt"/> reaches it.</summary>
    internal void Join(WorkerInterpreter worker)
    {
        using (_workersGate.Hold()) _workers.Add(worker);
    }

    /// <summary>Unregisters a worker that is about to end.</summary>
    internal void Leave(WorkerInterpreter worker)
    {
        using (_workersGate.Hold()) _workers.Remove(worker);
    }

    /// <summary>Whether the workers were interrupted; those that get busy later interrupt themselves.</summary>
    internal bool Interrupted => Volatile.Read(ref _interrupted);

    /// <summary>
    /// Makes every worker that runs code of the user raise KeyboardInterrupt at its next bytecode boundary. Final. Needs no GIL
    /// of theirs, waits for nothing.
    /// </summary>
    internal void Interrupt()
    {
        // Full fence; pairs with that in WorkerInterpreter.Begin.
        Interlocked.Exchange(ref _interrupted, true);
        // A worker leaves under the same lock before its interpreter ends, so none goes away here.
        using (_workersGate.Hold())
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
