using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Event</c>.</summary>
internal static unsafe partial class EventType
{
    // Whether the flag is set, or was set since the wait began.
    struct Attempt() : Waiting.IAttempt
    {
        ulong _since = SharedEvent.Unknown;

        public Status Try(Handle* handle) => handle->Shared == null
            ? Status.Deleted : SharedEvent.Look(handle->State->Me, (SharedEvent*)handle->Shared, ref _since);
    }

    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Name = Text.Utf8("Event"u8),
        Header = HeaderKind.Event,
        Type = Specification(),
        Await = &Await,
    };

    static nuint Await(Handle* handle, int happening, int change) =>
        happening == 0 ? SharedEvent.Event((SharedEvent*)handle->Shared) : 0;

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Event"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Event()
                --

                A flag that all interpreters share and wait for, created in the current pool. It works as threading.Event does.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("is_set"u8, &IsSet, "is_set($self, /)\n--\n\nReturn whether the flag is set."u8),
                NoArgs("set"u8, &Set, "set($self, /)\n--\n\nSet the flag and wake all that wait for it."u8),
                NoArgs("clear"u8, &Clear, "clear($self, /)\n--\n\nClear the flag."u8),
                FastCallKeywords("wait"u8, &Wait, "wait($self, /, timeout=None)\n--\n\n"u8
                    + "Wait until the flag is set and return True; False if it was not set in time."u8),
                FastCallKeywords("await_"u8, &AsyncWait, "await_($self, /, timeout=None)\n--\n\n"u8
                    + "Like wait(), to be awaited in a coroutine of asyncio."u8),
                NoArgs("_sets"u8, &Sets, "_sets($self, /)\n--\n\nReturn how often the flag was set."u8)))),
    });

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        LiveMethods.RefuseNamed("Event", named) && LiveMethods.CheckCount("Event", ((PyVarObject*)positional)->Size, 0, 0)
            ? Creation.New(type, &Make) : null;

    static void* Make(Participant* me, PoolHeap* heap) => SharedEvent.Create(me, heap);

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        Attempt attempt = new();
        Status status = LiveMethods.IsDeleted(handle) ? Status.Deleted : attempt.Try(handle);
        return Text.ToPython(status == Status.Deleted ? "<symplast.Event, deleted>"
            : $"<symplast.Event at 0x{(nuint)handle:x}: {(status == Status.Done ? "set" : "unset")}>");
    }

    [Callback]
    private static partial PyObject* IsSet(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Attempt attempt = new();
        return Answer(handle, attempt.Try(handle));
    }

    [Callback]
    private static partial PyObject* Set(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedEvent.Set(handle->State->Me, (SharedEvent*)handle->Shared);
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Clear(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedEvent.Clear(handle->State->Me, (SharedEvent*)handle->Shared);
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial PyObject* Wait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!LockArguments.ForWait(arguments, count, keywords, out long deadline) || !LiveMethods.IsUsable(handle)) return null;
        Attempt attempt = new();
        nuint happening = SharedEvent.Event((SharedEvent*)handle->Shared);
        return Waiting.For(handle, happening, ref attempt, deadline, out Status status) ? Answer(handle, status) : null;
    }

    [Callback]
    private static partial PyObject* AsyncWait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        Coroutines.Call("await_event"u8, handle, arguments, count, keywords);

    [Callback]
    private static partial PyObject* Sets(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        ulong since = SharedEvent.Unknown;
        Status status = SharedEvent.Look(handle->State->Me, (SharedEvent*)handle->Shared, ref since);
        return status == Status.Deleted ? LiveErrors.Raise(handle, status) : Api.Table.PyLong_FromLongLong((long)(since >> 1));
    }

    static PyObject* Answer(Handle* handle, Status status) => status switch
    {
        Status.Done => Api.Table._Py_TrueStruct,
        Status.Missing or Status.TimedOut => Api.Table._Py_FalseStruct,
        _ => LiveErrors.Raise(handle, status),
    };
}
