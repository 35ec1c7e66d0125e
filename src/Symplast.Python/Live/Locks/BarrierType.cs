using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Barrier</c>.</summary>
internal static unsafe partial class BarrierType
{
    struct Attempt : Waiting.IAttempt
    {
        internal Arrival Arrival;

        public Status Try(Handle* handle) => handle->Shared == null
            ? Status.Deleted : SharedBarrier.Look(handle->State->Me, BarrierOf(handle), ref Arrival);
    }

    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Name = Text.Utf8("Barrier"u8),
        Header = HeaderKind.Barrier,
        Type = Specification(),
    };

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Barrier"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Barrier(parties, action=None, timeout=None)
                --

                A place that threads of all interpreters pass together, created in the current pool. It works as
                threading.Barrier does.

                The last thread to arrive calls the action before it lets the others pass. In the interpreter that made the
                Barrier the action is the very object that was given, in others one that was pickled and unpickled.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.GetSet, Table(
                Property("parties"u8, &Parties, "How many threads pass together."u8),
                Property("n_waiting"u8, &WaitingNow, "How many threads wait now."u8),
                Property("broken"u8, &Broken, "Whether the Barrier is broken."u8))),
            Slot(PyTypeSlot.Methods, Table(
                FastCallKeywords("wait"u8, &Wait, "wait($self, /, timeout=None)\n--\n\n"u8
                    + "Wait until all have arrived. Return how many had arrived before. Raise BrokenBarrierError if the "u8
                    + "Barrier is broken or reset; a thread that waits for too long, or is interrupted, breaks it."u8),
                NoArgs("reset"u8, &Reset, "reset($self, /)\n--\n\n"u8
                    + "Make the Barrier as new. Those who wait get BrokenBarrierError."u8),
                NoArgs("abort"u8, &Abort, "abort($self, /)\n--\n\nBreak the Barrier."u8),
                NoArgs("_action"u8, &PickledAction, "_action($self, /)\n--\n\nReturn the pickled action."u8)))),
    });

    static SharedBarrier* BarrierOf(Handle* handle) => (SharedBarrier*)handle->Shared;

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        Span<nint> values = stackalloc nint[3];
        if (!ThisProcess.Check()
            || !LockArguments.TryAll("Barrier", ["parties", "action", "timeout"], 1, positional, named, values)
            || !LiveMethods.TryInteger((PyObject*)values[0], out long parties)) return null;
        if (parties < 1) return Errors.Value("parties must be >= 1");
        PyObject* action = values[1] == 0 ? Api.Table._Py_NoneStruct : (PyObject*)values[1];
        double timeout = double.NaN;
        if (values[2] != 0 && (PyObject*)values[2] != Api.Table._Py_NoneStruct
            && !Deadline.TrySeconds((PyObject*)values[2], out timeout)) return null;
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        Pool pool = CurrentPool.Get(interpreter);
        bool acts = action != Api.Table._Py_NoneStruct;
        PyObject* pickled = acts ? Call("pickled"u8, action, null) : References.New(action);
        if (pickled == null) return null;
        PyObject* handle = Create(interpreter, pool, type, parties, timeout, pickled);
        References.Drop(pickled);
        PyObject* kept = handle == null || !acts ? handle : Call("keep"u8, handle, action);
        if (handle != null && kept == null) References.Drop(handle);
        if (kept != null && acts) References.Drop(kept);
        return kept == null ? null : handle;
    }

    static PyObject* Create(
        InterpreterState interpreter, Pool pool, PyObject* type, long parties, double timeout, PyObject* action)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        if (PoolHeap.IsDeleted(heap)) return interpreter.RaiseDeleted(pool);
        if (!Incoming.Item(state, heap, action, new Place(null, null, PlaceKind.Whole), out Incoming incoming)) return null;
        PyObject* handle = null;
        SharedBarrier* made = null;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        Value value = isDeleted ? default : incoming.ToValue(state, heap);
        if (!value.IsEmpty)
        {
            made = SharedBarrier.Create(state->Me, heap, parties, timeout, value);
            Reference.Drop(state->Me, value);
            handle = made == null ? null : Handle.Adopt(state, (Header*)made, type);
        }
        section.Exit(state->Me);
        incoming.Dispose(state);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return made == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    // Calls a function of symplast.barriers. Returns null with an exception set.
    static PyObject* Call(ReadOnlySpan<byte> name, PyObject* first, PyObject* second)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.barriers"u8));
        PyObject* callable = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        PyObject** arguments = stackalloc PyObject*[2] { first, second };
        PyObject* result = callable == null ? null : api.PyObject_Vectorcall(callable, arguments, second == null ? 1u : 2u, null);
        References.Drop(callable);
        References.Drop(module);
        return result;
    }

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        long parties = 0, waiting = 0;
        bool isBroken = false;
        if (LiveMethods.IsDeleted(handle)
            || SharedBarrier.Count(handle->State->Me, BarrierOf(handle), out parties, out waiting, out isBroken) != Status.Done)
            return Text.ToPython("<symplast.Barrier, deleted>");
        string state = isBroken ? "broken" : $"waiters={WaitingOf(parties, waiting)}/{parties}";
        return Text.ToPython($"<symplast.Barrier at 0x{(nuint)handle:x}: {state}>");
    }

    // While the action runs, nobody waits any more.
    static long WaitingOf(long parties, long waiting) => waiting == parties ? 0 : waiting;

    static bool TryCount(Handle* handle, out long parties, out long waiting, out bool isBroken)
    {
        parties = waiting = 0;
        isBroken = false;
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = SharedBarrier.Count(handle->State->Me, BarrierOf(handle), out parties, out waiting, out isBroken);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    [Callback]
    private static partial PyObject* Parties(Handle* handle, void* closure) =>
        TryCount(handle, out long parties, out _, out _) ? Outgoing.Int(parties) : null;

    [Callback]
    private static partial PyObject* WaitingNow(Handle* handle, void* closure) =>
        TryCount(handle, out long parties, out long waiting, out _) ? Outgoing.Int(WaitingOf(parties, waiting)) : null;

    [Callback]
    private static partial PyObject* Broken(Handle* handle, void* closure) => !TryCount(handle, out _, out _, out bool isBroken)
        ? null : isBroken ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* Wait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!LockArguments.ForWait(arguments, count, keywords, out long deadline) || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        if (deadline == Deadline.None && !TryDefault(handle, out deadline)) return null;
        Attempt attempt = default;
        bool goesOn = Waiting.For(handle, SharedBarrier.Event(BarrierOf(handle)), ref attempt, deadline, out Status status);
        if (!goesOn)
        {
            PyObject* raised = Api.Table.PyErr_GetRaisedException();
            SharedBarrier.GiveUp(state->Me, BarrierOf(handle), attempt.Arrival);
            Api.Table.PyErr_SetRaisedException(raised);
            return null;
        }
        if (status == Status.TimedOut) status = SharedBarrier.GiveUp(state->Me, BarrierOf(handle), attempt.Arrival);
        if (status == Status.Exists)
        {
            PyObject* result = Call("act"u8, (PyObject*)handle, null);
            PyObject* raised = result == null ? Api.Table.PyErr_GetRaisedException() : null;
            References.Drop(result);
            if (!LiveMethods.IsUsable(handle)) return null;
            status = SharedBarrier.Complete(state->Me, BarrierOf(handle), attempt.Arrival, raised == null);
            if (raised != null)
            {
                Api.Table.PyErr_SetRaisedException(raised);
                return null;
            }
        }
        return status switch
        {
            Status.Done => Outgoing.Int(attempt.Arrival.Index),
            Status.Closed => RaiseBroken(),
            _ => LiveErrors.Raise(handle, status),
        };
    }

    static bool TryDefault(Handle* handle, out long deadline)
    {
        Section section = Section.Enter(handle->State->Me);
        Status status = SharedBarrier.Settings(BarrierOf(handle), out double timeout, out _);
        section.Exit(handle->State->Me);
        deadline = double.IsNaN(timeout) ? Deadline.None : Deadline.After(timeout);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    // The standard library's exception, which programs catch.
    static PyObject* RaiseBroken()
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("threading"u8));
        PyObject* type = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("BrokenBarrierError"u8));
        if (type != null) api.PyErr_SetNone(type);
        References.Drop(type);
        References.Drop(module);
        return null;
    }

    [Callback]
    private static partial PyObject* Reset(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedBarrier.Reset(handle->State->Me, BarrierOf(handle));
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Abort(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedBarrier.Break(handle->State->Me, BarrierOf(handle));
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* PickledAction(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PyObject* result;
        Status status;
        do
        {
            Section section = Section.Enter(state->Me);
            status = SharedBarrier.Settings(BarrierOf(handle), out _, out Value action);
            result = status == Status.Done ? Outgoing.Object(state, action) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        return status == Status.Done ? result : LiveErrors.Raise(handle, status);
    }
}
