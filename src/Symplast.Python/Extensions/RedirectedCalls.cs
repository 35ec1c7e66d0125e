using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// Replacements for functions of the C API that act on the main interpreter, where a private copy means the interpreter that owns
/// it. The copies call these instead; the owner is passed as an additional last argument.
/// </summary>
/// <remarks>
/// PyGILState: CPython gives an unknown thread a thread state of the main interpreter. Here the thread gets a thread state of the
/// owner. From then on CPython's own functions count its nested calls and delete the thread state in the end. Only a thread that
/// already runs another interpreter is counted here; it returns to that interpreter at the end.
/// </remarks>
internal static unsafe partial class RedirectedCalls
{
    /// <summary>PyGILState_UNLOCKED, the higher one of CPython's two values of PyGILState_STATE.</summary>
    internal const byte Unlocked = 1;

    // PyGILState_LOCKED, and a value of our own: the thread already ran the owner, so there is nothing to undo.
    const int Locked = 0, NothingToDo = 3;

    // The calling thread's stays in owners, innermost first.
    [ThreadStatic] static Stay* _stays;

    /// <summary>
    /// A redirected function: its name, its number of arguments before the owner, and its replacement. Direct is CPython's own
    /// function, if threads that CPython knows as the owner's may call it directly.
    /// </summary>
    internal readonly record struct Entry(string Name, int Arguments, nint Target, nint Direct = 0);

    /// <summary>
    /// All redirected functions. The array is made anew each time: a static field would need a class constructor, which every
    /// call through a thunk would check.
    /// </summary>
    internal static Entry[] All() =>
    [
        new("PyGILState_Ensure", 0, (nint)(delegate* unmanaged[Cdecl]<CopyOwner*, int>)&Ensure,
            (nint)Api.Table.PyGILState_Ensure),
        new("PyGILState_Release", 1, (nint)(delegate* unmanaged[Cdecl]<int, CopyOwner*, void>)&Release,
            (nint)Api.Table.PyGILState_Release),
        new("PyGILState_Check", 0, (nint)(delegate* unmanaged[Cdecl]<CopyOwner*, int>)&Check),
        new("PyGILState_GetThisThreadState", 0, (nint)(delegate* unmanaged[Cdecl]<CopyOwner*, void*>)&GetThisThreadState),
        new("PyInterpreterState_Main", 0, (nint)(delegate* unmanaged[Cdecl]<CopyOwner*, void*>)&GetMain),
        new("PyInterpreterState_Head", 0, (nint)(delegate* unmanaged[Cdecl]<CopyOwner*, void*>)&GetHead),
        new("Py_AddPendingCall", 2, (nint)(delegate* unmanaged[Cdecl]<void*, void*, CopyOwner*, int>)&AddPendingCall),
        new("dlopen", 2, (nint)(delegate* unmanaged[Cdecl]<byte*, int, CopyOwner*, void*>)&OpenLibrary),
        new("pthread_key_create", 2, (nint)(delegate* unmanaged[Cdecl]<uint*, void*, CopyOwner*, int>)&CreateKey),
        new("pthread_key_delete", 1, (nint)(delegate* unmanaged[Cdecl]<uint, CopyOwner*, int>)&DeleteKey),
        new("pthread_atfork", 3, (nint)(delegate* unmanaged[Cdecl]<void*, void*, void*, CopyOwner*, int>)&CallAtFork),
        new("__register_atfork", 3, (nint)(delegate* unmanaged[Cdecl]<void*, void*, void*, CopyOwner*, int>)&CallAtFork),
        new("PyModule_Create2", 2, (nint)(delegate* unmanaged[Cdecl]<PyModuleDef*, int, CopyOwner*, PyObject*>)&CreateModule),
        new("PyModule_FromDefAndSpec2", 3,
            (nint)(delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*, int, CopyOwner*, PyObject*>)&CreateModuleFromSpec),
    ];

    /// <summary>The addresses that import slots of copies get, by the name of the imported function or variable.</summary>
    internal static Dictionary<string, nint> Thunks(CopyOwner* owner)
    {
        Dictionary<string, nint> thunks = [];
        Entry[] all = All();
        for (int i = 0; i < all.Length; i++) thunks.Add(all[i].Name, owner->Thunk(i, all[i]));
        // Two variables that hold a function, which readline and tkinter set when they are imported. Shared, that function would
        // be called for input() in any interpreter, and even after the end of the interpreter that set it.
        (nint inputHook, nint readLine) = CopyOwner.Hooks(owner);
        thunks.Add("PyOS_InputHook", inputHook);
        thunks.Add("PyOS_ReadlineFunctionPointer", readLine);
        return thunks;
    }

    // A thread state of an owner, made for a thread that runs another interpreter.
    struct Stay
    {
        internal CopyOwner* Owner;
        internal void* State;
        internal void* Before;
        internal int Depth;
        internal Stay* Outer;
    }

    static Stay* Find(CopyOwner* owner)
    {
        Stay* stay = _stays;
        while (stay != null && stay->Owner != owner) stay = stay->Outer;
        return stay;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Ensure(CopyOwner* owner)
    {
        ref Api api = ref Api.Table;
        Stay* stay = Find(owner);
        if (stay != null)
        {
            stay->Depth++;
            void* running = api.PyThreadState_GetUnchecked();
            if (running == stay->State) return Locked;
            if (running != null) api.PyEval_SaveThread();
            api.PyEval_RestoreThread(stay->State);
            return Unlocked;
        }
        void* known = api.PyGILState_GetThisThreadState();
        // An abandoned interpreter counts as ended. A thread that still holds its GIL may go on, so that it can release the GIL.
        if (owner->IsAbandoned && api.PyThreadState_GetUnchecked() == null) Wait();
        if (known != null && api.PyThreadState_GetInterpreter(known) == owner->Interpreter) return api.PyGILState_Ensure();
        return Enter(owner, known);
    }

    // Enters the owner on a thread that, by CPython's count, has no thread state in it.
    static int Enter(CopyOwner* owner, void* known)
    {
        ref Api api = ref Api.Table;
        void* current = api.PyThreadState_GetUnchecked();
        if (current != null && api.PyThreadState_GetInterpreter(current) == owner->Interpreter) return NothingToDo;
        void* state = NewState(owner);
        if (known == null && current == null)
        {
            api.PyEval_RestoreThread(state);
            return Unlocked;
        }
        Stay* stay = (Stay*)NativeMemory.Alloc((nuint)sizeof(Stay));
        *stay = new Stay
        {
            Owner = owner,
            State = state,
            Before = current == null
            ? null : api.PyEval_SaveThread(),
            Depth = 1,
            Outer = _stays
        };
        api.PyEval_RestoreThread(state);
        _stays = stay;
        // This thread's nested calls are counted here, even if CPython knows its new thread state.
        owner->AddDetour();
        return Unlocked;
    }

    // If the interpreter has ended, this never returns, as in CPython for a thread that wants the GIL of an ended interpreter.
    static void* NewState(CopyOwner* owner)
    {
        void* state = null;
        using (owner->Hold())
        {
            if (!owner->HasEnded) state = Api.Table.PyThreadState_New(owner->Interpreter);
        }
        if (state != null) return state;
        if (!owner->HasEnded) Environment.FailFast("symplast: no memory for a thread state (PyGILState_Ensure)");
        Wait();
        return null;
    }

    static void Wait()
    {
        while (true) Pause();
    }

    [LibraryImport("libc", EntryPoint = "pause")]
    private static partial int Pause();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Release(int state, CopyOwner* owner)
    {
        ref Api api = ref Api.Table;
        if (state == NothingToDo) return;
        Stay* stay = Find(owner);
        if (stay == null)
        {
            api.PyGILState_Release(state);
            return;
        }
        if (--stay->Depth > 0)
        {
            if (state == Unlocked) api.PyEval_SaveThread();
            return;
        }
        // Clearing the thread state may call back, nested in this stay (CPython had the same bug, gh-119585).
        stay->Depth = 1;
        api.PyThreadState_Clear(stay->State);
        api.PyThreadState_DeleteCurrent();
        Remove(stay);
        owner->RemoveDetour();
        if (stay->Before != null) api.PyEval_RestoreThread(stay->Before);
        NativeMemory.Free(stay);
    }

    static void Remove(Stay* stay)
    {
        if (_stays == stay)
        {
            _stays = stay->Outer;
            return;
        }
        Stay* inner = _stays;
        while (inner->Outer != stay) inner = inner->Outer;
        inner->Outer = stay->Outer;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Check(CopyOwner* owner)
    {
        void* current = Api.Table.PyThreadState_GetUnchecked();
        return current != null && Api.Table.PyThreadState_GetInterpreter(current) == owner->Interpreter ? 1 : 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void* GetThisThreadState(CopyOwner* owner)
    {
        Stay* stay = Find(owner);
        return stay != null ? stay->State : Api.Table.PyGILState_GetThisThreadState();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void* GetMain(CopyOwner* owner) => owner->Interpreter;

    // Libraries ask for the head of the list to find out whether any interpreter is left.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void* GetHead(CopyOwner* owner) => owner->HasEnded ? null : owner->Interpreter;

    // Destructors of thread-local variables call this after the interpreter's end. The call is then dropped silently.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int AddPendingCall(void* function, void* argument, CopyOwner* owner)
    {
        using (owner->Hold())
        {
            if (owner->HasEnded) return 0;
            return Api.Table._PyEval_AddPendingCall(owner->Interpreter, function, argument, 0) == 0 ? 0 : -1;
        }
    }

    // A key without a destructor never calls code of a copy, so it is not recorded.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int CreateKey(uint* key, void* destructor, CopyOwner* owner)
    {
        int failed = Linux.CreateKey(key, destructor);
        if (failed == 0 && destructor != null) owner->AddKey(*key);
        return failed;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int DeleteKey(uint key, CopyOwner* owner)
    {
        owner->RemoveKey(key);
        return Linux.DeleteKey(key);
    }

    // Handlers are not registered: no process forks while there are workers, and a handler's code might be unloaded when it is
    // called.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int CallAtFork(void* prepare, void* parent, void* child, CopyOwner* owner) => 0;

    // Called by ctypes, cffi and others. A thread of the interpreter may have released its GIL for this call, as ctypes does; the
    // GIL is then taken here. For a thread that a library has started, the dynamic linker is called unchanged.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void* OpenLibrary(byte* name, int flags, CopyOwner* owner)
    {
        ref Api api = ref Api.Table;
        if (name == null || owner->HasEnded) return Linux.OpenLibraryAsNamed(name, flags);
        void* current = api.PyThreadState_GetUnchecked();
        void* own = current != null ? current : api.PyGILState_GetThisThreadState();
        if (own == null || api.PyThreadState_GetInterpreter(own) != owner->Interpreter)
            return Linux.OpenLibraryAsNamed(name, flags);
        if (current == null) api.PyEval_RestoreThread(own);
        void* handle = null;
        bool isRefused = false;
        try
        {
            if (owner->Copies is PrivateCopies copies)
                handle = copies.Open(Marshal.PtrToStringUTF8((nint)name)!, (flags & Linux.NoLoad) != 0, owner->Interpreter);
        }
        catch (Exception)
        {
            // If the dynamic linker refused the library, dlerror() tells the caller why.
            isRefused = true;
        }
        if (current == null) api.PyEval_SaveThread();
        return handle != null || isRefused ? handle : Linux.OpenLibraryAsNamed(name, flags);
    }

    [Callback]
    private static partial PyObject* CreateModule(PyModuleDef* definition, int version, CopyOwner* owner) =>
        ModuleDefinitions.Create(definition, version);

    // Modules that an extension module makes while it is initialized do not declare support for several interpreters, either.
    [Callback]
    private static partial PyObject* CreateModuleFromSpec(PyModuleDef* definition, PyObject* spec, int version, CopyOwner* owner)
    {
        if (!LoaderFaults.LeavesInnerModules) ModuleDefinitions.DeclareSupport(definition);
        return Api.Table.PyModule_FromDefAndSpec2(definition, spec, version);
    }
}
