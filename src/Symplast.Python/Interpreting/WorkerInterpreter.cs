using System.Diagnostics;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Symplast.Python.Extensions;

namespace Symplast.Python.Interpreting;

/// <summary>
/// An own-GIL interpreter that serves a channel. It is created, run and ended on one thread, which the owner interpreter started
/// for it. That thread has a thread state in both interpreters and switches between them.
/// </summary>
internal sealed unsafe class WorkerInterpreter
{
    // The memory that an interpreter takes until it has imported what a worker needs, with a margin; measured 3 to 5 MiB.
    const nuint MemoryForOne = 16 << 20;

    // Users of 3.12 have reported crashes when interpreters start and end at the same time.
    static readonly WordLock CreationGate = WordLock.Create();

    const string ProgramEnds = "the program ends";
    const string NoMemory = "there is no memory for a worker interpreter";

    readonly Channel _channel;
    readonly void* _ownerThread;
    readonly nuint _threadId = Api.Table.PyThread_get_thread_ident();
    void* _interpreter;
    Message* _task;
    Message* _answer;       // the answer to the last task; sent when the next task is taken
    bool _served;           // whether the worker has answered a task
    bool _isReady;          // whether the worker has asked for a task
    bool _retires;          // whether the worker ends because another one is to take its place
    long _begun;            // when the task was taken; 0 while there is none
    long _busyTime;         // in earlier tasks

    WorkerInterpreter(Channel channel, void* ownerThread, int number)
    {
        _channel = channel;
        _ownerThread = ownerThread;
        Number = number;
    }

    /// <summary>The interpreter's state.</summary>
    internal void* Interpreter => _interpreter;

    /// <summary>The worker that runs on the calling thread; null if there is none.</summary>
    [field: ThreadStatic]
    internal static WorkerInterpreter? Current { get; private set; }

    /// <summary>The channel that the worker serves.</summary>
    internal Channel Channel => _channel;

    /// <summary>The worker's number among those of its channel. A worker that takes its place has the same one.</summary>
    internal int Number { get; }

    /// <summary>The exceptions that other threads want raised in this one.</summary>
    internal Interrupts Interrupts { get; } = new();

    /// <summary>The thread's identifier, which a worker that takes this one's place shares.</summary>
    internal nuint ThreadId => _threadId;

    /// <summary>The number of tasks that the worker has answered. Guarded by the channel's lock.</summary>
    internal long Answered { get; set; }

    /// <summary>
    /// The channel's generation when the worker began; older workers are to be replaced. Guarded by the channel's lock.
    /// </summary>
    internal int Generation { get; set; }

    /// <summary>
    /// The owner's object of the task that the worker has, whose answer was not sent yet; or null. Guarded by the channel's lock.
    /// </summary>
    internal PyObject* Subject { get; set; }

    /// <summary>Nanoseconds in tasks until now. Any thread may ask.</summary>
    internal long BusyTime
    {
        get
        {
            // The values may be of different tasks; then the sum is off by less than the time since one of them began.
            long begun = Volatile.Read(ref _begun), earlier = Volatile.Read(ref _busyTime);
            return begun == 0 ? earlier : earlier + Stopwatch.GetTimestamp() - begun;
        }
    }

    /// <summary>
    /// Creates an interpreter, runs <paramref name="source"/> in it with <c>settings</c> (bytes) defined, and ends it. Called
    /// with the owner's GIL on a thread of its own. Returns None if the source returns. Returns null with the owner's
    /// RuntimeError set if the interpreter cannot be created, or if the source raises before a task was answered. If it raises
    /// after a task was answered, that task may be the cause: then the exception's text is returned, and another interpreter can
    /// take this one's place. Returns False if another interpreter is to take this one's place as planned.
    /// </summary>
    internal static PyObject* Serve(Channel channel, PyObject* source, PyObject* settings, int number)
    {
        ref Api api = ref Api.Table;
        if (!MemoryTracing.AllowsWorkers) return Errors.Runtime(MemoryTracing.Refusal);
        if (!ProgramEnd.TryEnter(channel)) return Errors.Runtime(ProgramEnds);
        // Copied, because the owner's objects may not be used under another GIL.
        byte* sourceText = (byte*)NativeMemory.AllocZeroed((nuint)((PyBytesObject*)source)->Size + 1);
        nint settingsLength = ((PyBytesObject*)settings)->Size;
        byte* settingsData = (byte*)NativeMemory.Alloc((nuint)settingsLength + 1);
        Buffer.MemoryCopy(
            (byte*)source + PyBytesObject.DataOffset, sourceText, ((PyBytesObject*)source)->Size, ((PyBytesObject*)source)->Size);
        Buffer.MemoryCopy((byte*)settings + PyBytesObject.DataOffset, settingsData, settingsLength, settingsLength);
        string? failure;
        bool served = false, retires = false;
        MemoryTracing.LeaveOut();
        try
        {
            WorkerInterpreter worker = new(channel, api.PyThreadState_Get(), number);
            Current = worker;
            try
            {
                failure = worker.Create(out void* thread);
                if (failure is null)
                {
                    failure = worker.Live(sourceText, settingsData, settingsLength);
                    served = worker._served;
                    retires = worker._retires;
                    worker.End(thread);
                }
                else
                {
                    worker.Interrupts.Free();
                }
            }
            finally
            {
                Current = null;
            }
        }
        finally
        {
            MemoryTracing.TakeIn();
            ProgramEnd.Leave(channel);
            NativeMemory.Free(sourceText);
            NativeMemory.Free(settingsData);
        }
        if (failure is null) return retires ? api._Py_FalseStruct : api._Py_NoneStruct;
        return served ? Text.ToPython(failure) : Errors.Runtime(failure);
    }

    // Runs the interpreter from creation to end and returns the failure. It must not throw, or the caller could not tell which
    // GIL it holds.
    string? Live(byte* source, byte* settings, nint settingsLength)
    {
        string? failure;
        try
        {
            _channel.Join(this);
            if (_channel.Interrupted) Interrupts.Stop();
            failure = Run(source, settings, settingsLength);
        }
        catch (Exception e)
        {
            Api.Table.PyErr_Clear();
            failure = e is OutOfMemoryException ? NoMemory : "symplast: internal error: " + e.Message;
        }
        AnswerForLost(failure);
        _channel.Leave(this);
        Interrupts.Forget();
        return failure;
    }

    /// <summary>
    /// Sends the answer to the last task and waits for the next task, which the worker must answer. Returns null when no task
    /// will follow. Called with the worker's GIL, which is released while it waits.
    /// </summary>
    internal Message* Take()
    {
        Interrupts.Rest();
        if (!_isReady)
        {
            _isReady = true;
            _channel.EndReplacement(_threadId);
        }
        ref Api api = ref Api.Table;
        Message* task = Exchange(out Channel.Duty duty);
        if (task == null && duty != Channel.Duty.Retire)
        {
            void* thread = api.PyEval_SaveThread();
            task = _channel.Take(this, spin: duty == Channel.Duty.Spin, out duty);
            api.PyEval_RestoreThread(thread);
        }
        _retires = duty == Channel.Duty.Retire;
        if (task == null) return null;
        Begin(task);
        return task;
    }

    // The worker has taken a task.
    void Begin(Message* task)
    {
        _task = task;
        _begun = Stopwatch.GetTimestamp();
        Interrupts.Begin(task->Limit);
        if (_channel.Interrupted) Interrupts.Stop();
    }

    /// <summary>
    /// Answers the task that was taken last; the next <see cref="Take"/> sends the answer. Returns false if there is no such
    /// task.
    /// </summary>
    internal bool TryFinish(AnswerKind kind, byte* data, nint length, long parcel = 0)
    {
        if (_task == null) return false;
        _answer = Message.Create(_task->Subject, kind, data, length, parcel);
        Interrupts.Shield();
        // The worker's loop catches a KeyboardInterrupt that arrives after this.
        Interrupts.Rest();
        _busyTime += Stopwatch.GetTimestamp() - _begun;
        _begun = 0;
        Message.Free(_task);
        _task = null;
        _served = true;
        return true;
    }

    // Answers an unfinished task when the worker ends; otherwise the owner would wait for ever.
    void AnswerForLost(string? failure)
    {
        if (_task != null)
        {
            try
            {
                byte[] text = System.Text.Encoding.UTF8.GetBytes(failure ?? "the worker interpreter ended");
                fixed (byte* data = text) TryFinish(AnswerKind.Lost, data, text.Length);
            }
            catch (OutOfMemoryException)
            {
                // The task's message becomes an answer without text, which needs no memory.
                _answer = _task;
                _answer->Kind = AnswerKind.Lost;
                _answer->Length = 0;
                _task = null;
            }
        }
        if (_answer != null && _channel.Send(_answer, this)) Deliver();
        _answer = null;
    }

    // Sends the answer. If there is no other deliverer, delivers it with the owner's GIL in place of this interpreter's. Then
    // takes the next task if there is one.
    Message* Exchange(out Channel.Duty duty)
    {
        Message* answer = _answer;
        _answer = null;
        Message* task = _channel.Exchange(answer, this, out duty);
        while (duty == Channel.Duty.Deliver)
        {
            Deliver();
            task = _channel.Exchange(null, this, out duty);
        }
        return task;
    }

    void Deliver()
    {
        ref Api api = ref Api.Table;
        void* own = api.PyEval_SaveThread();
        api.PyEval_RestoreThread(_ownerThread);
        MemoryTracing.TakeIn();
        PyObject* raised = _channel.Answers.DeliverAll();
        if (raised != null)
        {
            // concurrent.futures logs what a user's callback raises. Any other exception must be reported, too.
            api.PyErr_SetRaisedException(raised);
            api.PyErr_WriteUnraisable(_channel.Answers.Deliver);
        }
        MemoryTracing.LeaveOut();
        api.PyEval_SaveThread();
        api.PyEval_RestoreThread(own);
    }

    // On success the new interpreter's thread state is current, otherwise the owner's.
    string? Create(out void* thread)
    {
        ref Api api = ref Api.Table;
        thread = null;
        if (Unloading.Run()) WarnOfMappings();
        // Not every part of CPython survives if memory runs out while an interpreter is created.
        if (!MemoryProbe.Has(MemoryForOne)) return NoMemory;
        PyInterpreterConfig config =
            new() { AllowThreads = 1, AllowDaemonThreads = 1, CheckMultiInterpExtensions = 1, Gil = PyInterpreterConfig.OwnGil };
        void* created = null;
        bool serial = !Layout.Current.ParallelInterpreterCreation;
        if (!ProgramEnd.TryBeginChange()) return ProgramEnds;
        if (serial) EnterCreation();
        PyStatus status = api.Py_NewInterpreterFromConfig(&created, &config);
        if (serial) CreationGate.Exit();
        thread = created;
        if (status.Type != 0 || created == null)
        {
            ProgramEnd.EndChange();
            string reason = status.Message == null ? "unknown reason" : Marshal.PtrToStringUTF8((nint)status.Message)!;
            return $"an interpreter could not be created: {reason}";
        }
        _interpreter = api.PyThreadState_GetInterpreter(created);
        Interrupts.Attach(_interpreter);
        ProgramEnd.EndChange(begun: this);
        return null;
    }

    static void WarnOfMappings()
    {
        ref Api api = ref Api.Table;
        string message =
            $"private copies of libraries that cannot be unloaded have added up to more than {Unloading.ManyMappings:N0} "
            + "mappings in this process, "
            + "which Linux limits (vm.max_map_count): keep workers rather than making new ones";
        nint text = Marshal.StringToCoTaskMemUTF8(message);
        if (api.PyErr_WarnEx(*api.PyExc_RuntimeWarning, (byte*)text, 1) != 0) api.PyErr_WriteUnraisable(null);
        Marshal.FreeCoTaskMem(text);
    }

    // The caller's GIL is released while it waits, so that the thread that creates an interpreter can deliver answers to it.
    static void EnterCreation()
    {
        void* thread = Api.Table.PyEval_SaveThread();
        CreationGate.Enter();
        Api.Table.PyEval_RestoreThread(thread);
    }

    /// <summary>Runs the source. Returns null, or the failure as text, since no object may leave the interpreter.</summary>
    static string? Run(byte* source, byte* settings, nint settingsLength)
    {
        ref Api api = ref Api.Table;
        PyObject* scope = api.PyDict_New();
        PyObject* data = api.PyBytes_FromStringAndSize(settings, settingsLength);
        PyObject* code = api.Py_CompileString(source, Text.Utf8("<symplast worker>"u8), Api.Py_file_input);
        bool done = scope != null && data != null && code != null
            && api.PyDict_SetItemString(scope, Text.Utf8("__builtins__"u8), api.PyEval_GetBuiltins()) == 0
            && api.PyDict_SetItemString(scope, Text.Utf8("settings"u8), data) == 0;
        if (done)
        {
            PyObject* result = api.PyEval_EvalCode(code, scope, scope);
            done = result != null;
            References.Drop(result);
        }
        string? failure = done ? null : DescribeException();
        References.Drop(code);
        References.Drop(data);
        References.Drop(scope);
        return failure;
    }

    static string DescribeException()
    {
        ref Api api = ref Api.Table;
        PyObject* exception = api.PyErr_GetRaisedException();
        ForgetObservers();
        string description = "a worker interpreter failed";
        if (exception != null)
        {
            PyObject* text = api.PyObject_Str(exception);
            description =
                $"a worker interpreter failed: {Text.TypeName(exception)}: {(text == null ? "" : Text.FromPython(text))}";
            References.Drop(text);
            References.Drop(exception);
        }
        api.PyErr_Clear();
        return description;
    }

    // Removes the tracing and profiling functions that a task has left: one of them may have raised the exception, and would
    // raise again until the interpreter has ended.
    static void ForgetObservers()
    {
        const int Tools = 6, Events = 32;
        ref Api api = ref Api.Table;
        api.PyEval_SetTrace(null, null);
        api.PyEval_SetProfile(null, null);
        PyObject* monitoring = api.PySys_GetObject(Text.Utf8("monitoring"u8));
        PyObject* register = monitoring == null ? null : api.PyObject_GetAttrString(monitoring, Text.Utf8("register_callback"u8));
        PyObject** arguments = stackalloc PyObject*[3];
        arguments[2] = api._Py_NoneStruct;
        for (int i = 0; register != null && i < Tools * Events; i++)
        {
            arguments[0] = api.PyLong_FromLongLong(i / Events);
            arguments[1] = api.PyLong_FromLongLong(1L << i % Events);
            if (arguments[0] != null && arguments[1] != null)
                References.Drop(api.PyObject_Vectorcall(register, arguments, 3, null));
            // Some bits are no events.
            api.PyErr_Clear();
            References.Drop(arguments[0]);
            References.Drop(arguments[1]);
        }
        References.Drop(register);
        api.PyErr_Clear();
    }

    void End(void* thread)
    {
        ref Api api = ref Api.Table;
        // Before threads are counted: from here on no thread gets a thread state in the interpreter.
        CopyOwner* owner = CopyOwner.EndOf(_interpreter);
        LetVisitorsLeave(owner != null ? MostForVisitors : MostForEnding);
        if (HasStrayThreads())
        {
            // Ending it now would be a fatal error of CPython. So it is left alive, and keeps its leases.
            ProgramEnd.Abandon(_interpreter);
            // Nobody may wait for ever for what its threads hold.
            LockOwners.EndThoseOf(api.PyInterpreterState_GetID(_interpreter));
            if (owner != null) owner->IsAbandoned = true;
            api.PyEval_SaveThread();
        }
        else
        {
            if (!ProgramEnd.TryBeginChange()) ProgramEnd.Park();
            bool serial = !Layout.Current.ParallelInterpreterCreation;
            if (serial) EnterCreation();
            long number = api.PyInterpreterState_GetID(_interpreter);
            api.Py_EndInterpreter(thread);
            if (serial) CreationGate.Exit();
            ProgramEnd.EndChange(ended: this);
            Interrupts.Free();
            Unloading.Add(owner, Arenas.TakeOf(number));
        }
        api.PyEval_RestoreThread(_ownerThread);
        Leases.EndThoseOfEnded();
    }

    // Milliseconds. Threads of C libraries that are in the interpreter for a callback, or wait for its GIL, leave soon or stay
    // for ever. Threads that have ended from Python's point of view leave soon as well.
    const int MostForVisitors = 1000, MostForEnding = 50;

    void LetVisitorsLeave(int most)
    {
        for (int i = 0; i < most && HasStrayThreads(); i++)
        {
            void* thread = Api.Table.PyEval_SaveThread();
            Thread.Sleep(1);
            Api.Table.PyEval_RestoreThread(thread);
        }
    }

    // The worker's code has joined the threads of the threading module and stopped daemons. Threads that tasks started by other
    // means may still run, and so may threads in C code.
    bool HasStrayThreads()
    {
        void* first = Api.Table.PyInterpreterState_ThreadHead(_interpreter);
        return Api.Table.PyThreadState_Next(first) != null;
    }
}
