using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Interpreting;

/// <summary>
/// The Python type <c>_symplast.Channel</c>: the owner's side of a channel. The workers' side are functions of the module.
/// </summary>
internal static unsafe partial class ChannelHandle
{
    struct Instance
    {
        internal PyObject Head;
        internal nint Channel;    // GCHandle; zero until made
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.Channel"u8),
        BasicSize = sizeof(Instance),
        // With GC, so that the collector sees the cycle of the instance, its type and the module.
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.HaveGc,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Channel(deliver, /)
                --

                The queue of tasks and answers between an interpreter and its workers.

                deliver(subject, kind, data) is called for each answer, in the interpreter that made the channel. Used by the
                executor; not part of the public interface.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Traverse,
                (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void*, int>, void*, int>)&Traverse),
            Slot(PyTypeSlot.GetSet, Table(
                Property("nudges"u8, &Nudges, "A number that changes with each nudge()."u8),
                Property("was_interrupted_since_put"u8, &WasInterruptedSincePut,
                    "Whether Ctrl-C has been pressed since the last put()."u8),
                Property("unanswered"u8, &Unanswered, "The number of tasks that have no answer yet."u8))),
            Slot(PyTypeSlot.Methods, Table(
                FastCall("put"u8, &Put, "put($self, subject, data, parcel, limit=0, /)\n--\n\n"u8
                    + "Queue a task and set subject._number to its number. It is interrupted when it has run for limit "u8
                    + "nanoseconds; 0 for no limit. Return False if the channel is closed."u8),
                FastCall("cancel"u8, &Cancel, "cancel($self, number, taken, /)\n--\n\n"u8
                    + "Take a task back and append its subject to the list taken, unless a worker has the task."u8),
                OneArg("is_queued"u8, &IsQueued,
                    "is_queued($self, number, /)\n--\n\nReturn whether a task waits for a worker."u8),
                OneArg("drain"u8, &Drain,
                    "drain($self, taken, /)\n--\n\nTake all queued tasks back and append their subjects to the list taken."u8),
                NoArgs("close"u8, &Close, "close($self, /)\n--\n\nAccept no more tasks. Workers end when the queue is empty."u8),
                NoArgs("interrupt"u8, &Interrupt,
                    "interrupt($self, /)\n--\n\nRaise KeyboardInterrupt in every worker that runs a task."u8),
                OneArg("interrupt_task"u8, &InterruptTask, "interrupt_task($self, number, /)\n--\n\n"u8
                    + "Raise TaskInterrupted in the task that has this number. Return False if no worker runs it."u8),
                NoArgs("kill"u8, &Kill, "kill($self, /)\n--\n\n"u8
                    + "Raise TaskInterrupted in every worker, whatever it runs, again and again until it has ended."u8),
                OneArg("add_running"u8, &AddRunning,
                    "add_running($self, subjects, /)\n--\n\nAppend the subjects of all running tasks to a list."u8),
                OneArg("limit_tasks"u8, &LimitTasks, "limit_tasks($self, number, /)\n--\n\n"u8
                    + "Replace each worker after this number of tasks. Called before the first worker begins."u8),
                NoArgs("recycle"u8, &Recycle,
                    "recycle($self, /)\n--\n\nReplace the present workers, one by one. Return their numbers."u8),
                NoArgs("give_up"u8, &GiveUp, "give_up($self, /)\n--\n\nLet the program end without waiting for the workers."u8),
                NoArgs("stats"u8, &Stats, "stats($self, /)\n--\n\nReturn a list: how many workers there are, how many "u8
                    + "tasks are queued, running and answered; then numbers of workers, each with its nanoseconds in tasks."u8),
                FastCall("receive"u8, &Receive,
                    "receive($self, nudges, timeout, subject, /)\n--\n\nWait for answers and deliver them. Return "u8
                    + "True when there were answers, timeout seconds are over (None: no limit) or nudges has changed; "u8
                    + "False if another thread receives. The caller waits for the answer of subject."u8),
                NoArgs("nudge"u8, &Nudge,
                    "nudge($self, /)\n--\n\nMake receive() return, because a future may have ended without an answer."u8),
                FastCall("serve"u8, &Serve,
                    "serve($self, source, settings, number, /)\n--\n\nRun source in a new interpreter on this thread, as "u8
                    + "the worker of this number. Return None when it ends, False if another one is to take its place, or the "u8
                    + "exception as text if it raised after it had answered a task."u8)))),
    });

    /// <summary>
    /// worker_take(): sends the answer and waits for the next task. Returns the task's data, or None when the channel is closed.
    /// Called in the worker.
    /// </summary>
    internal static PyObject* WorkerTake(PyObject* module)
    {
        WorkerInterpreter? worker = WorkerInterpreter.Current;
        if (worker is null) return Errors.Runtime("this thread does not run a worker interpreter");
        if (!worker.Interrupts.HasType) worker.Interrupts.Use(InterpreterState.Of(module).TaskInterrupted);
        Message* task = worker.Take();
        if (task == null) return Api.Table._Py_NoneStruct;
        return Api.Table.PyBytes_FromStringAndSize(Message.Data(task), task->Length);
    }

    /// <summary>
    /// worker_answer(kind, data, parcel): sets the answer to the task that was taken last; worker_take() sends it. Called in the
    /// worker.
    /// </summary>
    internal static PyObject* WorkerAnswer(PyObject** arguments, nint count)
    {
        WorkerInterpreter? worker = WorkerInterpreter.Current;
        if (worker is null) return Errors.Runtime("this thread does not run a worker interpreter");
        if (count != 3 || arguments[0]->Type != Api.Table.PyLong_Type || arguments[1]->Type != Api.Table.PyBytes_Type)
            return Errors.Type("worker_answer() takes an int, bytes and a parcel");
        if (!ParcelHandle.Read(arguments[2], out long parcel)) return null;
        AnswerKind kind = (AnswerKind)Api.Table.PyLong_AsLongLong(arguments[0]);
        PyBytesObject* data = (PyBytesObject*)arguments[1];
        if (!worker.TryFinish(kind, (byte*)data + PyBytesObject.DataOffset, data->Size, parcel))
            return Errors.Runtime("there is no task to answer");
        ParcelHandle.Release(arguments[2]);
        return Api.Table._Py_NoneStruct;
    }

    /// <summary>The channel of an instance.</summary>
    internal static Channel ChannelOf(PyObject* self) =>
        Unsafe.As<Channel>(GCHandle.FromIntPtr(((Instance*)self)->Channel).Target!);

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        if (!ThisProcess.Check()) return null;
        if (((PyVarObject*)positional)->Size != 1 || named != null)
            return Errors.Type("Channel() takes exactly one argument");
        PyObject* deliver = Tuples.Items(positional)[0];
        PyObject* self = Api.Table.PyType_GenericAlloc(type, 0);
        if (self == null) return null;
        ((Instance*)self)->Channel = GCHandle.ToIntPtr(GCHandle.Alloc(new Channel(References.New(deliver))));
        return self;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        Api.Table.PyObject_GC_UnTrack(self);
        if (((Instance*)self)->Channel != 0)
        {
            Channel channel = ChannelOf(self);
            // In a forked child a thread that no longer exists may hold the lock. The channel's messages then stay until the
            // process ends.
            if (ForkGuard.IsForkedChild) return;
            channel.Close();
            for (Message* task; (task = channel.TakeBack()) != null;) Drop(task);
            References.Drop(channel.Answers.Deliver);
            GCHandle.FromIntPtr(((Instance*)self)->Channel).Free();
        }
        Api.Table.PyObject_GC_Del(self);
        References.Drop(type);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Traverse(PyObject* self, delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        int stop = visit(self->Type, argument);
        return stop != 0 || ((Instance*)self)->Channel == 0 ? stop : visit(ChannelOf(self).Answers.Deliver, argument);
    }

    [Callback]
    private static partial PyObject* Unanswered(PyObject* self, void* closure) =>
        Api.Table.PyLong_FromLongLong(ChannelOf(self).Unanswered);

    // Ownership of task and message changes within one call, so a signal handler's exception comes before or after that, never in
    // between.
    [Callback]
    private static partial PyObject* Put(PyObject* self, PyObject** arguments, nint count)
    {
        if (!ThisProcess.Check()) return null;
        long limit = 0;
        if (count is not (3 or 4) || arguments[1]->Type != Api.Table.PyBytes_Type)
            return Errors.Type("put() takes a subject, bytes, a parcel and a number of nanoseconds");
        if (count == 4 && !Number(arguments[3], out limit)) return null;
        if (!ParcelHandle.Read(arguments[2], out long parcel)) return null;
        PyBytesObject* data = (PyBytesObject*)arguments[1];
        Message* task = Message.Create(arguments[0], default, (byte*)data + PyBytesObject.DataOffset, data->Size, parcel);
        task->Limit = limit;
        References.Take(arguments[0]);
        Channel channel = ChannelOf(self);
        long number = -1;
        try
        {
            number = channel.Put(task);
        }
        finally
        {
            // The parcel remains the caller's.
            if (number < 0) task->Parcel = 0;
            if (number < 0) Drop(task);
        }
        if (number < 0) return Api.Table._Py_FalseStruct;
        ParcelHandle.Release(arguments[2]);
        PyObject* known = Api.Table.PyLong_FromLongLong(number);
        int failed = known == null ? -1 : Api.Table.PyObject_SetAttrString(arguments[0], Text.Utf8("_number"u8), known);
        References.Drop(known);
        if (failed == 0) return Api.Table._Py_TrueStruct;
        task = channel.Cancel(number);
        if (task != null) Drop(task);
        return null;
    }

    [Callback]
    private static partial PyObject* Cancel(PyObject* self, PyObject** arguments, nint count)
    {
        if (count != 2 || !IsList(arguments[1])) return Errors.Type("cancel() takes a number and a list");
        if (!Number(arguments[0], out long value)) return null;
        Message* task = ChannelOf(self).Cancel(value);
        return task == null || Append(arguments[1], task) ? Api.Table._Py_NoneStruct : null;
    }

    [Callback]
    private static partial PyObject* IsQueued(PyObject* self, PyObject* number)
    {
        if (!Number(number, out long value)) return null;
        return ChannelOf(self).IsQueued(value) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* Drain(PyObject* self, PyObject* taken)
    {
        if (!IsList(taken)) return Errors.Type("drain() takes a list");
        Channel channel = ChannelOf(self);
        for (Message* task; (task = channel.TakeBack()) != null;)
        {
            if (!Append(taken, task)) return null;
        }
        return Api.Table._Py_NoneStruct;
    }

    static bool IsList(PyObject* o) => o->Type == Api.Table.PyList_Type;

    // Frees the message of a cancelled task and appends its subject to the list. Returns false with an exception set.
    static bool Append(PyObject* taken, Message* task)
    {
        int failed = Api.Table.PyList_Append(taken, task->Subject);
        Drop(task);
        return failed == 0;
    }

    [Callback]
    private static partial PyObject* Close(PyObject* self, PyObject* none)
    {
        // A forked child may collect an executor; a thread that no longer exists may then hold the lock.
        if (!ForkGuard.IsForkedChild) ChannelOf(self).Close();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Interrupt(PyObject* self, PyObject* none)
    {
        ChannelOf(self).Interrupt();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* InterruptTask(PyObject* self, PyObject* number)
    {
        if (!Number(number, out long value)) return null;
        return ChannelOf(self).InterruptTask(value) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* Kill(PyObject* self, PyObject* none)
    {
        ChannelOf(self).Kill();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* AddRunning(PyObject* self, PyObject* subjects)
    {
        if (!IsList(subjects)) return Errors.Type("add_running() takes a list");
        List<nint> found = [];
        ChannelOf(self).AddRunning(found);
        bool failed = false;
        foreach (nint subject in found)
        {
            failed |= Api.Table.PyList_Append(subjects, (PyObject*)subject) != 0;
            References.Drop((PyObject*)subject);
        }
        return failed ? null : Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* LimitTasks(PyObject* self, PyObject* number)
    {
        if (!Number(number, out long value)) return null;
        ChannelOf(self).TasksOfAWorker = value;
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Recycle(PyObject* self, PyObject* none)
    {
        PyObject* list = Api.Table.PyList_New(0);
        if (list == null) return null;
        bool done = true;
        foreach (int number in ChannelOf(self).Recycle()) done = done && Add(list, number);
        if (done) return list;
        References.Drop(list);
        return null;
    }

    [Callback]
    private static partial PyObject* GiveUp(PyObject* self, PyObject* none)
    {
        ProgramEnd.GiveUp(ChannelOf(self));
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Stats(PyObject* self, PyObject* none)
    {
        Channel channel = ChannelOf(self);
        Dictionary<int, long> times = channel.BusyTimes(out int workers);
        (int queued, int running, long answered) = channel.Counts;
        PyObject* list = Api.Table.PyList_New(0);
        if (list == null) return null;
        bool done = Add(list, workers) && Add(list, queued) && Add(list, running) && Add(list, answered);
        foreach ((int number, long time) in times) done = done && Add(list, number) && Add(list, time);
        if (done) return list;
        References.Drop(list);
        return null;
    }

    static bool Add(PyObject* list, long number)
    {
        PyObject* item = Api.Table.PyLong_FromLongLong(number);
        bool done = item != null && Api.Table.PyList_Append(list, item) == 0;
        References.Drop(item);
        return done;
    }

    [Callback]
    private static partial PyObject* WasInterruptedSincePut(PyObject* self, void* closure) =>
        ChannelOf(self).WasInterruptedSincePut ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* Receive(PyObject* self, PyObject** arguments, nint count)
    {
        if (!ThisProcess.Check()) return null;
        if (count != 3 || !Number(arguments[0], out long nudges))
            return Errors.Type("receive() takes an int, a float or None, and a subject");
        long nanoseconds = -1;
        if (arguments[1] != Api.Table._Py_NoneStruct)
        {
            double seconds = Api.Table.PyFloat_AsDouble(arguments[1]);
            if (seconds == -1 && Api.Table.PyErr_Occurred() != null) return null;
            // The condition also holds for NaN, which counts as no time.
            if (!(seconds > 0)) return Api.Table._Py_FalseStruct;
            if (seconds < 1e9) nanoseconds = (long)(seconds * 1e9);
        }
        // The handle may hold the last reference to the channel, and a callback may drop the handle.
        References.Take(self);
        PyObject* result = ChannelOf(self).Answers.Receive((int)nudges, nanoseconds, arguments[2])
            ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
        References.Drop(self);
        return Api.Table.PyErr_Occurred() == null ? result : null;
    }

    [Callback]
    private static partial PyObject* Nudges(PyObject* self, void* closure) =>
        Api.Table.PyLong_FromLongLong(ChannelOf(self).Answers.Nudges);

    [Callback]
    private static partial PyObject* Nudge(PyObject* self, PyObject* none)
    {
        ChannelOf(self).Answers.Nudge();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Serve(PyObject* self, PyObject** arguments, nint count)
    {
        if (!ThisProcess.Check()) return null;
        if (count != 3 || arguments[0]->Type != Api.Table.PyBytes_Type || arguments[1]->Type != Api.Table.PyBytes_Type)
            return Errors.Type("serve() takes bytes, bytes and a number");
        if (!Number(arguments[2], out long number)) return null;
        if (WorkerInterpreter.Current is not null) return Errors.Runtime("this thread runs a worker interpreter already");
        return WorkerInterpreter.Serve(ChannelOf(self), arguments[0], arguments[1], (int)number);
    }

    // Frees a message. Called with the GIL of its subject's interpreter.
    static void Drop(Message* message)
    {
        PyObject* subject = message->Subject;
        Message.Free(message);
        References.Drop(subject);
    }

    static bool Number(PyObject* o, out long value)
    {
        value = -1;
        if (o->Type == Api.Table.PyLong_Type)
        {
            value = Api.Table.PyLong_AsLongLong(o);
            return value != -1 || Api.Table.PyErr_Occurred() == null;
        }
        Errors.Type("a task's number is an int");
        return false;
    }
}
