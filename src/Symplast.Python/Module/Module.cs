using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.ByValue;
using Symplast.Python.Extensions;
using Symplast.Python.Freezing;
using Symplast.Python.Interpreting;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The extension module <c>symplast._symplast</c>: what CPython calls at import, and the module's functions.</summary>
public static unsafe partial class Module
{
    static readonly WordLock StartGate = WordLock.Create();
    static PyModuleDef* _definition;
    static int _imported;
    static PyTypeSpec* _poolSpecification;
    static PyTypeSpec* _allocationSpecification;
    static PyTypeSpec* _channelSpecification;
    static PyStructSequenceDesc* _statsSpecification;

    /// <summary>
    /// Called by CPython at the first import in each interpreter. Returns the module's definition, or null with ImportError set.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = "PyInit__symplast", CallConvs = [typeof(CallConvCdecl)])]
    public static PyObject* Init()
    {
        try
        {
            if (OtherCopy.TryInit(out PyObject* definition, out string? refusal))
            {
                if (refusal is not null) RaiseImportError(refusal);
                return definition;
            }
            // Two interpreters may import at the same time, each under its own GIL.
            using (StartGate.Hold()) refusal = Start();
            if (refusal is null) return Api.Table.PyModuleDef_Init(_definition);
            RaiseImportError(refusal);
            return null;
        }
        catch (Exception e)
        {
            RaiseImportError("symplast could not start: " + e.Message);
            return null;
        }
    }

    /// <summary>freeze() and Pool.freeze(): with a null <paramref name="pool"/>, in the current pool.</summary>
    internal static PyObject* FreezeCall(
        InterpreterState interpreter, Pool? pool, string function, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!ThisProcess.Check()) return null;
        PyObject* o;
        PyObject* convert = null;
        if (count == 1 && keywords == null)
        {
            o = arguments[0];
        }
        else
        {
            Span<nint> values = stackalloc nint[2];
            if (!Arguments.Bind(function, ["obj", "default"], required: 1, positional: 2, arguments, count, keywords, values))
                return null;
            o = (PyObject*)values[0];
            convert = (PyObject*)values[1];
            if (convert == Api.Table._Py_NoneStruct) convert = null;
            if (convert != null && Api.Table.PyCallable_Check(convert) == 0)
                return Errors.Type($"default must be callable or None, not {Text.TypeName(convert)}");
        }
        pool ??= CurrentPool.Get(interpreter);
        if (convert == null) convert = interpreter.Defaults.Of(pool);
        // The program may give the pool another one meanwhile.
        if (convert != null) References.Take(convert);
        PyObject* frozen = Freezer.Freeze(interpreter, pool, o, convert);
        References.Drop(convert);
        return frozen;
    }

    // Once a process: null, or the reason why this CPython cannot be served.
    static string? Start()
    {
        if (_definition != null) return null;
        uint version = ApiLoader.VersionHex();
        if (!Layout.Select(version))
            return $"symplast supports CPython 3.12 to 3.15, this is {version >> 24}.{(version >> 16) & 0xFF}";
        if (ApiLoader.Load() is string missing) return $"symplast needs {missing}, which this Python does not export";
        if (LayoutCheck.Run() is string mismatch)
            return $"the layout of {mismatch} in this CPython is not the one symplast was made for";
        if (PendingMemory.Start() is string wrong) return wrong;
        ForkGuard.Arm();
        PoolProtection.ReadOnly = DebugModes.ReadOnly;
        SharedMemory.Start();
        if (DebugModes.Heap) HeapDebug.Start();
        if (DebugModes.Track) Tracking.Start();
        if (DebugModes.Leaks) ExitReport.Register();
        LiveTypes.Prepare();
        if (!StaticObjects.Fill()) return "no memory";
        SharedInts.Reserve();
        _poolSpecification = PoolType.Specification();
        _allocationSpecification = CurrentPool.Specification();
        _channelSpecification = ChannelHandle.Specification();
        _statsSpecification = PoolStats.Specification();
        PyModuleDef* definition = Table(new PyModuleDef
        {
            Name = Text.Utf8("symplast._symplast"u8),
            Doc = Text.Utf8("Objects that many interpreters share by pointer. Use the package symplast."u8),
            StateSize = sizeof(nint),
            Methods = Methods(),
            Slots = Table(
                new PyModuleSlot { Slot = PyModuleSlot.Exec, Value = (delegate* unmanaged[Cdecl]<PyObject*, int>)&Exec },
                new PyModuleSlot
                {
                    Slot = PyModuleSlot.MultipleInterpreters,
                    Value =
                    (void*)PyModuleSlot.PerInterpreterGilSupported
                }),
            Traverse = (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void*, int>, void*,
                int>)&Traverse,
            Free = (delegate* unmanaged[Cdecl]<PyObject*, void>)&Free,
        });
        definition->Head.RefCount = 1;
        Preparation.Run();
        _definition = definition;
        return null;
    }

    // The table may be what is missing, so the two symbols are looked up by themselves.
    static void RaiseImportError(string message)
    {
        var set = (delegate* unmanaged[Cdecl]<PyObject*, byte*, void>)ApiLoader.Find("PyErr_SetString");
        PyObject** type = (PyObject**)ApiLoader.Find("PyExc_ImportError");
        nint text = Marshal.StringToCoTaskMemUTF8(message);
        if (set != null && type != null) set(*type, (byte*)text);
        Marshal.FreeCoTaskMem(text);
    }

    static PyMethodDef* Methods() => Table<PyMethodDef>(
    [
        .. ClassFunctions.Methods(),
        FastCallKeywords("freeze"u8, &Freeze, """
            freeze($module, /, obj, default=None)
            --

            Pool.freeze() in the current pool.
            """u8),
        OneArg("thaw"u8, &Thaw, """
            thaw($module, obj, /)
            --

            Copy a frozen object and everything it holds back into plain, mutable objects of this interpreter.

            What was a list, dict, set or bytearray becomes one again. Identity, sharing and cycles are kept. Of live objects,
            each as it is at one moment, Dict and SortedDict become dict, List list, Set set, Array array.array, AtomicInt int,
            AtomicRef what it holds, and an Object a dict of its attributes. A plain list, dict or tuple that holds live objects,
            however deep, is copied with them thawed; any other object that is neither frozen nor live is returned as it is.
            Raises DeletedError if an object, or its pool, is deleted.
            """u8),
        OneArg("is_shared"u8, &IsShared, """
            is_shared($module, obj, /)
            --

            Whether obj is one and the same object in all interpreters: it lies in a pool, frozen or live, or is one of CPython's
            own process-wide constants (None, True, small ints, '' and the like).
            """u8),
        OneArg("is_frozen"u8, &IsFrozen, """
            is_frozen($module, obj, /)
            --

            Whether obj is shared and immutable, as what freeze() returns is.
            """u8),
        OneArg("delete"u8, &Delete, """
            delete($module, obj, /)
            --

            Delete a live object. Final at once: every later use, in any interpreter, raises DeletedError, and so does a second
            call. What only it referred to is freed. Frozen objects are deleted with their pool.
            """u8),
        FastCall("add"u8, &Add, """
            add($module, obj, name, n, /)
            --

            Add n to the number that an attribute of a live object is, at one moment, and return the sum.
            """u8),
        FastCall("compare_exchange"u8, &CompareExchange, """
            compare_exchange($module, obj, name, expected, new, /)
            --

            Give an attribute of a live object the value new if it has the value expected, at one moment; return whether it had.
            """u8),
        OneArg("pool_of"u8, &PoolOf, """
            pool_of($module, obj, /)
            --

            The Pool that obj lies in, or None if it lies in none.
            """u8),
        NoArgs("current_pool"u8, &GetCurrentPool, """
            current_pool($module, /)
            --

            The Pool that this context allocates in: that of the innermost allocating() block, else the default pool.
            """u8),
        NoArgs("pools"u8, &Pools, """
            pools($module, /)
            --

            A list of the pools of this process that are not deleted, oldest first.
            """u8),
        NoArgs("get_pending_limit"u8, &GetPendingLimit, """
            get_pending_limit($module, /)
            --

            The bytes of deleted pools that may wait for interpreters to end before a PendingMemoryWarning is given, or None for
            no limit.

            At first what the environment variable SYMPLAST_PENDING_LIMIT says ("none" for no limit), or 256 MiB. One for the
            process.
            """u8),
        OneArg("set_pending_limit"u8, &SetPendingLimit, """
            set_pending_limit($module, limit, /)
            --

            Set what get_pending_limit() returns. The warning, which is given once, can be given once more.
            """u8),
        OneArg("_live_blocks"u8, &LiveBlocks, "For tests: the blocks of live objects in a Pool."u8),
        OneArg("_fail_at"u8, &FailAt,
            "For tests: let the n-th allocation of live objects from now on fail; 0 ends that. Return whether the one "u8
            + "chosen before has failed."u8),
        FastCall("_delete_at"u8, &DeleteAt,
            "For tests: let the n-th allocation of live objects from now on meet the deletion of a Pool by another thread, "u8
            + "and fail if the third argument is true; _fail_at(0) ends that."u8),
        OneArg("_need_memory"u8, &NeedMemory, "Raise MemoryError if the system would not give so many bytes now."u8),
        FastCall("_pool_by_id"u8, &PoolById, "Unpickle a Pool."u8),
        FastCall("_live_by_ticket"u8, &LiveByTicket, "Unpickle a live object."u8),
        OneArg("_leaks"u8, &Leaks,
            "What symplast.leaks() is made of: a tuple for each live object of a Pool, or of all if it is None."u8),
        OneArg("_persistent_id"u8, &PersistentId, "Pickler.persistent_id: the address of a shared object, None for others."u8),
        OneArg("_persistent_load"u8, &PersistentLoad, "Unpickler.persistent_load: the shared object at an address."u8),
        FastCall("_contents"u8, &ContentsOf,
            "A record of what plain containers hold, or None if something in them may change unseen; takes a tuple of types "u8
            + "whose objects cannot."u8),
        FastCall("_holds_contents"u8, &HoldsContents, "Whether a value holds what a record of it says."u8),
        FastCall("_pack"u8, &Pack,
            "Call dumps(obj, sender), in which what is pickled may name live objects; return its result and the parcel that "u8
            + "holds those, or None."u8),
        OneArg("_deposit_data"u8, &DepositData,
            "Put bytes into the open parcel, for many messages to name; return their ticket."u8),
        OneArg("_deposited_data"u8, &DepositedData, "The bytes with a ticket."u8),
        OneArg("_attach_parcel"u8, &AttachParcel,
            "Let the open parcel hold another one, whose live objects its data name too."u8),
        NoArgs("_settle_process"u8, &SettleProcess,
            "Make what CPython keeps for all interpreters safe with workers; for whoever is about to start some."u8),
        FastCall("_enable_faults"u8, &EnableFaults,
            "Enable the process's fault handler for this interpreter: with a descriptor, all_threads and c_stack."u8),
        NoArgs("_disable_faults"u8, &DisableFaults, "Take that back."u8),
        FastCall("_raise_in_thread"u8, &RaiseInThread,
            "Raise an exception in another thread of this interpreter, when it runs Python code."u8),
        OneArg("_count_workers"u8, &CountWorkers, "Note that so many threads for workers begin, or end if it is negative."u8),
        NoArgs("_is_alone"u8, &IsAlone, "Whether the main interpreter is the only one and will be."u8),
        NoArgs("_is_main"u8, &IsMain, "Whether this is the main interpreter."u8),
        FastCall("_load_private"u8, &LoadPrivate,
            "An extension module by name, path, spec and treatment, out of a private copy of its library; None if it needs "u8
            + "none, NotImplemented if it is refused."u8),
        FastCall("_set_library_policy"u8, &SetLibraryPolicy,
            "What symplast.extensions.policy tells the loader of libraries: patterns, each with whether such libraries are "u8
            + "private."u8),
        NoArgs("_loaded_extensions"u8, &LoadedExtensions, "What symplast.extensions.loaded() is made of."u8),
        NoArgs("worker_take"u8, &WorkerTake, "In a worker: the next task's data, or None when there will be none."u8),
        FastCall("worker_answer"u8, &WorkerAnswer, "In a worker: answer the task that was taken."u8),
    ]);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Exec(PyObject* module)
    {
        try
        {
            ref Api api = ref Api.Table;
            if (!TryAdoptFirst(module, out bool isAdopted)) return -1;
            if (isAdopted) return 0;
            InterpreterState state = new() { Id = Interpreters.CurrentId(), Extensions = new ExtensionTable() };
            state.Classes = new InterpreterClasses(state);
            nint handle = GCHandle.ToIntPtr(GCHandle.Alloc(state));
            *(nint*)api.PyModule_GetState(module) = handle;
            bool done = Exceptions.Create(module, state)
                && (state.PoolType = api.PyType_FromModuleAndSpec(module, _poolSpecification, null)) != null
                && (state.PoolStatsType = api.PyStructSequence_NewType(_statsSpecification)) != null
                && (state.AllocationType = api.PyType_FromModuleAndSpec(module, _allocationSpecification, null)) != null
                && (state.ChannelType = api.PyType_FromModuleAndSpec(module, _channelSpecification, null)) != null
                && api.PyModule_AddObjectRef(module, Text.Utf8("Pool"u8), state.PoolType) == 0
                && api.PyModule_AddObjectRef(module, Text.Utf8("PoolStats"u8), state.PoolStatsType) == 0
                && api.PyModule_AddObjectRef(module, Text.Utf8("Channel"u8), state.ChannelType) == 0
                && (state.CurrentPool = CurrentPool.NewVariable()) != null
                && LiveTypes.Create(module, state, handle)
                && AddConstants(module)
                && RememberFirst(module);
            return done ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    // An interpreter has one module of ours: a second import, as after `del sys.modules[…]` or from another folder, gets the
    // types and functions of the first, or objects of before would be strange to it. False with an exception set.
    static bool TryAdoptFirst(PyObject* module, out bool isAdopted)
    {
        ref Api api = ref Api.Table;
        isAdopted = false;
        PyObject* known = api.PyInterpreterState_GetDict(api.PyInterpreterState_Get());
        if (known == null) return Errors.Set(*api.PyExc_ImportError, "this interpreter has no dictionary") != null;
        PyObject* reference = api.PyDict_GetItemString(known, Text.Utf8("symplast"u8));
        if (reference == null) return true;
        PyObject* first = api.PyObject_CallNoArgs(reference);
        if (first == null) return false;
        bool done = true;
        // One that is gone took all its types with it: nobody has an object of theirs.
        if (first != api._Py_NoneStruct)
        {
            isAdopted = true;
            done = api.PyDict_Update(api.PyModule_GetDict(module), api.PyModule_GetDict(first)) == 0;
        }
        References.Drop(first);
        return done;
    }

    static bool RememberFirst(PyObject* module)
    {
        ref Api api = ref Api.Table;
        PyObject* reference = api.PyWeakref_NewRef(module, null);
        bool done = reference != null
            && api.PyDict_SetItemString(
            api.PyInterpreterState_GetDict(api.PyInterpreterState_Get()), Text.Utf8("symplast"u8), reference) == 0;
        References.Drop(reference);
        return done;
    }

    static bool AddConstants(PyObject* module)
    {
        nint version = Marshal.StringToCoTaskMemUTF8(OtherCopy.OwnVersion());
        int failed = Api.Table.PyModule_AddStringConstant(module, Text.Utf8("__version__"u8), (byte*)version);
        Marshal.FreeCoTaskMem(version);
        PyObject* floor = Api.Table.PyLong_FromLongLong(Layout.Current.PatchFloor);
        if (failed != 0 || floor == null) return false;
        failed = Api.Table.PyModule_AddObjectRef(module, Text.Utf8("PATCH_FLOOR"u8), floor);
        References.Drop(floor);
        // Warnings about the process are given by the interpreter that imports first. Full fence; nothing is published through
        // the flag.
        bool first = Interlocked.Exchange(ref _imported, 1) == 0;
        return failed == 0
            && Api.Table.PyModule_AddObjectRef(
                module, Text.Utf8("FIRST_IMPORT"u8), first ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct) == 0;
    }

    // The state holds the types, and they hold the module: unless the collector sees that, neither is freed when an interpreter
    // ends, and on 3.13+ one surviving object keeps all the memory of its interpreter. There is no clear slot: clearing the types
    // is enough to break the circle, and finalizers that run meanwhile still find the state whole.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Traverse(PyObject* module, delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        nint* state = (nint*)Api.Table.PyModule_GetState(module);
        return state == null || *state == 0 ? 0 : InterpreterState.FromHandle(*state).Traverse(visit, argument);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Free(PyObject* module)
    {
        nint* state = (nint*)Api.Table.PyModule_GetState(module);
        if (state == null || *state == 0) return;
        try
        {
            InterpreterState interpreter = InterpreterState.FromHandle(*state);
            if (interpreter.Live != null) LiveState.Close(interpreter.Live);
            interpreter.Live = null;
            interpreter.Clear();
            GCHandle.FromIntPtr(*state).Free();
        }
        catch (Exception)
        {
            // Without memory what the interpreter kept stays until the process ends.
        }
        *state = 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Freeze(PyObject* module, PyObject** arguments, nint count, PyObject* keywords)
    {
        try
        {
            return FreezeCall(InterpreterState.Of(module), null, "freeze", arguments, count, keywords);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Thaw(PyObject* module, PyObject* o)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            InterpreterState interpreter = InterpreterState.Of(module);
            return LiveThawer.IsFor(interpreter, o) ? LiveThawer.Thaw(interpreter, o) : Thawer.Thaw(interpreter, o);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IsShared(PyObject* module, PyObject* o) =>
        AddressRange.Contains(o) || StaticObjects.Includes(o) || Handle.Is(InterpreterState.Of(module).Live, o)
            ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IsFrozen(PyObject* module, PyObject* o) =>
        AddressRange.Contains(o) || StaticObjects.Includes(o) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Delete(PyObject* module, PyObject* o)
    {
        try
        {
            return ThisProcess.Check() ? LiveObjects.Delete(InterpreterState.Of(module).Live, o) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* PoolOf(PyObject* module, PyObject* o)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            InterpreterState interpreter = InterpreterState.Of(module);
            Pool? pool = AddressRange.Contains(o) ? PoolTable.OwnerOf(o) : LiveObjects.PoolOf(interpreter.Live, o);
            return pool is null ? Api.Table._Py_NoneStruct : interpreter.HandleOf(pool);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* GetCurrentPool(PyObject* module, PyObject* none)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            InterpreterState interpreter = InterpreterState.Of(module);
            return interpreter.HandleOf(CurrentPool.Get(interpreter));
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Pools(PyObject* module, PyObject* none)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            InterpreterState interpreter = InterpreterState.Of(module);
            PyObject* list = Api.Table.PyList_New(0);
            if (list == null) return null;
            foreach (Pool pool in PoolTable.Live())
            {
                PyObject* handle = interpreter.HandleOf(pool);
                int failed = handle == null ? -1 : Api.Table.PyList_Append(list, handle);
                References.Drop(handle);
                if (failed == 0) continue;
                References.Drop(list);
                return null;
            }
            return list;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* GetPendingLimit(PyObject* module, PyObject* none) => PendingMemory.Limit;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SetPendingLimit(PyObject* module, PyObject* limit) => PendingMemory.SetLimit(limit);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* NeedMemory(PyObject* module, PyObject* bytes)
    {
        long number = Api.Table.PyLong_AsLongLong(bytes);
        if (number == -1 && Api.Table.PyErr_Occurred() != null) return null;
        return MemoryProbe.Has((nuint)number) ? Api.Table._Py_NoneStruct : Api.Table.PyErr_NoMemory();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* PoolById(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            return count == 2
                ? PoolReference.Resolve(InterpreterState.Of(module), arguments[0], arguments[1])
                : Errors.Type("_pool_by_id() takes 2 arguments");
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* PersistentId(PyObject* module, PyObject* o)
    {
        try
        {
            return PersistentIds.IdOf(module, o);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* PersistentLoad(PyObject* module, PyObject* id)
    {
        try
        {
            return ThisProcess.Check() ? PersistentIds.Load(InterpreterState.Of(module), id) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* ContentsOf(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            return count == 2 && arguments[1]->Type == Api.Table.PyTuple_Type
                ? PlainContents.Of(arguments[0], arguments[1]) : Errors.Type("_contents() takes a value and a tuple of types");
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* HoldsContents(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            if (count != 2) return Errors.Type("_holds_contents() takes a record and a value");
            bool holds = PlainContents.Holds(arguments[0], arguments[1]);
            return holds ? Api.Table._Py_TrueStruct : Api.Table.PyErr_Occurred() != null ? null : Api.Table._Py_FalseStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* SettleProcess(PyObject* module, PyObject* none)
    {
        try
        {
            return ThisProcess.Check() && Settlement.Run() ? Api.Table._Py_NoneStruct : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* EnableFaults(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 3) return Errors.Type("_enable_faults() takes 3 arguments");
        long descriptor = Api.Table.PyLong_AsLongLong(arguments[0]);
        if (descriptor == -1 && Api.Table.PyErr_Occurred() != null) return null;
        if (descriptor is < 0 or > int.MaxValue) return Errors.Value("file is not a valid file descriptor");
        try
        {
            return FaultHandling.Enable(
                (int)descriptor, arguments[1] == Api.Table._Py_TrueStruct, arguments[2] == Api.Table._Py_TrueStruct);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* DisableFaults(PyObject* module, PyObject* none)
    {
        try
        {
            return FaultHandling.Disable();
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* RaiseInThread(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 2) return Errors.Type("_raise_in_thread() takes 2 arguments");
        ulong thread = Api.Table.PyLong_AsUnsignedLongLong(arguments[0]);
        if (Api.Table.PyErr_Occurred() != null) return null;
        Api.Table.PyThreadState_SetAsyncExc((nuint)thread, arguments[1]);
        return References.New(Api.Table._Py_NoneStruct);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CountWorkers(PyObject* module, PyObject* number)
    {
        long more = Api.Table.PyLong_AsLongLong(number);
        if (more == -1 && Api.Table.PyErr_Occurred() != null) return null;
        Interpreters.CountWorkers((int)more);
        return Api.Table._Py_NoneStruct;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* IsAlone(PyObject* module, PyObject* none) =>
        Interpreters.IsAlone() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* WorkerTake(PyObject* module, PyObject* none)
    {
        try
        {
            return ChannelHandle.WorkerTake();
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* WorkerAnswer(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            return ChannelHandle.WorkerAnswer(arguments, count);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}
