using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>What <c>Semaphore</c> and <c>BoundedSemaphore</c> have in common.</summary>
internal static unsafe partial class SemaphoreMethods
{
    struct Attempt : Waiting.IAttempt
    {
        bool _waits;

        public Status Try(Handle* handle)
        {
            if (handle->Shared == null) return Status.Deleted;
            Status status = SharedSemaphore.Enter(handle->State->Me, SemaphoreOf(handle), _waits);
            _waits = true;
            return status;
        }
    }

    /// <summary>The methods of both types.</summary>
    internal static PyMethodDef* Methods() => Table<PyMethodDef>(
    [
        .. LockCoroutines.Methods(),
        NoArgs("_acquire_waiting"u8, &EnterWaiting,
            "_acquire_waiting($self, /)\n--\n\nacquire(False) of one who waits in an event loop."u8),
        FastCallKeywords("acquire"u8, &Acquire, "acquire($self, /, blocking=True, timeout=None)\n--\n\n"u8
            + "Take one from the value and return True; False if it is 0, or stays 0 until the timeout has passed."u8),
        FastCallKeywords("release"u8, &Release, "release($self, /, n=1)\n--\n\nAdd n to the value and wake as many waiters."u8),
        NoArgs("__enter__"u8, &Enter, "__enter__($self, /)\n--\n\nTake one from the value."u8),
        FastCall("__exit__"u8, &Exit, "__exit__($self, /, *exc_info)\n--\n\nAdd one to the value."u8),
    ]);

    /// <summary>What an event loop waits for: see <see cref="Kind.Await"/>.</summary>
    internal static nuint Await(Handle* handle, int happening, int change) =>
        happening == 0 ? SharedSemaphore.Event(SemaphoreOf(handle)) : 0;

    /// <summary>Reads the argument <c>value=1</c> of a type. Returns false with an exception set.</summary>
    internal static bool TryValue(string type, PyObject* positional, PyObject* named, out long value)
    {
        value = 1;
        if (!ThisProcess.Check() || !LockArguments.TryOne(type, "value", positional, named, out PyObject* o)) return false;
        if (o != null && !LiveMethods.TryInteger(o, out value)) return false;
        if (value < 0) return Errors.Value("semaphore initial value must be >= 0") != null;
        if (value < SharedSemaphore.Most) return true;
        return Errors.Set(*Api.Table.PyExc_OverflowError, $"a {type} counts to {SharedSemaphore.Most - 1}") != null;
    }

    /// <summary>Creates a semaphore in the current pool. Returns null with an exception set.</summary>
    internal static PyObject* Create(PyObject* type, long value, long limit)
    {
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        Pool pool = CurrentPool.Get(interpreter);
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        SharedSemaphore* made = isDeleted ? null : SharedSemaphore.Create(state->Me, heap, value, limit);
        PyObject* handle = made == null ? null : Handle.Adopt(state, (Header*)made, type);
        section.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return made == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    /// <summary>The repr, with the value, and with the limit if there is one.</summary>
    internal static PyObject* Describe(Handle* handle)
    {
        string name = Text.TypeName((PyObject*)handle);
        long value = 0, limit = 0;
        if (LiveMethods.IsDeleted(handle)
            || SharedSemaphore.Look(handle->State->Me, SemaphoreOf(handle), out value, out limit) != Status.Done)
            return Text.ToPython($"<symplast.{name}, deleted>");
        return Text.ToPython(
            $"<symplast.{name} at 0x{(nuint)handle:x}: value={value}{(limit == SharedSemaphore.Most ? "" : $"/{limit}")}>");
    }

    static SharedSemaphore* SemaphoreOf(Handle* handle) => (SharedSemaphore*)handle->Shared;

    static PyObject* Take(Handle* handle, long deadline)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Attempt attempt = default;
        nuint happening = SharedSemaphore.Event(SemaphoreOf(handle));
        return Waiting.For(handle, happening, ref attempt, deadline, out Status status) ? Answer(handle, status) : null;
    }

    static PyObject* Answer(Handle* handle, Status status) => status switch
    {
        Status.Done => Api.Table._Py_TrueStruct,
        Status.Missing or Status.TimedOut => Api.Table._Py_FalseStruct,
        _ => LiveErrors.Raise(handle, status),
    };

    static PyObject* Give(Handle* handle, long more)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedSemaphore.Exit(handle->State->Me, SemaphoreOf(handle), more);
        return status switch
        {
            Status.Done => Api.Table._Py_NoneStruct,
            Status.Overflow => Errors.Value("Semaphore released too many times"),
            _ => LiveErrors.Raise(handle, status),
        };
    }

    [Callback]
    private static partial PyObject* Acquire(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        LockArguments.ForSemaphore(arguments, count, keywords, out long deadline) ? Take(handle, deadline) : null;

    [Callback]
    private static partial PyObject* Release(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (count == 0 && keywords == null) return Give(handle, 1);
        Span<nint> values = stackalloc nint[1];
        if (!Arguments.Bind("release", ["n"], 0, 1, arguments, count, keywords, values)
            || !LiveMethods.TryInteger((PyObject*)values[0], out long more)) return null;
        return more < 1 ? Errors.Value("n must be one or more") : Give(handle, more);
    }

    [Callback]
    private static partial PyObject* EnterWaiting(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        return Answer(handle, SharedSemaphore.Enter(handle->State->Me, SemaphoreOf(handle), waits: true));
    }

    [Callback]
    private static partial PyObject* Enter(Handle* handle, PyObject* none) => Take(handle, Deadline.None);

    [Callback]
    private static partial PyObject* Exit(Handle* handle, PyObject** arguments, nint count) => Give(handle, 1);
}
