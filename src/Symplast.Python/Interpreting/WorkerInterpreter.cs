using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>
/// An own-GIL interpreter that serves a channel, on a thread that the owner interpreter started for it: created, run and ended on that
/// one thread, whose thread states in both interpreters are switched between.
/// </summary>
internal sealed unsafe class WorkerInterpreter
{
    /// <summary>Kind of the answer to a task whose worker ended before it was done; the data are UTF-8 text. Python's other kinds are not negative.</summary>
    const long LostTask = -1;

    // Field reports for 3.12 speak of crashes when interpreters start and end at the same time.
    static readonly Lock CreationGate = new();

    readonly Channel _channel;
    readonly void* _ownerThread;
    void* _interpreter;
    Message* _task;
    bool _busy;

    WorkerInterpreter(Channel channel, void* ownerThread)
    {
        _channel = channel;
        _ownerThread = ownerThread;
    }

    /// <summary>The worker that runs on this thread, if one does.</summary>
    [field: ThreadStatic]
    internal static WorkerInterpreter? Current { get; private set; }

    /// <summary>The channel it serves.</summary>
    internal Channel Channel => _channel;

    /// <summary>
    /// Creates an interpreter, runs <paramref name="source"/> in it with <c>settings</c> (bytes) defined, and ends it. Called with the owner's
    /// GIL on a thread of its own; returns null with the owner's exception set if the interpreter cannot be created or the source raises, which then
    /// is a RuntimeError with the traceback's text.
    /// </summary>
    internal static PyObject* Serve(Channel channel, PyObject* source, PyObject* settings)
    {
        ref Api api = ref Api.Table;
        // Copies, because the owner's objects must not be touched under another GIL.
        byte* sourceText = (byte*)NativeMemory.AllocZeroed((nuint)((PyBytesObject*)source)->Size + 1);
        nint settingsLength = ((PyBytesObject*)settings)->Size;
        byte* settingsData = (byte*)NativeMemory.Alloc((nuint)settingsLength + 1);
        Buffer.MemoryCopy((byte*)source + PyBytesObject.DataOffset, sourceText, ((PyBytesObject*)source)->Size, ((PyBytesObject*)source)->Size);
        Buffer.MemoryCopy((byte*)settings + PyBytesObject.DataOffset, settingsData, settingsLength, settingsLength);
        string? failure;
        try
        {
            WorkerInterpreter worker = new(channel, api.PyThreadState_Get());
            failure = worker.Create(out void* thread);
            if (failure is null)
            {
                Current = worker;
                channel.Join(worker);
                failure = Run(sourceText, settingsData, settingsLength);
                worker.AnswerForLost(failure);
                channel.Leave(worker);
                Current = null;
                worker.End(thread);
            }
        }
        finally
        {
            NativeMemory.Free(sourceText);
            NativeMemory.Free(settingsData);
        }
        return failure is null ? api._Py_NoneStruct : Errors.Runtime(failure);
    }

    /// <summary>Notes the task that the worker has taken; an interrupt reaches it from here on.</summary>
    internal void Begin(Message* task)
    {
        _task = task;
        // Release; pairs with the acquire in Interrupt.
        Volatile.Write(ref _busy, true);
    }

    /// <summary>Answers the task that was taken. False if there is none.</summary>
    internal bool TryFinish(long kind, byte* data, nint length)
    {
        if (_task == null) return false;
        Message* answer = Message.Create(_task->Subject, kind, data, length);
        // Release; pairs with the acquire in Interrupt. An interrupt that was a moment late is caught by the worker's loop.
        Volatile.Write(ref _busy, false);
        Message.Free(_task);
        _task = null;
        Answer(answer);
        return true;
    }

    // A worker that ends in the middle of a task would leave the owner waiting for ever.
    void AnswerForLost(string? failure)
    {
        if (_task == null) return;
        byte[] text = System.Text.Encoding.UTF8.GetBytes(failure ?? "the worker interpreter ended");
        fixed (byte* data = text) TryFinish(LostTask, data, text.Length);
    }

    /// <summary>Asks the interpreter to raise KeyboardInterrupt where it stands. Called under the channel's lock on its workers.</summary>
    internal void Interrupt()
    {
        // Acquire; pairs with the releases in Begin and TryFinish.
        if (!Volatile.Read(ref _busy)) return;
        Api.Table._PyEval_AddPendingCall(_interpreter, (delegate* unmanaged[Cdecl]<void*, int>)&RaiseKeyboardInterrupt, null, 0);
    }

    /// <summary>Leaves an answer and, if nobody else is at it, delivers with the owner's GIL in place of this interpreter's.</summary>
    void Answer(Message* answer)
    {
        if (!_channel.Answer(answer)) return;
        ref Api api = ref Api.Table;
        void* own = api.PyEval_SaveThread();
        api.PyEval_RestoreThread(_ownerThread);
        _channel.DeliverAll();
        api.PyEval_SaveThread();
        api.PyEval_RestoreThread(own);
    }

    // On success the new interpreter's thread state is current, else the owner's is again.
    string? Create(out void* thread)
    {
        ref Api api = ref Api.Table;
        PyInterpreterConfig config = new() { AllowThreads = 1, CheckMultiInterpExtensions = 1, Gil = PyInterpreterConfig.OwnGil };
        void* created = null;
        bool serial = !Layout.Current.ParallelInterpreterCreation;
        if (serial) EnterCreation();
        PyStatus status = api.Py_NewInterpreterFromConfig(&created, &config);
        if (serial) CreationGate.Exit();
        thread = created;
        if (status.Type != 0 || created == null)
        {
            string reason = status.Message == null ? "unknown reason" : Marshal.PtrToStringUTF8((nint)status.Message)!;
            return $"an interpreter could not be created: {reason}";
        }
        _interpreter = api.PyThreadState_GetInterpreter(created);
        return null;
    }

    // Its own GIL is given up while it waits, so that whoever creates can deliver to it.
    static void EnterCreation()
    {
        void* thread = Api.Table.PyEval_SaveThread();
        CreationGate.Enter();
        Api.Table.PyEval_RestoreThread(thread);
    }

    /// <summary>Runs the source. Returns null, or what went wrong, as text, since no object may leave the interpreter.</summary>
    static string? Run(byte* source, byte* settings, nint settingsLength)
    {
        const int FileInput = 257;
        ref Api api = ref Api.Table;
        PyObject* scope = api.PyDict_New();
        PyObject* data = api.PyBytes_FromStringAndSize(settings, settingsLength);
        PyObject* code = api.Py_CompileString(source, Text.Utf8("<symplast worker>"u8), FileInput);
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
        string description = "a worker interpreter failed";
        if (exception != null)
        {
            PyObject* text = api.PyObject_Str(exception);
            description = $"a worker interpreter failed: {Text.TypeName(exception)}: {(text == null ? "" : Text.FromPython(text))}";
            References.Drop(text);
            References.Drop(exception);
        }
        api.PyErr_Clear();
        return description;
    }

    void End(void* thread)
    {
        ref Api api = ref Api.Table;
        if (HasStrayThreads())
        {
            // Ending it under them would be a fatal error of CPython; so it is left alive, with its leases.
            api.PyEval_SaveThread();
        }
        else
        {
            bool serial = !Layout.Current.ParallelInterpreterCreation;
            if (serial) EnterCreation();
            api.Py_EndInterpreter(thread);
            if (serial) CreationGate.Exit();
        }
        api.PyEval_RestoreThread(_ownerThread);
        Interpreters.EndLeasesOfEnded();
    }

    // Py_EndInterpreter waits for the threads that the threading module knows; those that tasks started by other means it does not.
    bool HasStrayThreads()
    {
        ref Api api = ref Api.Table;
        nint threads = 0;
        for (void* state = api.PyInterpreterState_ThreadHead(_interpreter); state != null; state = api.PyThreadState_Next(state)) threads++;
        if (threads == 1) return false;
        PyObject* name = Text.ToPython("threading");
        PyObject* threading = name == null ? null : api.PyImport_GetModule(name);
        PyObject* enumerate = threading == null ? null : api.PyObject_GetAttrString(threading, Text.Utf8("enumerate"u8));
        PyObject* known = enumerate == null ? null : api.PyObject_CallNoArgs(enumerate);
        api.PyErr_Clear();
        bool stray = threads > (known == null ? 1 : ((PyListObject*)known)->Size);
        References.Drop(known);
        References.Drop(enumerate);
        References.Drop(threading);
        References.Drop(name);
        return stray;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int RaiseKeyboardInterrupt(void* argument)
    {
        Api.Table.PyErr_SetNone(*Api.Table.PyExc_KeyboardInterrupt);
        return -1;
    }
}
