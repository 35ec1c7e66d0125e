using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>
/// The module's state in one interpreter: its types and exceptions, its pool handles, and the pools that it has leased.
/// </summary>
/// <remarks>Used only with that interpreter's GIL held.</remarks>
internal sealed unsafe class InterpreterState
{
    const int ReferenceCount = 15;

    readonly List<nint> _kept = [];
    readonly Dictionary<long, nint> _handles = [];
    readonly HashSet<long> _leased = [];
    PyObject* _defaultDict;
    PyObject* _counter;

    /// <summary>The interpreter's number; never reused within a process.</summary>
    internal long Id { get; init; }

    internal PyObject* SymplastError { get; set; }
    internal PyObject* NotShareableError { get; set; }
    internal PyObject* DeletedError { get; set; }
    internal PyObject* PoolInUseError { get; set; }
    internal PyObject* PoolFullError { get; set; }
    internal PyObject* AbandonedError { get; set; }
    internal PyObject* PoolType { get; set; }
    internal PyObject* PoolStatsType { get; set; }
    internal PyObject* AllocationType { get; set; }
    internal PyObject* ChannelType { get; set; }
    internal PyObject* PendingMemoryWarning { get; set; }
    internal PyObject* TaskInterrupted { get; set; }

    /// <summary>The context variable of <see cref="CurrentPool"/>.</summary>
    internal PyObject* CurrentPool { get; set; }

    /// <summary>The number of blocks of <see cref="CurrentPool"/> that are open in all contexts.</summary>
    internal int OpenBlocks { get; set; }

    /// <summary>The function that <see cref="Python.Checkpoint"/> calls, a borrowed reference; null until it is needed.</summary>
    internal PyObject* Checkpoint { get; set; }

    internal DateTimeTypes DateTimes { get; } = new();

    /// <summary>The interpreter's functions for objects that cannot be shared, by pool.</summary>
    internal PoolDefaults Defaults { get; } = new();

    /// <summary>The interpreter's state for live objects. Only the folders of live objects know its type.</summary>
    internal void* LiveWord { get; set; }

    /// <summary>
    /// A pool that the interpreter must <see cref="Receive"/> before a result can be returned. Set where no Python code can run.
    /// </summary>
    internal Pool? Awaited { get; set; }

    /// <summary>The classes of live objects that this interpreter knows.</summary>
    internal IInterpreterPart? Classes { get; set; }

    /// <summary>The interpreter's extension modules.</summary>
    internal IInterpreterPart? Extensions { get; init; }

    /// <summary>The state of the interpreter that a module object belongs to.</summary>
    internal static InterpreterState Of(PyObject* module) => FromHandle(*(nint*)Api.Table.PyModule_GetState(module));

    /// <summary>The state of the interpreter that an instance of one of our heap types belongs to.</summary>
    internal static InterpreterState OfInstance(PyObject* instance) => Of(Api.Table.PyType_GetModule(instance->Type));

    /// <summary>
    /// The state for one of our types whose instance is being deallocated. Null if the module, and its state, ended before, at
    /// the interpreter's end.
    /// </summary>
    internal static InterpreterState? TryOfType(PyObject* type)
    {
        // PyType_GetModule raises if the module has ended.
        PyObject* inFlight = Api.Table.PyErr_GetRaisedException();
        PyObject* module = Api.Table.PyType_GetModule(type);
        Api.Table.PyErr_SetRaisedException(inFlight);
        nint* state = module == null ? null : (nint*)Api.Table.PyModule_GetState(module);
        return state == null || *state == 0 ? null : FromHandle(*state);
    }

    internal static InterpreterState FromHandle(nint handle) =>
        System.Runtime.CompilerServices.Unsafe.As<InterpreterState>(GCHandle.FromIntPtr(handle).Target!);

    /// <summary>Sets DeletedError and returns null.</summary>
    internal PyObject* RaiseDeleted(Pool? pool) =>
        Errors.Set(DeletedError, pool is null ? "the pool of this object was deleted" : $"pool '{pool.Name}' was deleted");

    /// <summary>
    /// Called before this interpreter gets a pointer into <paramref name="pool"/>. Returns false with an exception set if the
    /// pool is deleted or the interpreter cannot be made ready for its contents.
    /// </summary>
    internal bool Receive(Pool pool)
    {
        if (pool.Deleted || !_leased.Contains(pool.Id) && !pool.Lease(Id)) return RaiseDeleted(pool) != null;
        _leased.Add(pool.Id);
        return !pool.HasDateTimes || DateTimes.Import();
    }

    /// <summary>Whether <see cref="Receive"/> has nothing to do.</summary>
    internal bool HasReceived(Pool pool) =>
        !pool.Deleted && _leased.Contains(pool.Id) && !(pool.HasDateTimes && !DateTimes.IsImported);

    /// <summary>Keeps an object as long as the state lives, and shows it to the collector. Steals the reference.</summary>
    internal void Keep(PyObject* o) => _kept.Add((nint)o);

    /// <summary>Whether <see cref="IsPlainDictSubclass"/> has done its import.</summary>
    internal bool KnowsCollections => _counter != null;

    /// <summary>Whether a type is collections.defaultdict or collections.Counter, which store nothing but a dict's
    /// items.</summary>
    internal bool IsPlainDictSubclass(PyObject* type)
    {
        if (_counter == null)
        {
            PyObject* collections = Api.Table.PyImport_ImportModule(Text.Utf8("collections"u8));
            if (collections != null)
            {
                _defaultDict = Api.Table.PyObject_GetAttrString(collections, Text.Utf8("defaultdict"u8));
                _counter = Api.Table.PyObject_GetAttrString(collections, Text.Utf8("Counter"u8));
                References.Drop(collections);
            }
            Api.Table.PyErr_Clear();
        }
        return type == _defaultDict || type == _counter;
    }

    /// <summary>
    /// Returns a new reference to this interpreter's handle of <paramref name="pool"/>; makes the handle if there is none.
    /// Returns null with an exception set.
    /// </summary>
    internal PyObject* HandleOf(Pool pool)
    {
        if (_handles.TryGetValue(pool.Id, out nint known)) return References.New((PyObject*)known);
        // The capacity comes first, so that nothing can fail when the handle is attached to the pool.
        _handles.EnsureCapacity(_handles.Count + 1);
        PyObject* handle = Api.Table.PyType_GenericAlloc(PoolType, 0);
        if (handle == null) return null;
        try
        {
            PoolHandle.Attach(handle, pool);
        }
        catch (OutOfMemoryException)
        {
            References.Drop(handle);
            throw;
        }
        _handles.Add(pool.Id, (nint)handle);
        return handle;
    }

    /// <summary>Removes a handle that is being deallocated.</summary>
    internal void ForgetHandle(Pool pool) => _handles.Remove(pool.Id);

    /// <summary>Shows the collector every reference that the state holds; for the module's traverse slot.</summary>
    internal int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        Span<nint> held = stackalloc nint[ReferenceCount];
        CopyReferences(held);
        foreach (nint o in held)
        {
            int stop = o == 0 ? 0 : visit((PyObject*)o, argument);
            if (stop != 0) return stop;
        }
        foreach (nint o in _kept)
        {
            int stop = visit((PyObject*)o, argument);
            if (stop != 0) return stop;
        }
        int stopped = Defaults.Traverse(visit, argument);
        if (stopped == 0 && Extensions is not null) stopped = Extensions.Traverse(visit, argument);
        return stopped != 0 || Classes is null ? stopped : Classes.Traverse(visit, argument);
    }

    /// <summary>
    /// Drops every reference that the state holds; for the module's free slot. The state cannot be used afterwards.
    /// </summary>
    internal void Clear()
    {
        Defaults.Clear();
        Extensions?.Clear();
        Span<nint> held = stackalloc nint[ReferenceCount];
        CopyReferences(held);
        foreach (nint o in held) References.Drop((PyObject*)o);
        Classes?.Clear();
        foreach (nint o in _kept) References.Drop((PyObject*)o);
    }

    /// <summary>Returns a new reference to a function of the module, or null with an exception set.</summary>
    internal PyObject* Function(ReadOnlySpan<byte> name) =>
        Api.Table.PyObject_GetAttrString(Api.Table.PyType_GetModule(PoolType), Text.Utf8(name));

    void CopyReferences(Span<nint> to)
    {
        ReadOnlySpan<nint> all =
        [
            (nint)SymplastError, (nint)NotShareableError, (nint)DeletedError, (nint)PoolInUseError, (nint)PoolFullError,
            (nint)PoolType, (nint)PoolStatsType, (nint)AllocationType, (nint)ChannelType, (nint)_defaultDict, (nint)_counter,
            (nint)PendingMemoryWarning, (nint)TaskInterrupted, (nint)CurrentPool, (nint)AbandonedError,
        ];
        all.CopyTo(to);
    }
}
