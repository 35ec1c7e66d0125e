using System.Diagnostics;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Interpreting;

// The way back: answers, who delivers them, and waiting for them.
internal sealed unsafe partial class Channel
{
    // How often an answer is taken in that exceptions of signal handlers interrupt.
    const int Attempts = 100;

    // The lock is held; wake says whether the receiver sleeps.
    void AddAnswer(Message* answer, out bool wake)
    {
        answer->Next = null;
        if (_lastAnswer == null) _firstAnswer = answer;
        else _lastAnswer->Next = answer;
        _lastAnswer = answer;
        _answers++;
        _begun--;
        wake = _receiverSleeps;
        if (!wake) return;
        _receiverSleeps = false;
        (*_answerSignal)++;
    }

    // Whoever awaits the answer to a short task comes for it in a moment, which is cheaper than to take the GIL from under it.
    bool AwaitDeliverer()
    {
        Spin look = Spin.Begin();
        // Without the lock, volatile to be read anew each time; what it seems to see is checked under the lock.
        while (Volatile.Read(ref _deliverer) == 0 && Volatile.Read(ref _answers) != 0 && Volatile.Read(ref _queued) == 0
            && look.TryPause()) { }
        return look.IsInTime;
    }

    // The lock is held. Makes a worker the deliverer if there are answers and nobody else is.
    bool TryBecomeDeliverer()
    {
        if (_deliverer != 0 || _firstAnswer == null) return false;
        _deliverer = Api.Table.PyThread_get_thread_ident();
        return true;
    }

    /// <summary>
    /// Delivers answers until none is left, stops being the deliverer, and then runs their callbacks. The owner's GIL must be
    /// held; the caller must be the deliverer, and with <paramref name="stay"/> remains it. Returns an exception that was raised
    /// meanwhile, a new reference, or null.
    /// </summary>
    /// <remarks>
    /// The callbacks come last because one may wait for another answer, which somebody must then be free to deliver. In the main
    /// thread the exception is that of a signal handler, such as KeyboardInterrupt; elsewhere it is a defect.
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
            held->Kind = Callbacks;
            held->Length = 0;
            // Those that were not called yet, if a signal handler raised in the midst of it.
            for (int i = 0; i < Attempts && !TryCall(held, out _); i++) Keep(ref raised);
            Drop(held);
            held = next;
        }
        return raised;
    }

    /// <summary>
    /// Waits for answers in a thread of the owner and delivers them. False if another thread delivers already; true with an
    /// exception set if a signal handler raised one; else true once there were answers, <see cref="Nudge"/> was called since
    /// <paramref name="seen"/> was read from <see cref="Nudges"/>, or the time (nanoseconds; negative: no limit) was up. Called
    /// with the owner's GIL, which is free while it waits.
    /// </summary>
    /// <remarks>
    /// Delivering runs Python code, and a signal handler that interrupts it may come to wait itself, even for the answer just
    /// being delivered to <paramref name="subject"/>: it then delivers that, too, for which the owner's function is ready.
    /// </remarks>
    internal bool Receive(int seen, long nanoseconds, PyObject* subject)
    {
        nuint me = Api.Table.PyThread_get_thread_ident();
        _gate.Enter();
        // Its own already if unpickling an answer, or a finalizer, came to wait for another one.
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
        long end = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + nanoseconds;
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
        PyObject* late = DeliverAll(stay: nested);
        if (raised == null) raised = late;
        else References.Drop(late);
        if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
        return true;
    }

    /// <summary>Changes with each <see cref="Nudge"/>.</summary>
    internal int Nudges => Volatile.Read(ref _nudges);

    /// <summary>
    /// Makes the receiver look again whether what it waits for has happened: a future can also end without an answer.
    /// </summary>
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
        if (_receiverSpins.IsWorthIt())
        {
            Spin look = Spin.Begin();
            // Without the lock, volatile to be read anew each time; what it seems to see is checked under the lock.
            while (Volatile.Read(ref _answers) == 0 && look.TryPause()) { }
            _receiverSpins.Note(look.IsInTime && Volatile.Read(ref _answers) != 0);
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

    // Hands one answer to the owner; true if its future has callbacks to be run.
    bool DeliverOne(Message* answer, ref PyObject* raised)
    {
        Message* outer = _inHand;
        _inHand = answer;
        bool delivered = false, hasCallbacks = false;
        // A signal handler may have raised in the midst of it. Whoever waits here gets that exception; the answer is taken in
        // again.
        for (int i = 0; i < Attempts && !delivered; i++)
        {
            delivered = TryCall(answer, out hasCallbacks);
            if (!delivered) Keep(ref raised);
        }
        if (!delivered)
        {
            // One that cannot be taken in, as for want of memory, must end the waiting all the same.
            answer->Kind = LostTask;
            answer->Length = 0;
            if (!TryCall(answer, out hasCallbacks)) Keep(ref raised);
        }
        _inHand = outer;
        return hasCallbacks;
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
}
