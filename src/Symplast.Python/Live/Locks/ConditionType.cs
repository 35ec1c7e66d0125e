using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Condition</c>. How its threads wait: <see cref="ConditionWait"/>.</summary>
internal static unsafe partial class ConditionType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Name = Text.Utf8("Condition"u8),
        Header = HeaderKind.Condition,
        Type = Specification(),
        Await = &Await,
    };

    static nuint Await(Handle* handle, int happening, int change) =>
        happening == 0 ? SharedCondition.Event((SharedCondition*)handle->Shared) : 0;

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Condition"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Condition(lock=None)
                --

                A condition that threads of all interpreters wait for and are notified of, created in the current pool.

                It works as threading.Condition does. The lock is a symplast.Lock or RLock; without one, a new RLock.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, Table<PyMethodDef>(
            [
                .. LockCoroutines.Methods(),
                FastCallKeywords("await_"u8, &AsyncWait, "await_($self, /, timeout=None)\n--\n\n"u8
                    + "Like wait(), to be awaited in a coroutine of asyncio. The lock must not be an RLock."u8),
                FastCallKeywords("await_for"u8, &AsyncWaitFor, "await_for($self, /, predicate, timeout=None)\n--\n\n"u8
                    + "Like wait_for(), to be awaited in a coroutine of asyncio. The lock must not be an RLock."u8),
                NoArgs("_lock"u8, &GetLock, "_lock($self, /)\n--\n\nReturn the lock."u8),
                FastCallKeywords("acquire"u8, &Acquire, "acquire($self, /, blocking=True, timeout=-1)\n--\n\n"u8
                    + "Take the lock, as its own acquire() does."u8),
                NoArgs("release"u8, &Release, "release($self, /)\n--\n\nRelease the lock."u8),
                NoArgs("locked"u8, &Locked, "locked($self, /)\n--\n\nReturn whether the lock is held."u8),
                NoArgs("__enter__"u8, &Enter, "__enter__($self, /)\n--\n\nTake the lock."u8),
                FastCall("__exit__"u8, &Exit, "__exit__($self, /, *exc_info)\n--\n\nRelease the lock."u8),
                FastCallKeywords("wait"u8, &Wait, "wait($self, /, timeout=None)\n--\n\n"u8
                    + "Release the lock, wait until notified, and take the lock again. Return False if that took too long."u8),
                FastCallKeywords("wait_for"u8, &WaitFor, "wait_for($self, /, predicate, timeout=None)\n--\n\n"u8
                    + "Wait until predicate() is true. Return its last result."u8),
                FastCallKeywords("notify"u8, &Notify, "notify($self, /, n=1)\n--\n\nWake at most n of those that wait."u8),
                NoArgs("notify_all"u8, &NotifyAll, "notify_all($self, /)\n--\n\nWake all that wait."u8),
            ]))),
    });

    /// <summary>
    /// Returns a new reference to the handle of the lock of a condition; null with an exception set, also if the condition was
    /// deleted and the lock is not to be released.
    /// </summary>
    static Handle* LockOf(Handle* handle, bool toRelease = false)
    {
        if (toRelease ? !LiveMethods.IsUsable(handle) : !LiveMethods.CheckAlive(handle)) return null;
        LiveState* state = handle->State;
        PyObject* result;
        Status status;
        do
        {
            Section section = Section.Enter(state->Me);
            status = SharedCondition.LockOf((SharedCondition*)handle->Shared, out Value held);
            result = status == Status.Done ? Outgoing.Object(state, held) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        return (Handle*)(status == Status.Done ? result : LiveErrors.Raise(handle, status));
    }

    [Callback]
    private static partial PyObject* AsyncWait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        Coroutines.Call("await_notification"u8, handle, arguments, count, keywords);

    [Callback]
    private static partial PyObject* AsyncWaitFor(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        Coroutines.Call("await_for"u8, handle, arguments, count, keywords);

    [Callback]
    private static partial PyObject* GetLock(Handle* handle, PyObject* none) => (PyObject*)LockOf(handle);

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        if (!ThisProcess.Check() || !LockArguments.TryOne("Condition", "lock", positional, named, out PyObject* held))
            return null;
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        LiveState* state = interpreter.Live;
        PyObject* lockType = state->TypeOf(LiveKind.Lock), reentrantType = state->TypeOf(LiveKind.RLock);
        Pool pool = CurrentPool.Get(interpreter);
        if (held != null && held->Type != lockType && held->Type != reentrantType && held != Api.Table._Py_NoneStruct)
        {
            string name = Text.TypeName(held);
            return Errors.Type($"a Condition takes a symplast.Lock or symplast.RLock, not {name}: "
                + "the locks of the threading module work in one interpreter only");
        }
        return Create(interpreter, pool, type, held == Api.Table._Py_NoneStruct ? null : held);
    }

    static PyObject* Create(InterpreterState interpreter, Pool pool, PyObject* type, PyObject* held)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        if (PoolHeap.IsDeleted(heap)) return interpreter.RaiseDeleted(pool);
        Incoming incoming = default;
        if (held != null && !Incoming.Item(state, heap, held, new Place(null, null, PlaceKind.Whole), out incoming)) return null;
        PyObject* handle = null;
        SharedCondition* made = null;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        Value value = isDeleted ? default : held != null ? incoming.ToValue(state, heap) : NewLock(state, heap);
        if (!value.IsEmpty)
        {
            made = SharedCondition.Create(state->Me, heap, value);
            Reference.Drop(state->Me, value);
            handle = made == null ? null : Handle.Adopt(state, (Header*)made, type);
        }
        section.Exit(state->Me);
        incoming.Dispose(state);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return made == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    static Value NewLock(LiveState* state, PoolHeap* heap)
    {
        SharedLock* made = SharedLock.Create(state->Me, heap, isReentrant: true);
        return made == null ? default : Value.Of((Header*)made);
    }

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        if (LiveMethods.IsDeleted(handle)) return Text.ToPython("<symplast.Condition, deleted>");
        Handle* held = LockOf(handle);
        if (held == null) return null;
        int waiters = ParkingLot.Count(SharedCondition.Event((SharedCondition*)handle->Shared));
        PyObject* inner = Api.Table.PyObject_Repr((PyObject*)held);
        PyObject* result = inner == null ? null : Text.ToPython($"<symplast.Condition({Text.FromPython(inner)}, {waiters})>");
        References.Drop(inner);
        References.Drop((PyObject*)held);
        return result;
    }

    [Callback]
    private static partial PyObject* Acquire(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        LockArguments.ForLock(arguments, count, keywords, out long deadline) ? Take(handle, deadline) : null;

    [Callback]
    private static partial PyObject* Enter(Handle* handle, PyObject* none) => Take(handle, Deadline.None);

    [Callback]
    private static partial PyObject* Release(Handle* handle, PyObject* none) => Give(handle);

    [Callback]
    private static partial PyObject* Exit(Handle* handle, PyObject** arguments, nint count)
    {
        Handle* held = LockOf(handle, toRelease: true);
        PyObject* result = held == null ? null : LockMethods.Leave(held, arguments, count);
        References.Drop((PyObject*)held);
        return result;
    }

    static PyObject* Take(Handle* handle, long deadline)
    {
        Handle* held = LockOf(handle);
        PyObject* result = held == null ? null : LockMethods.Take(held, deadline);
        References.Drop((PyObject*)held);
        return result;
    }

    static PyObject* Give(Handle* handle)
    {
        Handle* held = LockOf(handle, toRelease: true);
        PyObject* result = held == null ? null : LockMethods.Give(held);
        References.Drop((PyObject*)held);
        return result;
    }

    [Callback]
    private static partial PyObject* Locked(Handle* handle, PyObject* none)
    {
        Handle* held = LockOf(handle);
        PyObject* result = held == null ? null : LockMethods.IsLocked(held);
        References.Drop((PyObject*)held);
        return result;
    }

    [Callback]
    private static partial PyObject* Wait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!LockArguments.ForWait(arguments, count, keywords, out long deadline)) return null;
        Handle* held = LockOf(handle);
        if (held == null) return null;
        bool done = ConditionWait.TryWait(handle, held, deadline, out bool wasNotified);
        References.Drop((PyObject*)held);
        return !done ? null : wasNotified ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* WaitFor(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        ref Api api = ref Api.Table;
        Span<nint> values = stackalloc nint[2];
        if (!Arguments.Bind("wait_for", ["predicate", "timeout"], 1, 2, arguments, count, keywords, values)
            || !LockArguments.TryTimeout((PyObject*)values[1], out long deadline)) return null;
        Handle* held = LockOf(handle);
        if (held == null) return null;
        PyObject* result;
        bool wasNotified = true;
        while (true)
        {
            result = api.PyObject_CallNoArgs((PyObject*)values[0]);
            int truth = result == null ? -1 : api.PyObject_IsTrue(result);
            // A wait that has timed out is the last one.
            if (truth > 0 || truth == 0 && !wasNotified) break;
            if (truth == 0 && ConditionWait.TryWait(handle, held, deadline, out wasNotified))
            {
                References.Drop(result);
                continue;
            }
            References.Drop(result);
            result = null;
            break;
        }
        References.Drop((PyObject*)held);
        return result;
    }

    [Callback]
    private static partial PyObject* Notify(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> values = stackalloc nint[1];
        long most = 1;
        if (!Arguments.Bind("notify", ["n"], 0, 1, arguments, count, keywords, values)
            || values[0] != 0 && !LiveMethods.TryInteger((PyObject*)values[0], out most)) return null;
        return Wake(handle, most);
    }

    [Callback]
    private static partial PyObject* NotifyAll(Handle* handle, PyObject* none) => Wake(handle, int.MaxValue);

    static PyObject* Wake(Handle* handle, long most)
    {
        Handle* held = LockOf(handle);
        if (held == null) return null;
        LockOwner* owner = LockMethods.OwnerOf(held);
        bool may = owner != null && LockMethods.CheckHeld(held, owner, "cannot notify on un-acquired lock");
        References.Drop((PyObject*)held);
        if (!may) return null;
        nuint happening = SharedCondition.Event((SharedCondition*)handle->Shared);
        if (most > 0) ParkingLot.Unpark(happening, (int)Math.Min(most, int.MaxValue));
        return Api.Table._Py_NoneStruct;
    }
}
