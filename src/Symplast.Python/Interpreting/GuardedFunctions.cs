using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Guards for functions of CPython that keep objects of one interpreter for the whole process, or read the state of all
/// interpreters. With several interpreters they would crash the process. A guard refuses a call that would crash and passes on
/// any other call.
/// </summary>
/// <remarks>
/// <para>The guard replaces the function's address in its PyMethodDef, which is static data of CPython. The function objects of
/// all interpreters point to it, so the guard holds in each of them and under every name that a program has given the function. A
/// function that raises an audit event and need not be guarded in workers is refused by an audit hook instead
/// (<c>symplast.executor</c>).</para>
/// <para>A guard fits every calling convention: the at most four arguments are in registers on x64 and arm64, and are passed on
/// unchanged.</para>
/// </remarks>
internal static unsafe partial class GuardedFunctions
{
    // In the order of the table in Install.
    enum Guarded
    {
        ForkExec,
        CurrentFrames,
        CurrentExceptions,
        GetSignal,
        TraceStart,
        TraceStop,
        TraceClear,
        TraceGetAll,
        TraceGetOne,
        FaultEnable,
        FaultDisable,
        FaultRegister,
        FaultUnregister,
        FaultLater,
        FaultCancelLater,
        PerfActivate,
        PerfDeactivate,
        StartThread,
        StartThreadOldName,
        StartJoinable,
        Sleep,
        DefaultInterrupt,
        Count,
    }

    // preexec_fn among the arguments of fork_exec, 3.12 to 3.15.
    const int PreexecArgument = 21;
    const int MostSignals = 64;
    const int SizeOfAction = 256;       // of sigaction's struct, with room to spare; the handler is its first field

    static readonly nint* Originals = (nint*)NativeMemory.AllocZeroed((nuint)Guarded.Count, (nuint)sizeof(nint));
    static readonly int* Flags = (int*)NativeMemory.AllocZeroed((nuint)Guarded.Count, sizeof(int));
    static bool _installed;

    /// <summary>
    /// Installs all guards, once a process. Called in the main interpreter; returns false with an exception set.
    /// </summary>
    internal static bool Install()
    {
        if (_installed) return true;
        bool done = Guard("_posixsubprocess"u8, "fork_exec"u8, Guarded.ForkExec, &ForkExec)
            && Guard("sys"u8, "_current_frames"u8, Guarded.CurrentFrames, &CurrentFrames)
            && Guard("sys"u8, "_current_exceptions"u8, Guarded.CurrentExceptions, &CurrentExceptions)
            && Guard("sys"u8, "activate_stack_trampoline"u8, Guarded.PerfActivate, &PerfActivate)
            && Guard("sys"u8, "deactivate_stack_trampoline"u8, Guarded.PerfDeactivate, &PerfDeactivate)
            && Guard("_signal"u8, "getsignal"u8, Guarded.GetSignal, &GetSignal)
            && Guard("_tracemalloc"u8, "start"u8, Guarded.TraceStart, &TraceStart)
            && Guard("_tracemalloc"u8, "stop"u8, Guarded.TraceStop, &TraceStop)
            && Guard("_tracemalloc"u8, "clear_traces"u8, Guarded.TraceClear, &TraceClear)
            && Guard("_tracemalloc"u8, "_get_traces"u8, Guarded.TraceGetAll, &TraceGetAll)
            && Guard("_tracemalloc"u8, "_get_object_traceback"u8, Guarded.TraceGetOne, &TraceGetOne)
            && Guard("faulthandler"u8, "enable"u8, Guarded.FaultEnable, &FaultEnable)
            && Guard("faulthandler"u8, "disable"u8, Guarded.FaultDisable, &FaultDisable)
            && Guard("faulthandler"u8, "register"u8, Guarded.FaultRegister, &FaultRegister)
            && Guard("faulthandler"u8, "unregister"u8, Guarded.FaultUnregister, &FaultUnregister)
            && Guard("faulthandler"u8, "dump_traceback_later"u8, Guarded.FaultLater, &FaultLater)
            && Guard("faulthandler"u8, "cancel_dump_traceback_later"u8, Guarded.FaultCancelLater, &FaultCancelLater)
            && Guard("_thread"u8, "start_new_thread"u8, Guarded.StartThread, &StartThread)
            && Guard("_thread"u8, "start_new"u8, Guarded.StartThreadOldName, &StartThreadOldName)
            && Guard("_thread"u8, "start_joinable_thread"u8, Guarded.StartJoinable, &StartJoinable)
            && Guard("time"u8, "sleep"u8, Guarded.Sleep, &Sleep)
            && Guard("_signal"u8, "default_int_handler"u8, Guarded.DefaultInterrupt, &DefaultInterrupt);
        _installed = done;
        return done;
    }

    // A function that this Python lacks, or that the program has replaced, needs no guard.
    static bool Guard(
        ReadOnlySpan<byte> module, ReadOnlySpan<byte> name, Guarded which, delegate* unmanaged[Cdecl]<PyObject*, nint, nint, nint,
        PyObject*> guard)
    {
        ref Api api = ref Api.Table;
        PyObject* owner = api.PyImport_ImportModule(Text.Utf8(module));
        PyObject* function = owner == null ? null : api.PyObject_GetAttrString(owner, Text.Utf8(name));
        References.Drop(owner);
        if (function == null)
        {
            if (api.PyErr_ExceptionMatches(*api.PyExc_ImportError) == 0
                && api.PyErr_ExceptionMatches(*api.PyExc_AttributeError) == 0) return false;
            api.PyErr_Clear();
            return true;
        }
        if (function->Type == api.PyCFunction_Type && Originals[(int)which] == 0)
        {
            PyMethodDef* definition = ((PyCFunctionObject*)function)->Definition;
            if (which != Guarded.ForkExec || definition->Flags == PyMethodDef.FastCall)
            {
                Originals[(int)which] = (nint)definition->Function;
                Flags[(int)which] = definition->Flags;
                // Release: a thread that calls the guard finds the original's address stored.
                Volatile.Write(ref *(nint*)&definition->Function, (nint)guard);
            }
        }
        References.Drop(function);
        return true;
    }

    static PyObject* Pass(Guarded which, PyObject* a, nint b, nint c, nint d) =>
        ((delegate* unmanaged[Cdecl]<PyObject*, nint, nint, nint, PyObject*>)Originals[(int)which])(a, b, c, d);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* PassInMain(Guarded which, string name, PyObject* a, nint b, nint c, nint d)
    {
        if (Interpreters.IsMain()) return Pass(which, a, b, c, d);
        return Refuse(
            name,
            "keeps objects of the calling interpreter for the whole process; call it in the main interpreter, not in a task");
    }

    // Calls the substitute in symplast.faults with the arguments of a function of faulthandler.
    static PyObject* PassToOurs(Guarded which, ReadOnlySpan<byte> name, nint b, nint c, nint d)
    {
        ref Api api = ref Api.Table;
        PyObject* ours = api.PyImport_ImportModule(Text.Utf8("symplast.faults"u8));
        PyObject* function = ours == null ? null : api.PyObject_GetAttrString(ours, Text.Utf8(name));
        References.Drop(ours);
        if (function == null) return null;
        PyObject* none = api.PyTuple_New(0);
        PyObject* result = null;
        if (none != null)
        {
            PyObject* argument = (PyObject*)b;
            result = Flags[(int)which] switch
            {
                PyMethodDef.NoArgs => api.PyObject_CallNoArgs(function),
                PyMethodDef.OneArg => api.PyObject_CallOneArg(function, argument),
                PyMethodDef.FastCall or PyMethodDef.FastCall | PyMethodDef.Keywords =>
                    api.PyObject_Vectorcall(
                        function, (PyObject**)b, (nuint)c, (Flags[(int)which] & PyMethodDef.Keywords) == 0 ? null : (PyObject*)d),
                _ => api.PyObject_Call(
                    function, argument == null
                    ? none : argument, (Flags[(int)which] & PyMethodDef.Keywords) == 0 ? null : (PyObject*)c),
            };
        }
        References.Drop(none);
        References.Drop(function);
        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* PassIfFramesAreSafe(Guarded which, PyObject* a, nint b, nint c, nint d)
    {
        if (Layout.Current.FramesOfOwnInterpreter || Interpreters.IsAlone()) return Pass(which, a, b, c, d);
        return Errors.Runtime(
            "sys._current_frames() and sys._current_exceptions() of this CPython release reach into other interpreters, which "
            + "would crash; "
            + "call them while no worker lives, or update to CPython 3.13.18, 3.14.10, 3.15.2 or newer");
    }

    static PyObject* Refuse(string name, string why)
    {
        return Errors.Runtime($"{name}() {why}");
    }

    // If the hooks change while other interpreters run, these may call one allocator with the context of another.
    static PyObject* PassTracing(Guarded which, string name, bool needless, PyObject* a, nint b, nint c, nint d)
    {
        if (!Interpreters.IsMain() || needless) return PassInMain(which, name, a, b, c, d);
        if (!Interpreters.IsAlone())
            return Refuse(
                name, "would crash other interpreters while they run; call it before the first task is submitted, or after "
                + "executors are shut down");
        PyObject* result = Pass(which, a, b, c, d);
        if (result == null || MemoryTracing.Refresh()) return result;
        References.Drop(result);
        return null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* PassUntraced(Guarded which, PyObject* a, nint b, nint c, nint d)
    {
        if (!MemoryTracing.IsOn || Interpreters.IsMain()) return Pass(which, a, b, c, d);
        return Errors.Runtime(
            "a task cannot start threads while tracemalloc traces: what they allocate would be traced, and would crash the "
            + "process");
    }

    [Callback]
    private static partial PyObject* ForkExec(PyObject* a, nint b, nint c, nint d)
    {
        // CPython itself refuses preexec_fn in other interpreters than the main one.
        if (c > PreexecArgument && ((PyObject**)b)[PreexecArgument] != Api.Table._Py_NoneStruct && Interpreters.IsMain()
            && !Interpreters.IsAlone())
        {
            return Errors.Runtime(
                "preexec_fn would run in a forked child, which crashes while worker interpreters live; use start_new_session, "
                + "process_group, user, group, "
                + "umask or cwd instead, start a program that prepares itself and then becomes the other, or shut the "
                + "executors down first");
        }
        return Pass(Guarded.ForkExec, a, b, c, d);
    }

    // CPython would return an object of the main interpreter. A task only learns whether there is a handler.
    [Callback]
    private static partial PyObject* GetSignal(PyObject* a, nint b, nint c, nint d)
    {
        ref Api api = ref Api.Table;
        if (Interpreters.IsMain()) return Pass(Guarded.GetSignal, a, b, c, d);
        PyObject* index = api.PyNumber_Index((PyObject*)b);
        if (index == null) return null;
        long signal = api.PyLong_AsLongLong(index);
        References.Drop(index);
        if (signal is < 1 or > MostSignals)
        {
            // Reached for numbers that do not fit 64 bits, too.
            if (api.PyErr_Occurred() == null) Errors.Value("signal number out of range");
            return null;
        }
        byte* action = stackalloc byte[SizeOfAction];
        const nint Ignored = 1;
        if (GetAction((int)signal, null, action) != 0 || *(nint*)action is < 0 or > Ignored)
            return References.New(api._Py_NoneStruct);
        return api.PyLong_FromLongLong(*(nint*)action);
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int GetAction(int signal, void* changed, void* current);

    [Callback]
    private static partial PyObject* CurrentFrames(PyObject* a, nint b, nint c, nint d) =>
        PassIfFramesAreSafe(Guarded.CurrentFrames, a, b, c, d);

    [Callback]
    private static partial PyObject* CurrentExceptions(PyObject* a, nint b, nint c, nint d) =>
        PassIfFramesAreSafe(Guarded.CurrentExceptions, a, b, c, d);

    [Callback]
    private static partial PyObject* TraceStart(PyObject* a, nint b, nint c, nint d) =>
        PassTracing(Guarded.TraceStart, "tracemalloc.start", MemoryTracing.IsOn, a, b, c, d);

    [Callback]
    private static partial PyObject* TraceStop(PyObject* a, nint b, nint c, nint d) =>
        PassTracing(Guarded.TraceStop, "tracemalloc.stop", !MemoryTracing.IsOn, a, b, c, d);

    [Callback]
    private static partial PyObject* TraceClear(PyObject* a, nint b, nint c, nint d) =>
        PassInMain(Guarded.TraceClear, "tracemalloc.clear_traces", a, b, c, d);

    [Callback]
    private static partial PyObject* TraceGetAll(PyObject* a, nint b, nint c, nint d) =>
        PassInMain(Guarded.TraceGetAll, "tracemalloc.take_snapshot", a, b, c, d);

    [Callback]
    private static partial PyObject* TraceGetOne(PyObject* a, nint b, nint c, nint d) =>
        PassInMain(Guarded.TraceGetOne, "tracemalloc.get_object_traceback", a, b, c, d);

    [Callback]
    private static partial PyObject* FaultEnable(PyObject* a, nint b, nint c, nint d)
    {
        if (!Interpreters.IsMain()) return PassToOurs(Guarded.FaultEnable, "enable"u8, b, c, d);
        PyObject* result = Pass(Guarded.FaultEnable, a, b, c, d);
        if (result != null) FaultHandling.Note(isSet: true);
        return result;
    }

    [Callback]
    private static partial PyObject* FaultDisable(PyObject* a, nint b, nint c, nint d)
    {
        if (!Interpreters.IsMain()) return PassToOurs(Guarded.FaultDisable, "disable"u8, b, c, d);
        PyObject* result = Pass(Guarded.FaultDisable, a, b, c, d);
        if (result != null) FaultHandling.Note(isSet: false);
        return result;
    }

    [Callback]
    private static partial PyObject* FaultRegister(PyObject* a, nint b, nint c, nint d) =>
        Interpreters.IsMain()
            ? Pass(Guarded.FaultRegister, a, b, c, d) : PassToOurs(Guarded.FaultRegister, "register"u8, b, c, d);

    [Callback]
    private static partial PyObject* FaultUnregister(PyObject* a, nint b, nint c, nint d) =>
        Interpreters.IsMain()
            ? Pass(Guarded.FaultUnregister, a, b, c, d) : PassToOurs(Guarded.FaultUnregister, "unregister"u8, b, c, d);

    [Callback]
    private static partial PyObject* FaultLater(PyObject* a, nint b, nint c, nint d) =>
        Interpreters.IsMain()
            ? Pass(Guarded.FaultLater, a, b, c, d) : PassToOurs(Guarded.FaultLater, "dump_traceback_later"u8, b, c, d);

    [Callback]
    private static partial PyObject* FaultCancelLater(PyObject* a, nint b, nint c, nint d) =>
        Interpreters.IsMain()
            ? Pass(Guarded.FaultCancelLater, a, b, c, d)
            : PassToOurs(Guarded.FaultCancelLater, "cancel_dump_traceback_later"u8, b, c, d);

    [Callback]
    private static partial PyObject* PerfActivate(PyObject* a, nint b, nint c, nint d) =>
        PassInMain(Guarded.PerfActivate, "sys.activate_stack_trampoline", a, b, c, d);

    [Callback]
    private static partial PyObject* PerfDeactivate(PyObject* a, nint b, nint c, nint d) =>
        PassInMain(Guarded.PerfDeactivate, "sys.deactivate_stack_trampoline", a, b, c, d);

    [Callback]
    private static partial PyObject* StartThread(PyObject* a, nint b, nint c, nint d) =>
        PassUntraced(Guarded.StartThread, a, b, c, d);

    [Callback]
    private static partial PyObject* StartThreadOldName(PyObject* a, nint b, nint c, nint d) =>
        PassUntraced(Guarded.StartThreadOldName, a, b, c, d);

    [Callback]
    private static partial PyObject* StartJoinable(PyObject* a, nint b, nint c, nint d) =>
        PassUntraced(Guarded.StartJoinable, a, b, c, d);

    // In a worker's thread an interrupt of its task ends the sleep.
    [Callback]
    private static partial PyObject* Sleep(PyObject* a, nint b, nint c, nint d)
    {
        ref Api api = ref Api.Table;
        Interrupts? interrupts = WorkerInterpreter.Current?.Interrupts;
        if (interrupts is null || !interrupts.IsInInterpreter) return Pass(Guarded.Sleep, a, b, c, d);
        PyObject* seconds = (PyObject*)b;
        bool isNumber = seconds->Type == api.PyFloat_Type || seconds->Type == api.PyLong_Type;
        double length = isNumber ? api.PyFloat_AsDouble(seconds) : -1;
        if (length == -1 && api.PyErr_Occurred() != null) api.PyErr_Clear();
        // CPython's own function raises what is wrong with a number. It does not sleep long then, or for years.
        if (!(length > 0 && length < MostSeconds)) return Pass(Guarded.Sleep, a, b, c, d);
        return interrupts.Sleep((long)Math.Ceiling(length * 1e9)) ? References.New(api._Py_NoneStruct) : null;
    }

    const double MostSeconds = 1e9;

    [Callback]
    private static partial PyObject* DefaultInterrupt(PyObject* a, nint b, nint c, nint d)
    {
        ControlC.Note();
        return Pass(Guarded.DefaultInterrupt, a, b, c, d);
    }
}
