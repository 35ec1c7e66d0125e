using System.Runtime.InteropServices;

namespace Symplast.CPython;

#pragma warning disable CS1591 // The names are CPython's, and so is their documentation.

/// <summary>
/// The C API of the running interpreter: one blittable static struct of function pointers, so that a call needs neither a
/// lazy-binding stub nor a class-constructor check. Filled once by <see cref="ApiLoader"/>.
/// </summary>
/// <remarks>Every call needs the GIL of the calling thread's interpreter unless CPython documents otherwise.</remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Api
{
    /// <summary>The table of this process; all interpreters of a process share one libpython.</summary>
    public static Api Table;

    // Calls that may run Python code, block or release the GIL: with a full GC transition.
    public delegate* unmanaged[Cdecl]<PyObject*, void> _Py_Dealloc;
    public delegate* unmanaged[Cdecl]<PyObject*, void> Py_IncRef;
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
    public delegate* unmanaged[Cdecl]<PyObject*, nint> PyObject_Hash;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_Repr;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_Str;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PyObject_Call;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_CallNoArgs;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_CallOneArg;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_CallObject;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, int> PyObject_RichCompareBool;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyObject_IsTrue;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*> PyObject_GetAttrString;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, int> PyObject_HasAttrString;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int> PyObject_SetAttrString;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_GetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_GetIter;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyIter_Next;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySeqIter_New;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyCallable_Check;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyType_IsSubtype;
    public delegate* unmanaged[Cdecl]<PyObject*, PyTypeSpec*, PyObject*, PyObject*> PyType_FromModuleAndSpec;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*> PyType_GenericAlloc;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyType_GetModule;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyType_GetName;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_GenericGetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyObject_ClearWeakRefs;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyWeakref_NewRef;
    public delegate* unmanaged[Cdecl]<void*, byte*, delegate* unmanaged[Cdecl]<PyObject*, void>, PyObject*> PyCapsule_New;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, void*> PyCapsule_GetPointer;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_Free;
    public delegate* unmanaged[Cdecl]<nuint, void*> PyMem_RawMalloc;
    public delegate* unmanaged[Cdecl]<void*, void> PyMem_RawFree;
    public delegate* unmanaged[Cdecl]<int, PyMemAllocator*, void> PyMem_GetAllocator;
    public delegate* unmanaged[Cdecl]<void*, void*, int> PyThread_tss_set;
    public delegate* unmanaged[Cdecl]<byte*, nint, byte*, PyObject*> PyUnicode_DecodeUTF8;
    public delegate* unmanaged[Cdecl]<nint, uint, PyObject*> PyUnicode_New;
    public delegate* unmanaged[Cdecl]<byte*, nint, byte*, int*, PyObject*> PyUnicode_DecodeUTF16;
    public delegate* unmanaged[Cdecl]<int, PyObject*> PyUnicode_FromOrdinal;
    public delegate* unmanaged[Cdecl]<byte*, nint, PyObject*> PyBytes_FromStringAndSize;
    public delegate* unmanaged[Cdecl]<byte*, nint, PyObject*> PyByteArray_FromStringAndSize;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*> PyByteArray_AsString;
    public delegate* unmanaged[Cdecl]<ulong, PyObject*> PyLong_FromUnsignedLongLong;
    public delegate* unmanaged[Cdecl]<PyObject*, long> PyLong_AsLongLong;
    public delegate* unmanaged[Cdecl]<PyObject*, ulong> PyLong_AsUnsignedLongLong;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Index;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Long;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Float;
    public delegate* unmanaged[Cdecl]<byte*, void*, int, PyObject*> PyLong_FromString;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Negative;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Lshift;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> _PyLong_Copy;
    public delegate* unmanaged[Cdecl]<nint, PyObject*> PyList_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyList_Append;
    public delegate* unmanaged[Cdecl]<nint, PyObject*> PyTuple_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySequence_List;
    public delegate* unmanaged[Cdecl]<PyObject*> PyDict_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int> PyDict_SetItem;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyDict_GetItemWithError;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int> PyDict_SetItemString;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*> PyDict_GetItemString;
    public delegate* unmanaged[Cdecl]<PyObject*, nint*, PyObject**, PyObject**, int> PyDict_Next;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyDict_DelItem;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyDictProxy_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySet_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrozenSet_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PySet_Add;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PySet_Contains;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PySlice_New;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*> PyModuleDef_Init;
    public delegate* unmanaged[Cdecl]<PyObject*, void*> PyModule_GetState;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int> PyModule_AddObjectRef;
    public delegate* unmanaged[Cdecl]<PyMethodDef*, PyObject*, PyObject*, PyObject*> PyCFunction_NewEx;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, byte*, int> PyModule_AddStringConstant;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyModule_GetDict;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyModule_NewObject;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, int, PyObject*> PyModule_Create2;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*, int, PyObject*> PyModule_FromDefAndSpec2;
    public delegate* unmanaged[Cdecl]<void*, PyObject*, PyObject*> PyModule_FromSlotsAndSpec;
    public delegate* unmanaged[Cdecl]<PyObject*, PyModuleDef*> PyModule_GetDef;
    public delegate* unmanaged[Cdecl]<PyObject*, PyModuleDef*, int> PyState_AddModule;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*> PyState_FindModule;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PyErr_SetImportError;
    public delegate* unmanaged[Cdecl]<int> PyGILState_Ensure;
    public delegate* unmanaged[Cdecl]<int, void> PyGILState_Release;
    public delegate* unmanaged[Cdecl]<byte*, PyObject*> PyImport_ImportModule;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyImport_GetModule;
    public delegate* unmanaged[Cdecl]<byte*, int, void*> PyCapsule_Import;
    public delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void>, int> PyCapsule_SetDestructor;
    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*, int>, PyObject*,
        void> PyEval_SetTrace;
    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*, int>, PyObject*,
        void> PyEval_SetProfile;
    public delegate* unmanaged[Cdecl]<void*> PyEval_SaveThread;
    public delegate* unmanaged[Cdecl]<void*, void> PyEval_RestoreThread;
    public delegate* unmanaged[Cdecl]<void*> PyThreadState_Get;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<void*> PyThreadState_GetUnchecked;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<void*> PyGILState_GetThisThreadState;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_New;
    public delegate* unmanaged[Cdecl]<void*, void> PyThreadState_Clear;
    public delegate* unmanaged[Cdecl]<void*, void> PyThreadState_Delete;
    public delegate* unmanaged[Cdecl]<void> PyThreadState_DeleteCurrent;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_Swap;
    public delegate* unmanaged[Cdecl]<byte*, PyObject*, PyObject*> PyContextVar_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject**, int> PyContextVar_Get;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyContextVar_Set;
    public delegate* unmanaged[Cdecl]<nuint, PyObject*, int> PyThreadState_SetAsyncExc;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_Next;
    public delegate* unmanaged[Cdecl]<void*, void*> PyInterpreterState_ThreadHead;
    public delegate* unmanaged[Cdecl]<void*> PyInterpreterState_Main;
    public delegate* unmanaged[Cdecl]<void*> PyInterpreterState_Head;
    public delegate* unmanaged[Cdecl]<void*> PyInterpreterState_Get;
    public delegate* unmanaged[Cdecl]<void*, long> PyInterpreterState_GetID;

    // void (PyObjectArenaAllocator*), for C code.
    public void* PyObject_GetArenaAllocator;
    public void* PyObject_SetArenaAllocator;
    public delegate* unmanaged[Cdecl]<void*, PyObject*> PyInterpreterState_GetDict;
    public delegate* unmanaged[Cdecl]<long, void*> _PyInterpreterState_LookUpID;
    public delegate* unmanaged[Cdecl]<nuint> PyThread_get_thread_ident;
    public delegate* unmanaged[Cdecl]<void**, PyInterpreterConfig*, PyStatus> Py_NewInterpreterFromConfig;
    public delegate* unmanaged[Cdecl]<void*, void> Py_EndInterpreter;
    public delegate* unmanaged[Cdecl]<byte*, byte*, int, PyObject*> Py_CompileString;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PyEval_EvalCode;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetBuiltins;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetLocals;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetGlobals;
    public delegate* unmanaged[Cdecl]<PyObject*> PyEval_GetFrame;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrame_GetCode;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrame_GetBack;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyFrame_GetLineNumber;
    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<void>, int> Py_AtExit;
    public delegate* unmanaged[Cdecl]<void*, void*> PyInterpreterState_Next;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void*, int> _PyArg_ParseTupleAndKeywordsFast;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyDict_Clear;
    public delegate* unmanaged[Cdecl]<byte*, PyObject*> PySys_GetObject;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_GC_Del;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_GC_UnTrack;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_GC_Track;
    public delegate* unmanaged[Cdecl]<PyObject*, PyBuffer*, int, int> PyObject_GetBuffer;
    public delegate* unmanaged[Cdecl]<PyBuffer*, void> PyBuffer_Release;
    public delegate* unmanaged[Cdecl]<nint> PyGC_Collect;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrozenDict_New;
    public delegate* unmanaged[Cdecl]<nint, PyObject*> _PyDict_NewPresized;
    public delegate* unmanaged[Cdecl]<PyStructSequenceDesc*, PyObject*> PyStructSequence_NewType;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyStructSequence_New;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, void> PyStructSequence_SetItem;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int> PyTuple_SetItem;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_GetItem;
    public delegate* unmanaged[Cdecl]<void*, void*> PyThreadState_GetInterpreter;
    public delegate* unmanaged[Cdecl]<void> PyErr_SetInterrupt;
    public delegate* unmanaged[Cdecl]<void*, void*, void*, int, int> _PyEval_AddPendingCall;
    public delegate* unmanaged[Cdecl]<int> Py_MakePendingCalls;
    public delegate* unmanaged[Cdecl]<PyObject*, void> PyErr_SetNone;
    public delegate* unmanaged[Cdecl]<PyObject*, double> PyFloat_AsDouble;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyDict_Contains;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyObject_IsInstance;
    public delegate* unmanaged[Cdecl]<PyObject*, int, void*> PyType_GetSlot;
    public delegate* unmanaged[Cdecl]<PyObject*, nint> PyObject_HashNotImplemented;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_SelfIter;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int> PyObject_GenericSetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> _PyType_Lookup;
    public delegate* unmanaged[Cdecl]<PyObject*, nint*, byte*> PyUnicode_AsUTF8AndSize;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, byte*, PyObject*> PyUnicode_AsEncodedString;
    public delegate* unmanaged[Cdecl]<PyObject**, void> PyUnicode_InternInPlace;
    public delegate* unmanaged[Cdecl]<byte*, PyObject*> PyUnicode_InternFromString;
    public delegate* unmanaged[Cdecl]<PyObject*, void*> PyVectorcall_Function;
    public delegate* unmanaged[Cdecl]<byte*, nuint, int, int, PyObject*> _PyLong_FromByteArray;
    public delegate* unmanaged[Cdecl]<PyObject*, int*, long> PyLong_AsLongLongAndOverflow;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyDict_Copy;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyDict_Items;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyDict_Update;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyMapping_Keys;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*> PyObject_RichCompare;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, nint> PyNumber_AsSsize_t;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Add;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Multiply;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_And;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Or;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Xor;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Subtract;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyList_AsTuple;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyList_Sort;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int> PyList_SetItem;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PySequence_Contains;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySequence_Tuple;
    public delegate* unmanaged[Cdecl]<PyObject*, nint*, nint*, nint*, int> PySlice_Unpack;
    public delegate* unmanaged[Cdecl]<nint, nint*, nint*, nint, nint> PySlice_AdjustIndices;
    public delegate* unmanaged[Cdecl]<PyObject*, nint> PyObject_Size;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nuint, PyObject*, PyObject*> PyObject_Vectorcall;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int> PyObject_SetAttr;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, nint> PyObject_LengthHint;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyIter_Check;
    public delegate* unmanaged[Cdecl]<byte*, int> Py_EnterRecursiveCall;
    public delegate* unmanaged[Cdecl]<void> Py_LeaveRecursiveCall;
    public delegate* unmanaged[Cdecl]<PyObject*, int> Py_ReprEnter;
    public delegate* unmanaged[Cdecl]<PyObject*, void> Py_ReprLeave;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> Py_GenericAlias;

    // Calls that do little and can never run Python code, block or come back to us: without the transition.
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*> PyErr_Occurred;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nuint> PyType_GetFlags;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<long, PyObject*> PyLong_FromLongLong;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<double, PyObject*> PyFloat_FromDouble;

    /// <summary>PyUnicode_New for texts of a few hundred characters at most, for which it takes memory at hand.</summary>
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, uint, PyObject*> NewShortText;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<double, double, PyObject*> PyComplex_FromDoubles;

    /// <summary>
    /// PyObject_Hash for finished objects of built-in types only: nothing of Python's or ours can run under it.
    /// </summary>
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nint> HashBuiltin;

    /// <summary>PyDict_Next for a dict, in a walk over many items.</summary>
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nint*, PyObject**, PyObject**, int> NextItem;

    // Static types and singletons: the same address in every interpreter of the process.
    public PyObject* PyBaseObject_Type;
    public PyObject* PyType_Type;
    public PyObject* PyUnicode_Type;
    public PyObject* PyBytes_Type;
    public PyObject* PyByteArray_Type;
    public PyObject* PyLong_Type;
    public PyObject* PyBool_Type;
    public PyObject* PyFloat_Type;
    public PyObject* PyComplex_Type;
    public PyObject* PyTuple_Type;
    public PyObject* PyList_Type;
    public PyObject* PyDict_Type;
    public PyObject* PyODict_Type;
    public PyObject* PySet_Type;
    public PyObject* PyFrozenSet_Type;
    public PyObject* PyDictProxy_Type;
    public PyObject* PyRange_Type;
    public PyObject* PyCFunction_Type;
    public PyObject* PySlice_Type;
    public PyObject* _Py_NoneStruct;
    public PyObject* _Py_TrueStruct;
    public PyObject* _Py_FalseStruct;
    public PyObject* _Py_EllipsisObject;
    public PyObject* _Py_NotImplementedStruct;
    public PyObject* _PyRuntime;
    public PyObject* PyFrozenDict_Type;
    public PyObject* PyModuleDef_Type;
    public PyObject* PyModule_Type;

    // Where the exception types are kept.
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
    public PyObject** PyExc_TypeError;
    public PyObject** PyExc_ValueError;
    public PyObject** PyExc_KeyError;
}
