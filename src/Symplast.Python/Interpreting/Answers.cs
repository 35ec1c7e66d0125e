using System.Diagnostics;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

/// <summary>
/// The answers of a channel's workers: a queue, and the one thread at a time that delivers them to the owner. Guarded by the
/// channel's lock; workers also read the counts without it.
/// </summary>
/// <param name="gate">The channel's lock.</param>
/// <param name="signal">A futex word, zero, that changes whenever a sleeping receiver must look again.</param>
/// <param name="deliver">
/// A borrowed reference to the owner's function; deliver(subject, kind, data) is called for each answer, with the owner's GIL.
/// </param>
internal sealed unsafe class Answers(WordLock gate, int* signal, PyObject* deliver)
{
    // How often the delivery of an answer is tried again after a signal handler has interrupted it with an exception.
    const int Attempts = 100;

    readonly WordLock _gate = gate;
    readonly int* _signal = signal;
    readonly PyObject* _deliver = deliver;
    Message* _first;
    Message* _last;
    int _count;
    int _nudges;
    nuint _deliverer;           // the thread that delivers or has promised to; 0: none
    Message* _inHand;           // the answer that is being delivered; used by the deliverer's thread only
    bool _receiverSleeps;
    SpinHabit _receiverSpins;
    SpinHabit _offers;          // whether a worker with an answer spins until the owner comes for it

    /// <summary>The owner's function, a borrowed reference.</summary>
    internal PyObject* Deliver => _deliver;

    /// <summary>
    /// Adds an answer. Called with the lock held; <paramref name="wake"/> says that <see cref="Wake"/> must follow without it.
    /// </summary>
    internal void Add(Message* answer, out bool wake)
    {
        answer->Next = null;
        if (_last == null) _first = answer;
        else _last->Next = answer;
        _last = answer;
        _count++;
        wake = AlertReceiver();
    }

    /// <summary>Wakes the receiver. Outside the lock, so that the woken thread does not contend for it.</summary>
    internal void Wake() => Futex.Wake(_signal, 1);

    /// <summary>
    /// Spins for a moment until the owner comes for the answers, if that is worth it and nobody delivers; a task that is queued
    /// meanwhile, in <paramref name="queued"/>, ends it. The thread that awaits the answer to a short task soon comes for it, and
    /// waiting for it is cheaper than taking its GIL from it. Called with the lock held, which is released meanwhile.
    /// </summary>
    internal void Offer(ref int queued)
    {
        if (_deliverer != 0 || queued != 0 || !_offers.IsWorthIt()) return;
        _gate.Exit();
        Spin look = Spin.Begin();
        // Read without the lock, and volatile so that each turn reads anew. The result is checked under the lock.
        while (Volatile.Read(ref _deliverer) == 0 && Volatile.Read(ref _count) != 0 && Volatile.Read(ref queued) == 0
            && look.TryPause()) { }
        bool inTime = look.IsInTime;
        _gate.Enter();
        _offers.Note(inTime && (_first == null || _deliverer != 0));
    }

    /// <summary>
    /// Makes the calling worker the deliverer, who must call <see cref="DeliverAll"/>, if there are answers and no other
    /// deliverer. Called with the lock held.
    /// </summary>
    internal bool TryBecomeDeliverer()
    {
        if (_deliverer != 0 || _first == null) return false;
        _deliverer = Api.Table.PyThread_get_thread_ident();
        return true;
    }

    /// <summary>
    /// Delivers answers until none is left, then ends the delivery, unless <paramref name="stay"/> is set, and at last runs the
    /// futures' callbacks. The caller must be the deliverer and hold the owner's GIL. Returns a new reference to the first
    /// exception that was raised meanwhile, or null.
    /// </summary>
    /// <remarks>
    /// The callbacks run last because a callback may wait for another answer, which some thread must then be free to deliver. In
    /// the main thread the exception comes from a signal handler, such as KeyboardInterrupt; in other threads it is a defect.
    /// </remarks>
    internal PyObject* DeliverAll(bool stay = false)
    {
        PyObject* raised = null;
        Message* held = null;
        Message** end = &held;
        for (Message* answer; (answer = NextAnswer(last: !stay)) != null;)
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
            held->Kind = AnswerKind.Callbacks;
            held->Length = 0;
            // If a signal handler interrupts the callbacks, those that have not run yet are called in the next attempt.
            for (int i = 0; i < Attempts && !TryCall(held, out _); i++) Keep(ref raised);
            Drop(held);
            held = next;
        }
        return raised;
    }

    /// <summary>
    /// Waits for answers in a thread of the owner and delivers them. Returns false if another thread is the deliverer. Returns
    /// true with an exception set if a signal handler raised one. Otherwise returns true when there were answers, when
    /// <see cref="Nudge"/> was called since <paramref name="seen"/> was read from <see cref="Nudges"/>, or when the time was up
    /// (in nanoseconds; negative: no limit). Called with the owner's GIL, which is released while it waits.
    /// </summary>
    /// <remarks>
    /// Delivery runs Python code. A signal handler that interrupts it may call this function, even for the very answer that is
    /// being delivered to <paramref name="subject"/>. The nested call then delivers that answer, too; the owner's function allows
    /// for it.
    /// </remarks>
    internal bool Receive(int seen, long nanoseconds, PyObject* subject)
    {
        nuint me = Api.Table.PyThread_get_thread_ident();
        _gate.Enter();
        // This thread is the deliverer already if unpickling an answer, or a finalizer, waits for another answer.
        bool nested = _deliverer == me;
        bool mine = _deliverer == 0 || nested;
        if (mine) _deliverer = me;
        _gate.Exit();
        if (!mine) return false;

        PyObject* raised = null;
        if (nested && _inHand != null && _inHand->Subject == subject)
        {
            DeliverOne(_inHand, ref raised);
            if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
            return true;
        }
        // A worker that waits for workers of its own can be interrupted meanwhile.
        Interrupts? interrupts = WorkerInterpreter.Current?.Interrupts;
        if (interrupts is not null && !interrupts.IsInInterpreter) interrupts = null;
        bool waits = interrupts is null || interrupts.TryAwait(this);
        long end = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + nanoseconds;
        SignalWatch watch = default;
        for (bool spins = true; waits && Volatile.Read(ref _count) == 0 && Volatile.Read(ref _nudges) == seen; spins = false)
        {
            long left = end == long.MaxValue ? -1 : end - Stopwatch.GetTimestamp();
            if (left < 0 && end != long.MaxValue) break;
            AwaitAnswer(seen, left, spins, ref watch);
            if (Api.Table.PyErr_CheckSignals() == 0) continue;
            raised = Api.Table.PyErr_GetRaisedException();
            break;
        }
        interrupts?.EndAwait();
        // Answers are delivered in any case: workers have left them to this thread while it was the deliverer.
        PyObject* late = DeliverAll(stay: nested);
        if (raised == null) raised = late;
        else References.Drop(late);
        if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
        return true;
    }

    /// <summary>Changes with each <see cref="Nudge"/>.</summary>
    internal int Nudges => Volatile.Read(ref _nudges);

    /// <summary>
    /// Makes the receiver check again whether what it waits for has happened. A future can end without an answer.
    /// </summary>
    internal void Nudge()
    {
        _gate.Enter();
        _nudges++;
        bool wake = AlertReceiver();
        _gate.Exit();
        if (wake) Wake();
    }

    // Called with the lock held. Returns whether the receiver sleeps; it then finds another number than the one it sleeps on.
    bool AlertReceiver()
    {
        if (!_receiverSleeps) return false;
        _receiverSleeps = false;
        (*_signal)++;
        return true;
    }

    // Releases the GIL, and spins for a moment if that is worth it and wanted. Otherwise sleeps until there is an answer, the
    // time is up, or a signal comes. A signal would not end a sleep that begins after it, so the caller looks for signals in
    // between.
    void AwaitAnswer(int nudges, long nanoseconds, bool spins, ref SignalWatch watch)
    {
        void* thread = Api.Table.PyEval_SaveThread();
        if (!spins || !TrySpin()) Sleep(nudges, watch.Next(nanoseconds));
        Api.Table.PyEval_RestoreThread(thread);
    }

    // Read without the lock, and volatile so that each turn reads anew. The result is checked afterwards.
    bool TrySpin()
    {
        if (!_receiverSpins.IsWorthIt()) return false;
        Spin look = Spin.Begin();
        while (Volatile.Read(ref _count) == 0 && look.TryPause()) { }
        _receiverSpins.Note(look.IsInTime && Volatile.Read(ref _count) != 0);
        return true;
    }

    void Sleep(int nudges, long nanoseconds)
    {
        _gate.Enter();
        bool empty = _first == null && _nudges == nudges;
        int seen = *_signal;
        _receiverSleeps = empty;
        _gate.Exit();
        if (empty)
        {
            // AlertReceiver changes the word under the lock before the wake-up, so Wait returns at once if an answer has come
            // since.
            Futex.Wait(_signal, seen, nanoseconds);
            _gate.Enter();
            _receiverSleeps = false;
            _gate.Exit();
        }
    }

    // Removes the oldest answer and passes it to the caller. If none is left and last is set, the caller stops being the
    // deliverer.
    Message* NextAnswer(bool last)
    {
        _gate.Enter();
        Message* answer = _first;
        if (answer != null)
        {
            _first = answer->Next;
            if (_first == null) _last = null;
            _count--;
        }
        else if (last)
        {
            _deliverer = 0;
        }
        _gate.Exit();
        return answer;
    }

    // Delivers one answer to the owner. Returns whether its future has callbacks to run.
    bool DeliverOne(Message* answer, ref PyObject* raised)
    {
        Message* outer = _inHand;
        _inHand = answer;
        bool delivered = false, hasCallbacks = false;
        // If a signal handler raises during the delivery, the exception is kept for the thread that waits here, and the answer is
        // delivered again.
        for (int i = 0; i < Attempts && !delivered; i++)
        {
            delivered = TryCall(answer, out hasCallbacks);
            if (!delivered) Keep(ref raised);
        }
        if (!delivered)
        {
            // An answer that cannot be delivered, for lack of memory for instance, must still end the waiting: it becomes a
            // lost task.
            answer->Kind = AnswerKind.Lost;
            answer->Length = 0;
            if (!TryCall(answer, out hasCallbacks)) Keep(ref raised);
        }
        _inHand = outer;
        return hasCallbacks;
    }

    // Calls the owner's function. Returns false with an exception set.
    bool TryCall(Message* answer, out bool hasCallbacks)
    {
        ref Api api = ref Api.Table;
        hasCallbacks = false;
        PyObject* arguments = api.PyTuple_New(3);
        if (arguments == null) return false;
        PyObject* kind = api.PyLong_FromLongLong((long)answer->Kind);
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

    // Keeps the exception that is set if it is the first, and drops it otherwise.
    static void Keep(ref PyObject* raised)
    {
        PyObject* exception = Api.Table.PyErr_GetRaisedException();
        if (raised == null) raised = exception;
        else References.Drop(exception);
    }

    // Frees a message and the reference to its subject. Called with the owner's GIL.
    static void Drop(Message* message)
    {
        PyObject* subject = message->Subject;
        Message.Free(message);
        References.Drop(subject);
    }
}
