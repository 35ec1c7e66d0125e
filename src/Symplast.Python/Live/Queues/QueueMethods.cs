using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The methods of Queue and SimpleQueue.</summary>
internal static unsafe partial class QueueMethods
{
    static PyMethodDef[] OfBoth() =>
    [
        FastCallKeywords("put"u8, &Put,
            "put($self, /, item, block=True, timeout=None)\n--\n\nPut an element at the end. If the queue is full, wait for "u8
            + "room, at most timeout seconds; queue.Full if there is none."u8),
        OneArg("put_nowait"u8, &PutNoWait, "put_nowait($self, item, /)\n--\n\nLike put(item, block=False)."u8),
        FastCallKeywords("get"u8, &Get,
            "get($self, /, block=True, timeout=None)\n--\n\nRemove and return the first element. If the queue is empty, wait "u8
            + "for an element, at most timeout seconds; queue.Empty if there is none."u8),
        NoArgs("get_nowait"u8, &GetNoWait, "get_nowait($self, /)\n--\n\nLike get(block=False)."u8),
        OneArg("aput"u8, &AsyncPut, "aput($self, item, /)\n--\n\nLike put(item), to be awaited in a coroutine of asyncio."u8),
        NoArgs("aget"u8, &AsyncGet, "aget($self, /)\n--\n\nLike get(), to be awaited in a coroutine of asyncio."u8),
        NoArgs("qsize"u8, &Size, "qsize($self, /)\n--\n\nReturn the number of elements at one moment."u8),
        NoArgs("empty"u8, &IsEmpty, "empty($self, /)\n--\n\nReturn whether the queue has no element."u8),
        NoArgs("__copy__"u8, &RefuseCopy, "__copy__($self, /)\n--\n\nRaise TypeError: a queue is not copied."u8),
        OneArg("__deepcopy__"u8, &RefuseCopy, "__deepcopy__($self, memo, /)\n--\n\nRaise TypeError: a queue is not copied."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8),
    ];

    /// <summary>The methods of Queue.</summary>
    internal static PyMethodDef* All() => Table<PyMethodDef>(
    [
        .. OfBoth(),
        NoArgs("full"u8, &IsFull, "full($self, /)\n--\n\nReturn whether the queue has maxsize elements."u8),
        NoArgs("task_done"u8, &TaskDone, "task_done($self, /)\n--\n\nTell that the work on an element that get() has returned "u8
            + "is complete. ValueError if called more often than elements were put."u8),
        NoArgs("join"u8, &Join,
            "join($self, /)\n--\n\nWait until task_done() has been called for all elements that were put."u8),
        NoArgs("ajoin"u8, &AsyncJoin, "ajoin($self, /)\n--\n\nLike join(), to be awaited in a coroutine of asyncio."u8),
        FastCallKeywords("shutdown"u8, &ShutDown,
            "shutdown($self, /, immediate=False)\n--\n\nMake put() raise ShutDown, and get() once the queue is empty. With "u8
            + "immediate, drop the elements, which then count as done."u8),
    ]);

    /// <summary>The methods of SimpleQueue.</summary>
    internal static PyMethodDef* OfSimple() => Table<PyMethodDef>(OfBoth());

    [Callback]
    private static partial PyObject* Put(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> given = stackalloc nint[3];
        if (count == 1 && keywords == null) return PutUntil(handle, arguments[0], Deadline.None);
        if (!Arguments.Bind("put", ["item", "block", "timeout"], required: 1, positional: 3, arguments, count, keywords, given)
            || !TryDeadline((PyObject*)given[1], (PyObject*)given[2], out long deadline)) return null;
        return PutUntil(handle, (PyObject*)given[0], deadline);
    }

    [Callback]
    private static partial PyObject* PutNoWait(Handle* handle, PyObject* o) => PutUntil(handle, o, Deadline.Now);

    static PyObject* PutUntil(Handle* handle, PyObject* o, long deadline)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        if (!QueuePickles.TryValue(handle, o, out Value value)) return null;
        QueueWaits.Putting putting = new(value);
        bool passed = QueueWaits.For(handle, QueueSide.Room, ref putting, deadline, out Status status);
        if (passed && status == Status.Done) return Api.Table._Py_NoneStruct;
        if (state->Me != null) LiveState.Drop(state, value);
        return !passed ? null : status == Status.TimedOut ? QueueErrors.Raise("Full"u8) : QueueErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Get(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> given = stackalloc nint[2];
        if (count == 0 && keywords == null) return GetUntil(handle, Deadline.None);
        if (!Arguments.Bind("get", ["block", "timeout"], required: 0, positional: 2, arguments, count, keywords, given)
            || !TryDeadline((PyObject*)given[0], (PyObject*)given[1], out long deadline)) return null;
        return GetUntil(handle, deadline);
    }

    [Callback]
    private static partial PyObject* GetNoWait(Handle* handle, PyObject* none) => GetUntil(handle, Deadline.Now);

    static PyObject* GetUntil(Handle* handle, long deadline)
    {
        if (!TryGet(handle, deadline, out PyObject* element, out Status status)) return null;
        return status == Status.Done
            ? element : status == Status.TimedOut ? QueueErrors.Raise("Empty"u8) : QueueErrors.Raise(handle, status);
    }

    // Returns false with an exception set.
    static bool TryGet(Handle* handle, long deadline, out PyObject* element, out Status status)
    {
        element = null;
        status = Status.Deleted;
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        QueueWaits.Getting getting = default;
        do
        {
            if (!QueueWaits.For(handle, QueueSide.Items, ref getting, deadline, out status)) return false;
            if (status == Status.Refused && !LiveState.Again(state)) return false;
        }
        while (status == Status.Refused);
        if (status != Status.Done) return true;
        bool isPickle = getting.Value.Kind == ValueKind.Pickle;
        element = Outgoing.Give(state, getting.Value, getting.Held);
        if (isPickle && element != null) element = QueuePickles.Load(element);
        return element != null;
    }

    /// <summary>The slot <c>tp_iternext</c>: the next element; null without an exception after a shutdown.</summary>
    [Callback]
    internal static partial PyObject* Next(Handle* handle)
    {
        if (!TryGet(handle, Deadline.None, out PyObject* element, out Status status) || status is Status.Done or Status.Closed)
            return element;
        return QueueErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Size(Handle* handle, PyObject* none) =>
        TryCount(handle, out long count) ? Outgoing.Int(count) : null;

    [Callback]
    private static partial PyObject* IsEmpty(Handle* handle, PyObject* none)
    {
        if (!TryCount(handle, out long count)) return null;
        return count == 0 ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* IsFull(Handle* handle, PyObject* none)
    {
        if (!TryCount(handle, out long count)) return null;
        long capacity = SharedQueue.CapacityOf(handle->State->Me, QueueType.QueueOf(handle));
        return capacity > 0 && count >= capacity ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    static bool TryCount(Handle* handle, out long count)
    {
        count = 0;
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = SharedQueue.Count(handle->State->Me, QueueType.QueueOf(handle), out count);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    [Callback]
    private static partial PyObject* TaskDone(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedQueue.Finish(handle->State->Me, QueueType.QueueOf(handle));
        if (status == Status.Done) return Api.Table._Py_NoneStruct;
        return status == Status.Missing
            ? Errors.Value("task_done() called too many times") : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Join(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        QueueWaits.Joining joining = default;
        if (!QueueWaits.For(handle, QueueSide.Finished, ref joining, Deadline.None, out Status status)) return null;
        return status == Status.Done ? Api.Table._Py_NoneStruct : QueueErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* AsyncPut(PyObject* self, PyObject* o)
    {
        PyObject* function = PythonQueues.Find("aput"u8);
        PyObject** arguments = stackalloc PyObject*[] { self, o };
        PyObject* result = function == null ? null : Api.Table.PyObject_Vectorcall(function, arguments, 2, null);
        References.Drop(function);
        return result;
    }

    [Callback]
    private static partial PyObject* AsyncGet(PyObject* self, PyObject* none) => PythonQueues.Call("aget"u8, self);

    [Callback]
    private static partial PyObject* AsyncJoin(PyObject* self, PyObject* none) => PythonQueues.Call("ajoin"u8, self);

    /// <summary>The slot <c>am_anext</c>: an awaitable of the next element.</summary>
    [Callback]
    internal static partial PyObject* AsyncNext(PyObject* self) => PythonQueues.Call("anext"u8, self);

    [Callback]
    private static partial PyObject* ShutDown(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> given = stackalloc nint[1];
        if (!Arguments.Bind("shutdown", ["immediate"], required: 0, positional: 1, arguments, count, keywords, given))
            return null;
        int immediate = given[0] == 0 ? 0 : Api.Table.PyObject_IsTrue((PyObject*)given[0]);
        if (immediate < 0 || !LiveMethods.IsUsable(handle)) return null;
        Status status = SharedQueue.Close(handle->State->Me, QueueType.QueueOf(handle), immediate != 0);
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* RefuseCopy(Handle* handle, PyObject* memo) =>
        Errors.Type($"a {Text.TypeName((PyObject*)handle)} is not copied: it is shared by all who have it");

    // Returns false with an exception set.
    static bool TryDeadline(PyObject* block, PyObject* timeout, out long deadline)
    {
        deadline = Deadline.None;
        int blocks = block == null ? 1 : Api.Table.PyObject_IsTrue(block);
        if (blocks < 0) return false;
        if (blocks == 0) deadline = Deadline.Now;
        if (blocks == 0 || timeout == null || timeout == Api.Table._Py_NoneStruct) return true;
        if (!Deadline.TrySeconds(timeout, out double seconds)) return false;
        if (seconds < 0) return Errors.Value("'timeout' must be a non-negative number") != null;
        deadline = Deadline.After(seconds);
        return true;
    }
}
