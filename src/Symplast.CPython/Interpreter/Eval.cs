namespace Symplast.CPython;

public unsafe partial struct Api
{
    public const int Py_file_input = 257;

    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*, int>, PyObject*,
        void> PyEval_SetTrace;
    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*, int>, PyObject*,
        void> PyEval_SetProfile;
    public delegate* unmanaged[Cdecl]<void*> PyEval_SaveThread;
    public delegate* unmanaged[Cdecl]<void*, void> PyEval_RestoreThread;
    public delegate* unmanaged[Cdecl]<byte*, byte*, int, PyObject*> Py_CompileString;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PyEval_EvalCode;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetBuiltins;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetLocals;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetGlobals;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetFrame;
    public delegate* unmanaged[Cdecl]<void*, void*, void*, int, int> _PyEval_AddPendingCall;
    public delegate* unmanaged[Cdecl]<int> Py_MakePendingCalls;
    public delegate* unmanaged[Cdecl]<byte*, int> Py_EnterRecursiveCall;
    public delegate* unmanaged[Cdecl]<void> Py_LeaveRecursiveCall;
}
