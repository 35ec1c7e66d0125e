using System.Diagnostics;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Extensions;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Ends the workers before the program ends. CPython ends the interpreters that are left, the newest first. That would end
/// workers while their threads run (3.14 and 3.15: hang, crash); and 3.12 and 3.13 must not find a thread of another interpreter.
/// So an atexit function of the main interpreter ends all workers first, including those of owners that the program made and left
/// open.
/// </summary>
/// <remarks>
/// Workers that the main interpreter owns have ended by then, because threads are joined before atexit functions run. The
/// exceptions are workers that were stopped or killed and do not end, because a task sits in C code. They are given up: their
/// interpreters are treated as those of <see cref="Abandon"/>, and their threads as daemon threads.
/// </remarks>
internal static unsafe partial class ProgramEnd
{
    const int ControlC = 2;
    const int StatusOfControlC = 128 + ControlC;
    const long Look = 100_000_000;              // nanoseconds between two checks for signals
    static readonly long Grace = Stopwatch.Frequency / 2;

    // Guards all fields below except the word Workers.
    static readonly WordLock Gate = WordLock.Create();
    static readonly List<Channel> Served = [];  // once for each worker whose owner is not the main interpreter
    static readonly HashSet<long> Owners = [];
    static readonly int* Workers = (int*)NativeMemory.AllocZeroed(sizeof(int));     // number of entries in Served
    static readonly List<nint> Abandoned = [];  // interpreters that no longer end
    static readonly List<WorkerInterpreter> Alive = [];     // workers of all owners
    static readonly int* Changing = (int*)NativeMemory.AllocZeroed(sizeof(int));    // workers that are beginning or ending now
    static readonly int* Never = (int*)NativeMemory.AllocZeroed(sizeof(int));
    static bool _begun;
    static bool _isOver;        // whether no worker may begin or end any more
    static bool _registered;

    /// <summary>Registers a worker that begins; returns false if the program is ending. Called with the owner's GIL.</summary>
    internal static bool TryEnter(Channel channel)
    {
        long owner = Interpreters.CurrentId();
        Gate.Enter();
        bool goesOn = !_begun;
        if (goesOn && owner != Interpreters.MainId)
        {
            Served.Add(channel);
            Owners.Add(owner);
            *Workers = Served.Count;
        }
        Gate.Exit();
        return goesOn;
    }

    /// <summary>Unregisters a worker that has ended.</summary>
    internal static void Leave(Channel channel)
    {
        Gate.Enter();
        Served.Remove(channel);
        *Workers = Served.Count;
        Gate.Exit();
        Futex.Wake(Workers, int.MaxValue);
    }

    /// <summary>The end of the program does not wait for the channel's workers, which were stopped and have not ended.</summary>
    internal static void GiveUp(Channel channel)
    {
        Gate.Enter();
        Served.RemoveAll(served => served == channel);
        *Workers = Served.Count;
        Gate.Exit();
        Futex.Wake(Workers, int.MaxValue);
    }

    /// <summary>Records a worker's interpreter that cannot be ended, because threads of its own are in C code.</summary>
    internal static void Abandon(void* interpreter)
    {
        using (Gate.Hold())
        {
            // In the other order an interpreter would be in neither list if memory runs out.
            Abandoned.Add((nint)interpreter);
            nint gone = (nint)interpreter;
            Alive.RemoveAll(worker => (nint)worker.Interpreter == gone);
        }
    }

    /// <summary>
    /// Called before an interpreter is created or ended; <see cref="EndChange"/> must follow. Returns false if no interpreter may
    /// begin or end any more.
    /// </summary>
    internal static bool TryBeginChange()
    {
        using (Gate.Hold())
        {
            if (_isOver) return false;
            // So that EndChange needs no memory.
            Alive.EnsureCapacity(Alive.Count + *Changing + 1);
            (*Changing)++;
            return true;
        }
    }

    /// <summary>Called when an interpreter was created or has ended; the worker is null if it could not be created.</summary>
    internal static void EndChange(WorkerInterpreter? begun = null, WorkerInterpreter? ended = null)
    {
        using (Gate.Hold())
        {
            if (begun is not null) Alive.Add(begun);
            if (ended is not null) Alive.Remove(ended);
            (*Changing)--;
        }
        Futex.Wake(Changing, int.MaxValue);
    }

    /// <summary>Keeps the calling thread from going on. Its GIL is released.</summary>
    internal static void Park()
    {
        Api.Table.PyEval_SaveThread();
        while (true) Futex.Wait(Never, 0);
    }

    /// <summary>
    /// Registers the atexit function, once. Called in the main interpreter; returns false with an exception set.
    /// </summary>
    internal static bool Register()
    {
        if (_registered) return true;
        ref Api api = ref Api.Table;
        PyMethodDef* definition = Table(
            NoArgs("end_workers"u8, &EndWorkers, "End the workers of symplast's executors."u8));
        PyObject* function = api.PyCFunction_NewEx(definition, null, null);
        PyObject* module = function == null ? null : api.PyImport_ImportModule(Text.Utf8("atexit"u8));
        PyObject* register = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("register"u8));
        PyObject* result = register == null ? null : api.PyObject_CallOneArg(register, function);
        References.Drop(result);
        References.Drop(register);
        References.Drop(module);
        References.Drop(function);
        _registered = result != null;
        return _registered;
    }

    [Callback]
    private static partial PyObject* EndWorkers(PyObject* self, PyObject* none)
    {
        if (ForkGuard.IsForkedChild) return Api.Table._Py_NoneStruct;
        Gate.Enter();
        _begun = true;
        Channel[] channels = [.. Served];
        long[] owners = [.. Owners];
        Gate.Exit();
        foreach (Channel channel in channels) channel.Close();
        PyObject* raised = AwaitWorkers(channels);
        foreach (long owner in owners) AwaitThreads(owner);
        GiveUpTheRest();
        ArgumentParsers.KeepNames();
        if (raised == null) return Api.Table._Py_NoneStruct;
        Api.Table.PyErr_SetRaisedException(raised);
        return null;
    }

    // From here on no worker begins or ends. Those that are still there do not leave C code.
    static void GiveUpTheRest()
    {
        using (Gate.Hold()) _isOver = true;
        void* thread = Api.Table.PyEval_SaveThread();
        // Volatile, so that each turn reads anew. A thread that changes the word wakes the waiters afterwards.
        for (int some; (some = Volatile.Read(ref *Changing)) != 0;) Futex.Wait(Changing, some);
        Api.Table.PyEval_RestoreThread(thread);
        Gate.Enter();
        nint[] abandoned = [.. Abandoned];
        nint[] left = new nint[Alive.Count];
        for (int i = 0; i < left.Length; i++) left[i] = (nint)Alive[i].Interpreter;
        Gate.Exit();
        foreach (nint interpreter in abandoned) InterpreterList.Remove((void*)interpreter);
        foreach (nint interpreter in left) InterpreterList.Remove((void*)interpreter);
        // The code of a worker that is left would go on when its task leaves C code, on any version.
        Standstill.Begin(Layout.Current.ThreadsOutliveRuntime ? [.. abandoned, .. left] : left);
    }

    // Returns a new reference to the exception that a signal handler raised meanwhile, such as KeyboardInterrupt, or null.
    static PyObject* AwaitWorkers(Channel[] channels)
    {
        ref Api api = ref Api.Table;
        PyObject* raised = null;
        long end = long.MaxValue;
        // Volatile, so that each turn reads anew. A thread that changes the word wakes the waiters afterwards.
        for (int left; (left = Volatile.Read(ref *Workers)) != 0;)
        {
            void* thread = api.PyEval_SaveThread();
            Futex.Wait(Workers, left, Look);
            api.PyEval_RestoreThread(thread);
            if (raised == null && api.PyErr_CheckSignals() != 0)
            {
                raised = api.PyErr_GetRaisedException();
                foreach (Channel channel in channels) channel.Interrupt();
                end = Stopwatch.GetTimestamp() + Grace;
            }
            if (Stopwatch.GetTimestamp() > end) DieOfInterrupt();
        }
        return raised;
    }

    // The owner's threads must leave its code, too. Its own exit function waits for them, as it does when the owner is closed.
    static void AwaitThreads(long owner)
    {
        void* interpreter = Api.Table._PyInterpreterState_LookUpID(owner);
        if (interpreter == null) Api.Table.PyErr_Clear();
        else if (interpreter != Api.Table.PyInterpreterState_Main()) Visit.Run(interpreter, &CallExitFunction);
    }

    static bool CallExitFunction()
    {
        ref Api api = ref Api.Table;
        PyObject* name = Text.ToPython("symplast.executor");
        PyObject* module = name == null ? null : api.PyImport_GetModule(name);
        PyObject* function = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("_at_exit"u8));
        PyObject* result = function == null ? null : api.PyObject_CallNoArgs(function);
        References.Drop(result);
        References.Drop(function);
        References.Drop(module);
        References.Drop(name);
        return result != null;
    }

    // A task in C code cannot be stopped. So the program dies of SIGINT, as programs usually do on Ctrl-C.
    static void DieOfInterrupt()
    {
        ref Api api = ref Api.Table;
        PyObject* stream = api.PySys_GetObject(Text.Utf8("stdout"u8));
        PyObject* flush = stream == null ? null : api.PyObject_GetAttrString(stream, Text.Utf8("flush"u8));
        PyObject* result = flush == null ? null : api.PyObject_CallNoArgs(flush);
        if (result == null) api.PyErr_Clear();
        SetAction(ControlC, 0);
        Kill(GetProcess(), ControlC);
        Exit(StatusOfControlC);
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetAction(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "getpid")]
    private static partial int GetProcess();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int status);
}
