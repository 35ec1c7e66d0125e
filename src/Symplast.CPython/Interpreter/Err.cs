namespace Symplast.CPython;

public partial struct Layout
{
    /// <summary>
    /// Whether errors of dict and set for an unhashable object name its use (3.14+): "cannot use 'list' as a dict key".
    /// </summary>
    public bool ErrorsNameRole = minor >= 14;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void> PyErr_SetObject;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, void> PyErr_SetString;
    public delegate* unmanaged[Cdecl]<void> PyErr_Clear;
    public delegate* unmanaged[Cdecl]<PyObject*> PyErr_NoMemory;
    public delegate* unmanaged[Cdecl]<PyObject*> PyErr_GetRaisedException;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyErr_SetRaisedException;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyErr_ExceptionMatches;
    public delegate* unmanaged[Cdecl]<byte*, byte*, PyObject*, PyObject*, PyObject*> PyErr_NewExceptionWithDoc;
    public delegate* unmanaged[Cdecl]<int> PyErr_CheckSignals;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyErr_WriteUnraisable;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, nint, int> PyErr_WarnEx;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void> PyException_SetCause;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PyErr_SetImportError;
    public delegate* unmanaged[Cdecl]<void> PyErr_SetInterrupt;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyErr_SetNone;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*> PyErr_Occurred;
    public PyObject** PyExc_BaseException;
    public PyObject** PyExc_BufferError;
    public PyObject** PyExc_StopIteration;
    public PyObject** PyExc_AttributeError;
    public PyObject** PyExc_Exception;
    public PyObject** PyExc_ImportError;
    public PyObject** PyExc_IndexError;
    public PyObject** PyExc_KeyboardInterrupt;
    public PyObject** PyExc_MemoryError;
    public PyObject** PyExc_OverflowError;
    public PyObject** PyExc_RecursionError;
    public PyObject** PyExc_ReferenceError;
    public PyObject** PyExc_RuntimeError;
    public PyObject** PyExc_RuntimeWarning;
    public PyObject** PyExc_SystemError;
    public PyObject** PyExc_TimeoutError;
    public PyObject** PyExc_TypeError;
    public PyObject** PyExc_ValueError;
    public PyObject** PyExc_KeyError;
}
