using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// The Python types <c>symplast.Queue</c> and <c>symplast.SimpleQueue</c>, over the structure <see cref="SharedQueue"/>.
/// </summary>
internal static unsafe partial class QueueType
{
    // The tag of a SimpleQueue's object.
    const int Simple = 1;

    // No memory could hold more elements: such a queue has no limit.
    const long MostPlaces = 1L << 40;

    // A queue with more places asks the system for its memory first. The memory of pools is reserved without a limit, so that the
    // system ends a process that fills more than there is.
    const long ManyPlaces = 1L << 22;
    const long BytesOfPlace = 16;

    /// <summary>Describes the kind of Queue; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Name = Text.Utf8("Queue"u8),
        Header = HeaderKind.Queue,
        Type = Specification(),
        Await = &Await,
    };

    /// <summary>Describes the kind of SimpleQueue, which is added after that of Queue; called once a process.</summary>
    internal static Kind SimpleKind() => new()
    {
        Name = Text.Utf8("SimpleQueue"u8),
        Header = HeaderKind.Queue,
        Includes = &IsSimple,
        Type = SimpleSpecification(),
        Await = &Await,
    };

    static bool IsSimple(Header* shared) => ((SharedObject*)shared)->Tag == Simple;

    static nuint Await(Handle* handle, int happening, int change)
    {
        QueueSide side = (QueueSide)happening;
        if (side is < QueueSide.Items or > QueueSide.Finished) return 0;
        if (change > 0) QueueWaiting.BeginWait(handle->State->Me, QueueOf(handle), side);
        else QueueWaiting.EndWait(handle->State->Me, QueueOf(handle), side);
        return QueueWaiting.Happening(QueueOf(handle), side);
    }

    internal static SharedQueue* QueueOf(Handle* handle) => (SharedQueue*)handle->Shared;

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Queue"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Queue(maxsize=0)
                --

                A FIFO queue that all interpreters share, created in the current pool: the interface of queue.Queue.

                Elements are what a List takes, by pointer or as copies in the pool. Any other object is pickled, and each getter
                unpickles its own copy. With a maxsize above 0, put() waits while the queue has so many elements. Iteration takes
                elements until the queue is shut down and empty. A queue is compared and hashed by identity.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Iter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.IterNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&QueueMethods.Next),
            Slot(PyTypeSlot.AsyncIter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.AsyncNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&QueueMethods.AsyncNext),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&Contains),
            Slot(PyTypeSlot.GetSet, Table(
                Property("maxsize"u8, (delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*>)&GetMaxSize,
                    "The largest number of elements; 0 or less for no limit."u8),
                Property("is_shutdown"u8, (delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*>)&GetIsShutDown,
                    "Whether shutdown() was called."u8),
                Property("unfinished_tasks"u8, (delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*>)&GetUnfinished,
                    "The number of elements that were put and for which task_done() was not called yet."u8))),
            Slot(PyTypeSlot.Methods, QueueMethods.All())),
    });

    static PyTypeSpec* SimpleSpecification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.SimpleQueue"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                SimpleQueue()
                --

                An unbounded FIFO queue that all interpreters share, created in the current pool: the interface of
                queue.SimpleQueue. Takes what Queue takes.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&NewSimple),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, QueueMethods.OfSimple())),
    });

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        long maxSize = 0;
        if (!ThisProcess.Check() || !TryMaxSize(positional, named, ref maxSize)) return null;
        return Create(type, maxSize, tag: 0);
    }

    [Callback]
    private static partial PyObject* NewSimple(PyObject* type, PyObject* positional, PyObject* named)
    {
        if (!ThisProcess.Check() || !LiveMethods.RefuseNamed("SimpleQueue", named)
            || !LiveMethods.CheckCount("SimpleQueue", ((PyVarObject*)positional)->Size, 0, 0)) return null;
        return Create(type, 0, Simple);
    }

    static bool TryMaxSize(PyObject* positional, PyObject* named, ref long maxSize)
    {
        ref Api api = ref Api.Table;
        nint count = ((PyVarObject*)positional)->Size;
        PyObject* given = count > 0 ? Tuples.Items(positional)[0] : null;
        nint others = named == null ? 0 : ((PyDictObject*)named)->Used;
        if (others == 1 && count == 0) given = api.PyDict_GetItemString(named, Text.Utf8("maxsize"u8));
        if (count + others > 1 || others > 0 && given == null)
            return Errors.Type("Queue() takes at most one argument, maxsize") != null;
        return given == null || LiveMethods.TryInteger(given, out maxSize);
    }

    static PyObject* Create(PyObject* type, long maxSize, int tag)
    {
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        Pool pool = CurrentPool.Get(interpreter);
        LiveState* state = interpreter.Live;
        if (maxSize is > ManyPlaces and < MostPlaces && !MemoryProbe.Has((nuint)(maxSize * BytesOfPlace)))
            return Api.Table.PyErr_NoMemory();
        PoolHeap* heap = pool.LiveHeap();
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        SharedQueue* queue = isDeleted
            ? null : SharedQueue.Create(state->Me, heap, maxSize is > 0 and < MostPlaces ? maxSize : 0);
        PyObject* handle = null;
        if (queue != null)
        {
            SharedQueue.Limit(queue) = maxSize;
            ((SharedObject*)queue)->Tag = tag;
            handle = Handle.Adopt(state, (Header*)queue, type);
        }
        section.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return queue == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        string name = Text.TypeName((PyObject*)handle);
        if (LiveMethods.IsDeleted(handle)
            || SharedQueue.Count(handle->State->Me, QueueOf(handle), out long count) != Status.Done
            || SharedQueue.IsClosedNow(handle->State->Me, QueueOf(handle), out bool isClosed) != Status.Done)
            return Text.ToPython($"<symplast.{name}, deleted>");
        return Text.ToPython($"<symplast.{name}, {count} element{(count == 1 ? "" : "s")}{(isClosed ? ", shut down" : "")}>");
    }

    [Callback]
    private static partial int Contains(PyObject* self, PyObject* o) =>
        Errors.Type("a Queue is not searched: iteration takes its elements") == null ? -1 : 0;

    [Callback]
    private static partial PyObject* GetMaxSize(Handle* handle, void* closure)
    {
        if (!LiveMethods.CheckAlive(handle)) return null;
        LiveState* state = handle->State;
        Section section = Heap.Enter(state->Me, handle->Shared, out bool isDeleted);
        long maxSize = isDeleted ? 0 : SharedQueue.Limit(QueueOf(handle));
        section.Exit(state->Me);
        return isDeleted ? LiveErrors.RaiseDeleted(handle) : Outgoing.Int(maxSize);
    }

    [Callback]
    private static partial PyObject* GetIsShutDown(Handle* handle, void* closure)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedQueue.IsClosedNow(handle->State->Me, QueueOf(handle), out bool isClosed);
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        return isClosed ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* GetUnfinished(Handle* handle, void* closure)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = SharedQueue.Unfinished(handle->State->Me, QueueOf(handle), out long count);
        return status == Status.Done ? Outgoing.Int(count) : LiveErrors.Raise(handle, status);
    }
}
