using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Passes tasks from an owner interpreter to its workers, in order, and answers back. No thread polls: workers sleep on a futex
/// until there is a task, and a worker with an answer delivers it.
/// </summary>
/// <remarks>
/// <para>Tasks are numbered in the order in which they are put. The queue is a ring of messages. A task's slot follows from its
/// number, so a task is cancelled without a search. One lock guards all state; it is never held while Python code runs.</para>
/// <para>Delivery needs the owner's GIL. A thread of the owner that waits for an answer (<see cref="Answers.Receive"/>) is the
/// deliverer. If there is none, a worker with an answer becomes the deliverer, takes the owner's GIL, and delivers until no
/// answer is left. Other workers meanwhile only queue their answers and go on. (Flat combining: Hendler, Incze, Shavit,
/// Tzafrir, SPAA 2010.)</para>
/// <para>One idle worker and the receiver spin for some microseconds before they sleep, because waking a sleeping thread takes
/// longer than a small task.</para>
/// </remarks>
internal sealed unsafe class Channel
{
    /// <summary>What a worker must do after <see cref="Exchange"/>.</summary>
    internal enum Duty
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>Call <see cref="Answers.DeliverAll"/> with the owner's GIL.</summary>
        Deliver,

        /// <summary>Call <see cref="Take"/> with spin set.</summary>
        Spin,

        /// <summary>End, because another worker is to take the place.</summary>
        Retire,
    }

    const int SmallestRing = 64;
    const int CacheLine = 64;

    readonly WordLock _gate = WordLock.Create();
    Message** _ring;
    long _capacity;             // slots of the ring
    long _first;                // number of the oldest task that may still be queued
    long _next;                 // number of the next task
    int _queued;                // tasks in the ring that were not cancelled
    int _begun;                 // tasks that workers have taken and not yet answered
    int _sleeping;
    bool _closed;
    bool _interrupted;
    long _answered;
    long _tasksOfAWorker = long.MaxValue;
    int _generation;            // workers of earlier ones are to be replaced
    nuint _replacing;           // the thread whose worker is being replaced; 0: none
    int _controlCs;            // how often Ctrl-C had been pressed when the last task was put
    bool _spinning;             // one idle worker spins before it sleeps
    SpinHabit _workerSpins;
    readonly int* _signal;      // changes whenever sleeping workers must look again
    readonly WordLock _workersGate = WordLock.Create();
    readonly List<WorkerInterpreter> _workers = [];
    readonly Dictionary<int, long> _busyTimes = [];     // of workers that have ended, by number

    /// <summary>
    /// A channel that the calling interpreter owns. <paramref name="deliver"/>(subject, kind, data) is called for each answer,
    /// with the owner's GIL held.
    /// </summary>
    internal Channel(PyObject* deliver)
    {
        // Two words, a cache line apart.
        _signal = (int*)NativeMemory.AllocZeroed(2, CacheLine);
        Answers = new Answers(_gate, _signal + CacheLine / sizeof(int), deliver);
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

    /// <summary>The only worker, if it takes no tasks from the channel.</summary>
    internal IResident? Resident { get; set; }

    /// <summary>What the workers answer.</summary>
    internal Answers Answers { get; }

    /// <summary>The number of tasks without an answer. No more workers than that can be busy.</summary>
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
    /// The most tasks that one worker runs; then another one takes its place. Set before the first worker begins.
    /// </summary>
    internal long TasksOfAWorker { set => _tasksOfAWorker = value; }

    /// <summary>Whether Ctrl-C has been pressed since the last task was put.</summary>
    internal bool WasInterruptedSincePut => ControlC.Count != Volatile.Read(ref _controlCs);

    /// <summary>
    /// Queues a task and takes ownership of the message. Returns the task's number, or -1 if the channel is closed; the message
    /// then stays the caller's.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory. Nothing has changed, and the message stays the caller's.</exception>
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
        task->Number = number;
        _controlCs = ControlC.Count;
        _ring[number % _capacity] = task;
        _queued++;
        // A spinning worker sees the first task without being woken.
        bool wake = _sleeping > 0 && _queued > (_spinning ? 1 : 0);
        if (wake) (*_signal)++;
        _gate.Exit();
        // Outside the lock, so that the woken worker does not contend for it.
        if (wake) Futex.Wake(_signal, 1);
        return number;
    }

    /// <summary>
    /// Cancels a task and returns its message, which is then the caller's. Returns null if a worker has taken the task or it was
    /// cancelled before.
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
    /// For workers: queues the answer to the last task (null: none), taking ownership of the message, and removes the oldest
    /// task. The task is then the caller's and must be answered. Returns null if there is no task, or with
    /// <see cref="Duty.Deliver"/>. The duty says what the caller must do at once.
    /// </summary>
    /// <remarks>
    /// Both happen under one lock. A thread that gets the answer and puts its next task thus finds this worker free and wakes no
    /// other one.
    /// </remarks>
    internal Message* Exchange(Message* answer, WorkerInterpreter worker, out Duty duty)
    {
        bool wake = false;
        _gate.Enter();
        if (answer != null)
        {
            AddAnswer(answer, worker, out wake);
            Answers.Offer(ref _queued);
        }
        Message* task = null;
        duty = Duty.None;
        if (Answers.TryBecomeDeliverer()) duty = Duty.Deliver;
        else if ((worker.Generation != _generation || worker.Answered >= _tasksOfAWorker) && TryRetire(worker))
            duty = Duty.Retire;
        else if ((task = Pop()) != null) Assign(worker, task);
        else if (TryBeginSpin()) duty = Duty.Spin;
        _gate.Exit();
        if (wake) Answers.Wake();
        return task;
    }

    /// <summary>
    /// For a worker that ends: queues its last answer, taking ownership of the message. Returns whether the caller must call
    /// <see cref="Answers.DeliverAll"/>.
    /// </summary>
    internal bool Send(Message* answer, WorkerInterpreter worker)
    {
        _gate.Enter();
        AddAnswer(answer, worker, out bool wake);
        bool deliver = Answers.TryBecomeDeliverer();
        _gate.Exit();
        if (wake) Answers.Wake();
        return deliver;
    }

    /// <summary>Removes the oldest task for the owner, without an answer to follow. Returns null if there is none.</summary>
    internal Message* TakeBack()
    {
        _gate.Enter();
        Message* task = Pop();
        _gate.Exit();
        return task;
    }

    /// <summary>
    /// Removes the oldest task, which the caller must answer; sleeps until there is one. Returns null once the channel is closed
    /// and empty, or with <see cref="Duty.Retire"/>. No GIL may be held.
    /// </summary>
    /// <param name="worker">The worker that calls.</param>
    /// <param name="spin">Whether <see cref="Exchange"/> returned <see cref="Duty.Spin"/>.</param>
    /// <param name="duty">What the worker must do then.</param>
    internal Message* Take(WorkerInterpreter worker, bool spin, out Duty duty)
    {
        duty = Duty.None;
        bool found = false;
        if (spin)
        {
            Spin look = Spin.Begin();
            // Read without the lock, and volatile so that each turn reads anew. The result is checked under the lock.
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
            Message* task = null;
            if (worker.Generation != _generation && TryRetire(worker)) duty = Duty.Retire;
            else if ((task = Pop()) != null) Assign(worker, task);
            if (task != null || _closed || duty != Duty.None)
            {
                _gate.Exit();
                return task;
            }
            int seen = *_signal;
            _sleeping++;
            _gate.Exit();
            // Put changes the word under the lock before the wake-up, so Wait returns at once if a task has come since.
            Futex.Wait(_signal, seen);
            _gate.Enter();
            _sleeping--;
        }
    }

    // Called with the lock held.
    void AddAnswer(Message* answer, WorkerInterpreter worker, out bool wake)
    {
        Answers.Add(answer, out wake);
        _begun--;
        _answered++;
        worker.Answered++;
        worker.Subject = null;
    }

    // Called with the lock held. A task that was removed from the queue is a worker's within one hold of the lock.
    void Assign(WorkerInterpreter worker, Message* task)
    {
        _begun++;
        worker.Subject = task->Subject;
        worker.Interrupts.Assign(task->Number);
    }

    // Called with the lock held, for a worker that has run its number of tasks or is of an earlier generation. Of those, one at a
    // time is replaced. Nobody is replaced when no task can follow.
    bool TryRetire(WorkerInterpreter worker)
    {
        if (_closed && _queued == 0) return false;
        if (worker.Answered >= _tasksOfAWorker) return true;
        if (_replacing != 0) return false;
        _replacing = worker.ThreadId;
        return true;
    }

    /// <summary>
    /// Has the present workers replaced, one by one, each after the task that it runs. Returns their numbers.
    /// </summary>
    internal int[] Recycle()
    {
        int[] numbers;
        using (_workersGate.Hold())
        {
            numbers = new int[_workers.Count];
            for (int i = 0; i < numbers.Length; i++) numbers[i] = _workers[i].Number;
            _gate.Enter();
            _generation++;
            (*_signal)++;
            _gate.Exit();
        }
        Futex.Wake(_signal, int.MaxValue);
        return numbers;
    }

    /// <summary>A worker that replaces another one on its thread is ready for tasks, or could not begin.</summary>
    internal void EndReplacement(nuint thread)
    {
        _gate.Enter();
        bool ends = _replacing == thread;
        if (ends) _replacing = 0;
        if (ends) (*_signal)++;
        _gate.Exit();
        if (ends) Futex.Wake(_signal, int.MaxValue);
    }

    // Called with the lock held. Only one worker at a time spins before it sleeps.
    bool TryBeginSpin()
    {
        if (_spinning || _closed || !_workerSpins.IsWorthIt()) return false;
        _spinning = true;
        return true;
    }

    /// <summary>Refuses further tasks. Workers finish the queued ones; then their Take returns null. Idempotent.</summary>
    internal void Close()
    {
        _gate.Enter();
        _closed = true;
        (*_signal)++;
        _gate.Exit();
        Futex.Wake(_signal, int.MaxValue);
        Resident?.Close();
    }

    /// <summary>Registers a worker, so that <see cref="Interrupt"/> reaches it.</summary>
    internal void Join(WorkerInterpreter worker)
    {
        using (_workersGate.Hold())
        {
            _workers.Add(worker);
            _gate.Enter();
            worker.Generation = _generation;
            _gate.Exit();
        }
    }

    /// <summary>Unregisters a worker that is about to end.</summary>
    internal void Leave(WorkerInterpreter worker)
    {
        using (_workersGate.Hold())
        {
            if (!_workers.Remove(worker)) return;
            CollectionsMarshal.GetValueRefOrAddDefault(_busyTimes, worker.Number, out _) += worker.BusyTime;
        }
    }

    /// <summary>Whether the workers were interrupted. A worker that becomes busy later interrupts itself.</summary>
    internal bool Interrupted => Volatile.Read(ref _interrupted);

    /// <summary>
    /// Makes every worker that runs the user's code raise KeyboardInterrupt at its next bytecode boundary. Cannot be undone.
    /// Takes no worker's GIL and waits for nothing.
    /// </summary>
    internal void Interrupt()
    {
        // Full fence; pairs with the full fence in WorkerInterpreter.Begin.
        Interlocked.Exchange(ref _interrupted, true);
        if (Resident is not null)
        {
            Resident.Interrupt();
            return;
        }
        // A worker leaves under the same lock before its interpreter ends, so no worker of the list ends during the loop.
        using (_workersGate.Hold())
        {
            foreach (WorkerInterpreter worker in _workers) worker.Interrupts.Stop();
        }
    }

    /// <summary>
    /// Makes the worker that runs the task of this number raise TaskInterrupted in it. Returns false if no worker runs it any
    /// more. Takes no GIL and waits for nothing.
    /// </summary>
    internal bool InterruptTask(long number)
    {
        using (_workersGate.Hold())
        {
            foreach (WorkerInterpreter worker in _workers)
                if (worker.Interrupts.TryInterrupt(number)) return true;
        }
        return false;
    }

    /// <summary>Makes all workers raise TaskInterrupted, whatever they run, again and again until they have ended.</summary>
    internal void Kill()
    {
        using (_workersGate.Hold())
        {
            foreach (WorkerInterpreter worker in _workers) worker.Interrupts.Kill();
        }
    }

    /// <summary>
    /// Appends new references to the subjects of all tasks that have begun and were not answered. Called with the owner's GIL,
    /// which guards the references.
    /// </summary>
    internal void AddRunning(List<nint> subjects)
    {
        using (_workersGate.Hold())
        {
            subjects.EnsureCapacity(_workers.Count);
            _gate.Enter();
            foreach (WorkerInterpreter worker in _workers)
                if (worker.Subject != null) subjects.Add((nint)References.New(worker.Subject));
            _gate.Exit();
        }
    }

    /// <summary>The numbers of tasks that are queued, running and answered.</summary>
    internal (int Queued, int Running, long Answered) Counts
    {
        get
        {
            _gate.Enter();
            (int, int, long) counts = (_queued, _begun, _answered);
            _gate.Exit();
            return counts;
        }
    }

    /// <summary>Returns the nanoseconds that workers have spent in tasks, by number, and how many workers there are.</summary>
    internal Dictionary<int, long> BusyTimes(out int workers)
    {
        using (_workersGate.Hold())
        {
            Dictionary<int, long> times = new(_busyTimes);
            foreach (WorkerInterpreter worker in _workers)
                CollectionsMarshal.GetValueRefOrAddDefault(times, worker.Number, out _) += worker.BusyTime;
            workers = _workers.Count;
            return times;
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

    // Called with the lock held. Releases the lock if it throws.
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
