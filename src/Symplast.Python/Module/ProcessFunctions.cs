using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Interpreting;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The module's functions for workers, and the process that they run in.</summary>
internal static unsafe partial class ProcessFunctions
{
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        OneArg("_need_memory"u8, &NeedMemory, "Raise MemoryError if this number of bytes is not available now."u8),
        NoArgs("_settle_process"u8, &SettleProcess,
            "Make CPython's process-wide state safe for several interpreters. Called before workers start."u8),
        FastCall("_enable_faults"u8, &EnableFaults,
            "Enable the process's fault handler for this interpreter, with a descriptor, all_threads and c_stack."u8),
        NoArgs("_disable_faults"u8, &DisableFaults, "Undo _enable_faults() of this interpreter."u8),
        FastCall("_raise_in_thread"u8, &RaiseInThread,
            "Raise an exception in another thread of this interpreter, when it runs Python code."u8),
        OneArg("_count_workers"u8, &CountWorkers, "Add a number, which may be negative, to the count of worker threads."u8),
        NoArgs("_is_alone"u8, &IsAlone, "Return whether the main interpreter is the only one, and no worker is starting."u8),
        NoArgs("_is_main"u8, &IsMain, "Return whether this is the main interpreter."u8),
        NoArgs("worker_take"u8, &WorkerTake, "In a worker: return the next task's data, or None if the channel is closed."u8),
        NoArgs("worker_shield"u8, &WorkerShield, "In a worker: an interrupt of the task that was taken comes too late."u8),
        NoArgs("worker_is_killed"u8, &WorkerIsKilled, "In a worker: return whether it is to end whatever its tasks have left."u8),
        NoArgs("worker_leave"u8, &WorkerLeave, "In a worker: raise nothing in it any more, because it ends."u8),
        OneArg("_name_thread"u8, &NameThread, "Give the calling thread a name (bytes) that the system's tools show."u8),
        FastCall("_write_whole"u8, &WriteWhole,
            "Write bytes to a file descriptor, in one piece among all calls of this function in the process."u8),
        FastCall("worker_answer"u8, &WorkerAnswer, "In a worker: send the answer of the task that was taken."u8),
    };

    [Callback]
    private static partial PyObject* NeedMemory(PyObject* module, PyObject* bytes)
    {
        long number = Api.Table.PyLong_AsLongLong(bytes);
        if (number == -1 && Api.Table.PyErr_Occurred() != null) return null;
        return MemoryProbe.Has((nuint)number) ? Api.Table._Py_NoneStruct : Api.Table.PyErr_NoMemory();
    }

    [Callback]
    private static partial PyObject* SettleProcess(PyObject* module, PyObject* none) =>
        ThisProcess.Check() && Settlement.Run() ? Api.Table._Py_NoneStruct : null;

    [Callback]
    private static partial PyObject* EnableFaults(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 3) return Errors.Type("_enable_faults() takes 3 arguments");
        long descriptor = Api.Table.PyLong_AsLongLong(arguments[0]);
        if (descriptor == -1 && Api.Table.PyErr_Occurred() != null) return null;
        if (descriptor is < 0 or > int.MaxValue) return Errors.Value("file is not a valid file descriptor");
        return FaultHandling.Enable(
            (int)descriptor, arguments[1] == Api.Table._Py_TrueStruct, arguments[2] == Api.Table._Py_TrueStruct);
    }

    [Callback]
    private static partial PyObject* DisableFaults(PyObject* module, PyObject* none) => FaultHandling.Disable();

    [Callback]
    private static partial PyObject* RaiseInThread(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 2) return Errors.Type("_raise_in_thread() takes 2 arguments");
        ulong thread = Api.Table.PyLong_AsUnsignedLongLong(arguments[0]);
        if (Api.Table.PyErr_Occurred() != null) return null;
        Api.Table.PyThreadState_SetAsyncExc((nuint)thread, arguments[1]);
        // The thread may wait for an event of a live object.
        ParkingLot.Alert(Interpreters.CurrentId());
        return References.New(Api.Table._Py_NoneStruct);
    }

    [Callback]
    private static partial PyObject* CountWorkers(PyObject* module, PyObject* number)
    {
        long more = Api.Table.PyLong_AsLongLong(number);
        if (more == -1 && Api.Table.PyErr_Occurred() != null) return null;
        Interpreters.CountWorkers((int)more);
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* IsAlone(PyObject* module, PyObject* none) =>
        Interpreters.IsAlone() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* IsMain(PyObject* module, PyObject* unused) =>
        References.New(Interpreters.IsMain() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct);

    [Callback]
    private static partial PyObject* WorkerTake(PyObject* module, PyObject* none) => ChannelHandle.WorkerTake(module);

    [Callback]
    private static partial PyObject* WorkerShield(PyObject* module, PyObject* none)
    {
        WorkerInterpreter.Current?.Interrupts.Shield();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* WorkerIsKilled(PyObject* module, PyObject* none) =>
        WorkerInterpreter.Current?.Interrupts.IsKilled == true ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* WorkerLeave(PyObject* module, PyObject* none)
    {
        WorkerInterpreter.Current?.Interrupts.Forget();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* NameThread(PyObject* module, PyObject* name)
    {
        if (name->Type != Api.Table.PyBytes_Type) return Errors.Type("_name_thread() takes bytes");
        ThreadName.Set((byte*)name + PyBytesObject.DataOffset, ((PyBytesObject*)name)->Size);
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* WriteWhole(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 2 || arguments[1]->Type != Api.Table.PyBytes_Type)
            return Errors.Type("_write_whole() takes a descriptor and bytes");
        long descriptor = Api.Table.PyLong_AsLongLong(arguments[0]);
        if (descriptor == -1 && Api.Table.PyErr_Occurred() != null) return null;
        PyBytesObject* data = (PyBytesObject*)arguments[1];
        // The caller's reference keeps the bytes while the GIL is released.
        int error = WholeWrites.Write((int)descriptor, (byte*)data + PyBytesObject.DataOffset, data->Size);
        return Api.Table.PyLong_FromLongLong(error);
    }

    [Callback]
    private static partial PyObject* WorkerAnswer(PyObject* module, PyObject** arguments, nint count) =>
        ChannelHandle.WorkerAnswer(arguments, count);
}
