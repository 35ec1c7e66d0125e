namespace Symplast.CPython;

public partial struct Layout
{
    /// <summary>Offset of a thread state's interpreter.</summary>
    public const byte InterpreterOfThread = 16;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<void*, void*, int> PyThread_tss_set;
    public delegate* unmanaged[Cdecl]<int> PyGILState_Ensure;
    public delegate* unmanaged[Cdecl]<int, void> PyGILState_Release;
    public delegate* unmanaged[Cdecl]<void*> PyThreadState_Get;
    public delegate* unmanaged[Cdecl]<PyObject*> PyThreadState_GetDict;
    // 3.12 has it under the name that was private.
    [Symbol("PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet")]
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<void*> PyThreadState_GetUnchecked;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<void*> PyGILState_GetThisThreadState;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_New;
    public delegate* unmanaged[Cdecl]<void*, void> PyThreadState_Clear;
    public delegate* unmanaged[Cdecl]<void*, void> PyThreadState_Delete;
    public delegate* unmanaged[Cdecl]<void> PyThreadState_DeleteCurrent;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_Swap;
    public delegate* unmanaged[Cdecl]<nuint, PyObject*, int> PyThreadState_SetAsyncExc;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_Next;
    public delegate* unmanaged[Cdecl]<void*, void*> PyInterpreterState_ThreadHead;
    public delegate* unmanaged[Cdecl]<void*> PyInterpreterState_Main;
    public delegate* unmanaged[Cdecl]<void*> PyInterpreterState_Head;
    public delegate* unmanaged[Cdecl]<void*> PyInterpreterState_Get;
    public delegate* unmanaged[Cdecl]<void*, long> PyInterpreterState_GetID;
    public delegate* unmanaged[Cdecl]<void*, PyObject*> PyInterpreterState_GetDict;
    public delegate* unmanaged[Cdecl]<long, void*> _PyInterpreterState_LookUpID;
    public delegate* unmanaged[Cdecl]<nuint> PyThread_get_thread_ident;
    public delegate* unmanaged[Cdecl]<void*, void*> PyInterpreterState_Next;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_GetInterpreter;
}
