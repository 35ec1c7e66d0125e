using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Extensions;
using Symplast.Python.Interpreting;
using Symplast.Python.Live;
using Symplast.Python.Sessions;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The extension module <c>symplast._symplast</c>: its initialization and its functions.</summary>
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

    // Called once a process. Returns null, or the reason why this CPython is not supported.
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
            Doc = Text.Utf8("Objects that many interpreters share by pointer. Import the package symplast instead."u8),
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

    // The table of API functions may be what is missing, so the two symbols are looked up here.
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
        .. SharingFunctions.Methods(),
        .. PoolFunctions.Methods(),
        .. TransportFunctions.Methods(),
        .. ProcessFunctions.Methods(),
        .. SessionFunctions.Methods(),
        .. ExtensionFunctions.Methods(),
        .. ClassFunctions.Methods(),
        .. LoopWaiters.Methods(),
    ]);

    [Callback]
    private static partial int Exec(PyObject* module)
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
            && Interpreters.Note(state.Id)
            && RememberFirst(module);
        return done ? 0 : -1;
    }

    // An interpreter has one set of our types and functions. A second import, such as after `del sys.modules["symplast"]` or from
    // another folder, adopts those of the first, so that existing objects are instances of its types. Returns false with an
    // exception set.
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
        // If the first module no longer exists, its types do not exist either, nor any object of these types.
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
        if (failed != 0 || !AddNumber(module, "PATCH_FLOOR"u8, Layout.Current.PatchFloor)) return false;
        // Warnings about the process are given by the interpreter that imports first. Full fence. Nothing is published through
        // the flag.
        bool first = Interlocked.Exchange(ref _imported, 1) == 0;
        return AddNumber(module, "ANSWER_CALLBACKS"u8, (long)AnswerKind.Callbacks)
            && AddNumber(module, "ANSWER_LOST"u8, (long)AnswerKind.Lost)
            && AddNumber(module, "ANSWER_RESULT"u8, (long)AnswerKind.Result)
            && AddNumber(module, "ANSWER_EXCEPTION"u8, (long)AnswerKind.Exception)
            && Api.Table.PyModule_AddObjectRef(
                module, Text.Utf8("FIRST_IMPORT"u8), first ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct) == 0;
    }

    static bool AddNumber(PyObject* module, ReadOnlySpan<byte> name, long value)
    {
        PyObject* number = Api.Table.PyLong_FromLongLong(value);
        bool done = number != null && Api.Table.PyModule_AddObjectRef(module, Text.Utf8(name), number) == 0;
        References.Drop(number);
        return done;
    }

    // The state refers to the types, and the types refer to the module. The collector must see this cycle, or the module and the
    // types are not freed when the interpreter ends; on 3.13+ one surviving object keeps all memory of its interpreter. There is
    // no clear slot: clearing the types breaks the cycle, and finalizers that run meanwhile still find a complete state.
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
            // Memory ran out. The interpreter's state then stays until the process ends.
        }
        *state = 0;
    }
}
