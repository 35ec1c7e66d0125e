using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>Finds the C API of the libpython that this process runs and fills <see cref="Api.Table"/>.</summary>
public static unsafe class ApiLoader
{
    static bool _loaded;

    /// <summary>
    /// Fills the table. Returns null, or the name of the first function that this CPython lacks. Idempotent. Not thread-safe: the
    /// first import happens under the main interpreter's import lock.
    /// </summary>
    public static string? Load()
    {
        if (_loaded) return null;
        nint library = FindPython();
        ref Api t = ref Api.Table;
        Symbols symbols = new(library);
        t._Py_Dealloc = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("_Py_Dealloc");
        t.Py_IncRef = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("Py_IncRef");
        t.PyErr_SetObject = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void>)symbols.Need("PyErr_SetObject");
        t.PyErr_SetString = (delegate* unmanaged[Cdecl]<PyObject*, byte*, void>)symbols.Need("PyErr_SetString");
        t.PyErr_Clear = (delegate* unmanaged[Cdecl]<void>)symbols.Need("PyErr_Clear");
        t.PyErr_NoMemory = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyErr_NoMemory");
        t.PyErr_GetRaisedException = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyErr_GetRaisedException");
        t.PyErr_SetRaisedException = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("PyErr_SetRaisedException");
        t.PyErr_ExceptionMatches = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("PyErr_ExceptionMatches");
        t.PyErr_NewExceptionWithDoc =
            (delegate* unmanaged[Cdecl]<byte*, byte*, PyObject*, PyObject*, PyObject*>)symbols.Need("PyErr_NewExceptionWithDoc");
        t.PyErr_CheckSignals = (delegate* unmanaged[Cdecl]<int>)symbols.Need("PyErr_CheckSignals");
        t.PyErr_WriteUnraisable = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("PyErr_WriteUnraisable");
        t.PyErr_WarnEx = (delegate* unmanaged[Cdecl]<PyObject*, byte*, nint, int>)symbols.Need("PyErr_WarnEx");
        t.PyException_SetCause = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void>)symbols.Need("PyException_SetCause");
        t.PyObject_Hash = (delegate* unmanaged[Cdecl]<PyObject*, nint>)symbols.Need("PyObject_Hash");
        t.PyObject_Repr = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyObject_Repr");
        t.PyObject_Str = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyObject_Str");
        t.PyObject_Call = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)symbols.Need("PyObject_Call");
        t.PyObject_CallNoArgs = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyObject_CallNoArgs");
        t.PyObject_CallOneArg = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyObject_CallOneArg");
        t.PyObject_CallObject = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyObject_CallObject");
        t.PyObject_RichCompareBool =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, int>)symbols.Need("PyObject_RichCompareBool");
        t.PyObject_IsTrue = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("PyObject_IsTrue");
        t.PyObject_GetAttrString =
            (delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*>)symbols.Need("PyObject_GetAttrString");
        t.PyObject_HasAttrString = (delegate* unmanaged[Cdecl]<PyObject*, byte*, int>)symbols.Need("PyObject_HasAttrString");
        t.PyObject_SetAttrString =
            (delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int>)symbols.Need("PyObject_SetAttrString");
        t.PyObject_GetAttr = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyObject_GetAttr");
        t.PyObject_GetIter = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyObject_GetIter");
        t.PyIter_Next = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyIter_Next");
        t.PyCallable_Check = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("PyCallable_Check");
        t.PyType_IsSubtype = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PyType_IsSubtype");
        t.PyType_FromModuleAndSpec =
            (delegate* unmanaged[Cdecl]<PyObject*, PyTypeSpec*, PyObject*, PyObject*>)symbols.Need("PyType_FromModuleAndSpec");
        t.PyType_GenericAlloc = (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)symbols.Need("PyType_GenericAlloc");
        t.PyType_GetModule = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyType_GetModule");
        t.PyType_GetName = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyType_GetName");
        t.PyObject_GenericGetAttr =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyObject_GenericGetAttr");
        t.PyObject_ClearWeakRefs = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("PyObject_ClearWeakRefs");
        t.PyWeakref_NewRef = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyWeakref_NewRef");
        t.PyCapsule_New =
            (delegate* unmanaged[Cdecl]<void*, byte*, delegate* unmanaged[Cdecl]<PyObject*, void>,
                PyObject*>)symbols.Need("PyCapsule_New");
        t.PyCapsule_GetPointer = (delegate* unmanaged[Cdecl]<PyObject*, byte*, void*>)symbols.Need("PyCapsule_GetPointer");
        t.PyObject_Free = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyObject_Free");
        t.PyMem_RawMalloc = (delegate* unmanaged[Cdecl]<nuint, void*>)symbols.Need("PyMem_RawMalloc");
        t.PyMem_RawFree = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyMem_RawFree");
        t.PyMem_GetAllocator = (delegate* unmanaged[Cdecl]<int, PyMemAllocator*, void>)symbols.Need("PyMem_GetAllocator");
        t.PyThread_tss_set = (delegate* unmanaged[Cdecl]<void*, void*, int>)symbols.Need("PyThread_tss_set");
        t.PyUnicode_DecodeUTF8 = (delegate* unmanaged[Cdecl]<byte*, nint, byte*, PyObject*>)symbols.Need("PyUnicode_DecodeUTF8");
        t.PyUnicode_DecodeUTF16 =
            (delegate* unmanaged[Cdecl]<byte*, nint, byte*, int*, PyObject*>)symbols.Need("PyUnicode_DecodeUTF16");
        t.PyUnicode_New = (delegate* unmanaged[Cdecl]<nint, uint, PyObject*>)symbols.Need("PyUnicode_New");
        t.PyUnicode_FromOrdinal = (delegate* unmanaged[Cdecl]<int, PyObject*>)symbols.Need("PyUnicode_FromOrdinal");
        t.PyBytes_FromStringAndSize =
            (delegate* unmanaged[Cdecl]<byte*, nint, PyObject*>)symbols.Need("PyBytes_FromStringAndSize");
        t.PyByteArray_FromStringAndSize =
            (delegate* unmanaged[Cdecl]<byte*, nint, PyObject*>)symbols.Need("PyByteArray_FromStringAndSize");
        t.PyByteArray_AsString = (delegate* unmanaged[Cdecl]<PyObject*, byte*>)symbols.Need("PyByteArray_AsString");
        t.PyLong_FromUnsignedLongLong = (delegate* unmanaged[Cdecl]<ulong, PyObject*>)symbols.Need("PyLong_FromUnsignedLongLong");
        t.PyLong_AsLongLong = (delegate* unmanaged[Cdecl]<PyObject*, long>)symbols.Need("PyLong_AsLongLong");
        t.PyLong_AsUnsignedLongLong = (delegate* unmanaged[Cdecl]<PyObject*, ulong>)symbols.Need("PyLong_AsUnsignedLongLong");
        t.PyNumber_Index = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyNumber_Index");
        t.PyNumber_Long = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyNumber_Long");
        t.PyNumber_Float = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyNumber_Float");
        t.PyLong_FromString = (delegate* unmanaged[Cdecl]<byte*, void*, int, PyObject*>)symbols.Need("PyLong_FromString");
        t.PyNumber_Negative = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyNumber_Negative");
        t.PyNumber_Lshift = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_Lshift");
        t._PyLong_Copy = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("_PyLong_Copy");
        t.PyList_New = (delegate* unmanaged[Cdecl]<nint, PyObject*>)symbols.Need("PyList_New");
        t.PyList_Append = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PyList_Append");
        t.PyTuple_New = (delegate* unmanaged[Cdecl]<nint, PyObject*>)symbols.Need("PyTuple_New");
        t.PySequence_List = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PySequence_List");
        t.PyDict_New = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyDict_New");
        t.PyDict_SetItem = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)symbols.Need("PyDict_SetItem");
        t.PyDict_GetItemWithError =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyDict_GetItemWithError");
        t.PyDict_SetItemString =
            (delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int>)symbols.Need("PyDict_SetItemString");
        t.PyDict_GetItemString = (delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*>)symbols.Need("PyDict_GetItemString");
        t.PyDict_Next = (delegate* unmanaged[Cdecl]<PyObject*, nint*, PyObject**, PyObject**, int>)symbols.Need("PyDict_Next");
        t.PyDict_DelItem = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PyDict_DelItem");
        t.PyDictProxy_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyDictProxy_New");
        t.PySet_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PySet_New");
        t.PyFrozenSet_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyFrozenSet_New");
        t.PySet_Add = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PySet_Add");
        t.PySet_Contains = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PySet_Contains");
        t.PySlice_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)symbols.Need("PySlice_New");
        t.PyModuleDef_Init = (delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*>)symbols.Need("PyModuleDef_Init");
        t.PyModule_GetState = (delegate* unmanaged[Cdecl]<PyObject*, void*>)symbols.Need("PyModule_GetState");
        t.PyModule_AddObjectRef =
            (delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int>)symbols.Need("PyModule_AddObjectRef");
        t.PyCFunction_NewEx =
            (delegate* unmanaged[Cdecl]<PyMethodDef*, PyObject*, PyObject*, PyObject*>)symbols.Need("PyCFunction_NewEx");
        t.PyModule_AddStringConstant =
            (delegate* unmanaged[Cdecl]<PyObject*, byte*, byte*, int>)symbols.Need("PyModule_AddStringConstant");
        t.PyModule_GetDict = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyModule_GetDict");
        t.PyImport_ImportModule = (delegate* unmanaged[Cdecl]<byte*, PyObject*>)symbols.Need("PyImport_ImportModule");
        t.PyImport_GetModule = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyImport_GetModule");
        t.PyCapsule_Import = (delegate* unmanaged[Cdecl]<byte*, int, void*>)symbols.Need("PyCapsule_Import");
        t.PyCapsule_SetDestructor =
            (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void>,
                int>)symbols.Need("PyCapsule_SetDestructor");
        t.PyEval_SetTrace =
            (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*, int>, PyObject*,
                void>)symbols.Need("PyEval_SetTrace");
        t.PyEval_SetProfile =
            (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*, int>, PyObject*,
                void>)symbols.Need("PyEval_SetProfile");
        t.PyEval_SaveThread = (delegate* unmanaged[Cdecl]<void*>)symbols.Need("PyEval_SaveThread");
        t.PyEval_RestoreThread = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyEval_RestoreThread");
        t.PyThreadState_Get = (delegate* unmanaged[Cdecl]<void*>)symbols.Need("PyThreadState_Get");
        t.PyThreadState_New = (delegate* unmanaged[Cdecl]<void*, void*>)symbols.Need("PyThreadState_New");
        t.PyThreadState_Clear = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyThreadState_Clear");
        t.PyThreadState_Delete = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyThreadState_Delete");
        t.PyThreadState_DeleteCurrent = (delegate* unmanaged[Cdecl]<void>)symbols.Need("PyThreadState_DeleteCurrent");
        t.PyThreadState_Swap = (delegate* unmanaged[Cdecl]<void*, void*>)symbols.Need("PyThreadState_Swap");
        t.PyContextVar_New = (delegate* unmanaged[Cdecl]<byte*, PyObject*, PyObject*>)symbols.Need("PyContextVar_New");
        t.PyContextVar_Get = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject**, int>)symbols.Need("PyContextVar_Get");
        t.PyContextVar_Set = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyContextVar_Set");
        t.PyThreadState_SetAsyncExc =
            (delegate* unmanaged[Cdecl]<nuint, PyObject*, int>)symbols.Need("PyThreadState_SetAsyncExc");
        t.PyThreadState_Next = (delegate* unmanaged[Cdecl]<void*, void*>)symbols.Need("PyThreadState_Next");
        t.PyInterpreterState_ThreadHead = (delegate* unmanaged[Cdecl]<void*, void*>)symbols.Need("PyInterpreterState_ThreadHead");
        t.PyInterpreterState_Main = (delegate* unmanaged[Cdecl]<void*>)symbols.Need("PyInterpreterState_Main");
        t.PyInterpreterState_Head = (delegate* unmanaged[Cdecl]<void*>)symbols.Need("PyInterpreterState_Head");
        t.PyInterpreterState_Get = (delegate* unmanaged[Cdecl]<void*>)symbols.Need("PyInterpreterState_Get");
        t.PyInterpreterState_GetID = (delegate* unmanaged[Cdecl]<void*, long>)symbols.Need("PyInterpreterState_GetID");
        t.PyObject_GetArenaAllocator = (void*)symbols.Need("PyObject_GetArenaAllocator");
        t.PyObject_SetArenaAllocator = (void*)symbols.Need("PyObject_SetArenaAllocator");
        t.PyInterpreterState_GetDict = (delegate* unmanaged[Cdecl]<void*, PyObject*>)symbols.Need("PyInterpreterState_GetDict");
        t._PyInterpreterState_LookUpID = (delegate* unmanaged[Cdecl]<long, void*>)symbols.Need("_PyInterpreterState_LookUpID");
        t.PyThread_get_thread_ident = (delegate* unmanaged[Cdecl]<nuint>)symbols.Need("PyThread_get_thread_ident");
        t.Py_NewInterpreterFromConfig =
            (delegate* unmanaged[Cdecl]<void**, PyInterpreterConfig*, PyStatus>)symbols.Need("Py_NewInterpreterFromConfig");
        t.Py_EndInterpreter = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("Py_EndInterpreter");
        t.Py_CompileString = (delegate* unmanaged[Cdecl]<byte*, byte*, int, PyObject*>)symbols.Need("Py_CompileString");
        t.PyEval_EvalCode =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)symbols.Need("PyEval_EvalCode");
        t.PyEval_GetBuiltins = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyEval_GetBuiltins");
        t.PyEval_GetLocals = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyEval_GetLocals");
        t.PyEval_GetGlobals = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyEval_GetGlobals");
        t.PyEval_GetFrame = (delegate* unmanaged[Cdecl]<PyObject*>)symbols.Need("PyEval_GetFrame");
        t.PyFrame_GetCode = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyFrame_GetCode");
        t.PyFrame_GetBack = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyFrame_GetBack");
        t.PyFrame_GetLineNumber = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("PyFrame_GetLineNumber");
        t.Py_AtExit = (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<void>, int>)symbols.Need("Py_AtExit");
        t.PyInterpreterState_Next = (delegate* unmanaged[Cdecl]<void*, void*>)symbols.Need("PyInterpreterState_Next");
        t._PyArg_ParseTupleAndKeywordsFast =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void*, int>)symbols.Need("_PyArg_ParseTupleAndKeywordsFast");
        t.PyDict_Clear = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("PyDict_Clear");
        t.PySys_GetObject = (delegate* unmanaged[Cdecl]<byte*, PyObject*>)symbols.Need("PySys_GetObject");
        t.PyObject_GC_Del = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyObject_GC_Del");
        t.PyObject_GC_Track = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyObject_GC_Track");
        t.PyObject_GC_UnTrack = (delegate* unmanaged[Cdecl]<void*, void>)symbols.Need("PyObject_GC_UnTrack");
        t.PyObject_GetBuffer = (delegate* unmanaged[Cdecl]<PyObject*, PyBuffer*, int, int>)symbols.Need("PyObject_GetBuffer");
        t.PySeqIter_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PySeqIter_New");
        t.PyBuffer_Release = (delegate* unmanaged[Cdecl]<PyBuffer*, void>)symbols.Need("PyBuffer_Release");
        t.PyGC_Collect = (delegate* unmanaged[Cdecl]<nint>)symbols.Need("PyGC_Collect");
        t.PyFrozenDict_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Find("PyFrozenDict_New");
        t._PyDict_NewPresized = (delegate* unmanaged[Cdecl]<nint, PyObject*>)symbols.Find("_PyDict_NewPresized");
        t.PyErr_Occurred = (delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*>)symbols.Need("PyErr_Occurred");
        t.PyType_GetFlags = (delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nuint>)symbols.Need("PyType_GetFlags");
        t.PyLong_FromLongLong =
            (delegate* unmanaged[Cdecl, SuppressGCTransition]<long, PyObject*>)symbols.Need("PyLong_FromLongLong");
        t.NewShortText = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, uint, PyObject*>)symbols.Need("PyUnicode_New");
        t.PyFloat_FromDouble =
            (delegate* unmanaged[Cdecl, SuppressGCTransition]<double, PyObject*>)symbols.Need("PyFloat_FromDouble");
        t.PyComplex_FromDoubles =
            (delegate* unmanaged[Cdecl, SuppressGCTransition]<double, double, PyObject*>)symbols.Need("PyComplex_FromDoubles");
        t.PyStructSequence_NewType =
            (delegate* unmanaged[Cdecl]<PyStructSequenceDesc*, PyObject*>)symbols.Need("PyStructSequence_NewType");
        t.PyStructSequence_New = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyStructSequence_New");
        t.PyStructSequence_SetItem =
            (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, void>)symbols.Need("PyStructSequence_SetItem");
        t.PyTuple_SetItem = (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int>)symbols.Need("PyTuple_SetItem");
        t.PyObject_GetItem = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyObject_GetItem");
        t.PyThreadState_GetInterpreter = (delegate* unmanaged[Cdecl]<void*, void*>)symbols.Need("PyThreadState_GetInterpreter");
        t.PyErr_SetInterrupt = (delegate* unmanaged[Cdecl]<void>)symbols.Need("PyErr_SetInterrupt");
        t._PyEval_AddPendingCall =
            (delegate* unmanaged[Cdecl]<void*, void*, void*, int, int>)symbols.Need("_PyEval_AddPendingCall");
        t.Py_MakePendingCalls = (delegate* unmanaged[Cdecl]<int>)symbols.Need("Py_MakePendingCalls");
        t.PyFloat_AsDouble = (delegate* unmanaged[Cdecl]<PyObject*, double>)symbols.Need("PyFloat_AsDouble");
        t.PyErr_SetNone = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("PyErr_SetNone");
        t.PyDict_Contains = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PyDict_Contains");
        t.PyType_GetSlot = (delegate* unmanaged[Cdecl]<PyObject*, int, void*>)symbols.Need("PyType_GetSlot");
        t.PyObject_HashNotImplemented = (delegate* unmanaged[Cdecl]<PyObject*, nint>)symbols.Need("PyObject_HashNotImplemented");
        t.PyObject_SelfIter = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyObject_SelfIter");
        t.PyObject_GenericSetAttr =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)symbols.Need("PyObject_GenericSetAttr");
        t._PyType_Lookup = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("_PyType_Lookup");
        t.PyUnicode_AsUTF8AndSize = (delegate* unmanaged[Cdecl]<PyObject*, nint*, byte*>)symbols.Need("PyUnicode_AsUTF8AndSize");
        t.PyUnicode_AsEncodedString =
            (delegate* unmanaged[Cdecl]<PyObject*, byte*, byte*, PyObject*>)symbols.Need("PyUnicode_AsEncodedString");
        t.PyUnicode_InternFromString = (delegate* unmanaged[Cdecl]<byte*, PyObject*>)symbols.Need("PyUnicode_InternFromString");
        t.PyVectorcall_Function = (delegate* unmanaged[Cdecl]<PyObject*, void*>)symbols.Need("PyVectorcall_Function");
        t.PyUnicode_InternInPlace = (delegate* unmanaged[Cdecl]<PyObject**, void>)symbols.Need("PyUnicode_InternInPlace");
        t._PyLong_FromByteArray =
            (delegate* unmanaged[Cdecl]<byte*, nuint, int, int, PyObject*>)symbols.Need("_PyLong_FromByteArray");
        t.PyLong_AsLongLongAndOverflow =
            (delegate* unmanaged[Cdecl]<PyObject*, int*, long>)symbols.Need("PyLong_AsLongLongAndOverflow");
        t.PyDict_Copy = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyDict_Copy");
        t.PyDict_Items = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyDict_Items");
        t.PyDict_Update = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PyDict_Update");
        t.PyMapping_Keys = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyMapping_Keys");
        t.PyObject_RichCompare =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)symbols.Need("PyObject_RichCompare");
        t.PyNumber_AsSsize_t = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, nint>)symbols.Need("PyNumber_AsSsize_t");
        t.PyNumber_Add = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_Add");
        t.PyNumber_Multiply = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_Multiply");
        t.PyNumber_And = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_And");
        t.PyNumber_Or = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_Or");
        t.PyNumber_Xor = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_Xor");
        t.PyNumber_Subtract = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("PyNumber_Subtract");
        t.PyList_AsTuple = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyList_AsTuple");
        t.PyList_Sort = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("PyList_Sort");
        t.PyList_SetItem = (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int>)symbols.Need("PyList_SetItem");
        t.PySequence_Contains = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PySequence_Contains");
        t.PySequence_Tuple = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PySequence_Tuple");
        t.PySlice_Unpack = (delegate* unmanaged[Cdecl]<PyObject*, nint*, nint*, nint*, int>)symbols.Need("PySlice_Unpack");
        t.PySlice_AdjustIndices =
            (delegate* unmanaged[Cdecl]<nint, nint*, nint*, nint, nint>)symbols.Need("PySlice_AdjustIndices");
        t.PyObject_Size = (delegate* unmanaged[Cdecl]<PyObject*, nint>)symbols.Need("PyObject_Size");
        t.PyObject_Vectorcall =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nuint, PyObject*, PyObject*>)symbols.Need("PyObject_Vectorcall");
        t.PyObject_SetAttr = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)symbols.Need("PyObject_SetAttr");
        t.PyObject_LengthHint = (delegate* unmanaged[Cdecl]<PyObject*, nint, nint>)symbols.Need("PyObject_LengthHint");
        t.PyIter_Check = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("PyIter_Check");
        t.Py_EnterRecursiveCall = (delegate* unmanaged[Cdecl]<byte*, int>)symbols.Need("Py_EnterRecursiveCall");
        t.Py_LeaveRecursiveCall = (delegate* unmanaged[Cdecl]<void>)symbols.Need("Py_LeaveRecursiveCall");
        t.Py_ReprEnter = (delegate* unmanaged[Cdecl]<PyObject*, int>)symbols.Need("Py_ReprEnter");
        t.Py_ReprLeave = (delegate* unmanaged[Cdecl]<PyObject*, void>)symbols.Need("Py_ReprLeave");
        t.Py_GenericAlias = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)symbols.Need("Py_GenericAlias");
        t.PyObject_IsInstance = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)symbols.Need("PyObject_IsInstance");
        t.HashBuiltin = (delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nint>)t.PyObject_Hash;
        t.NextItem =
            (delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nint*, PyObject**, PyObject**, int>)t.PyDict_Next;
        t.PyModule_NewObject = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)symbols.Need("PyModule_NewObject");
        t.PyModule_Create2 = (delegate* unmanaged[Cdecl]<PyModuleDef*, int, PyObject*>)symbols.Need("PyModule_Create2");
        t.PyModule_FromDefAndSpec2 =
            (delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*, int, PyObject*>)symbols.Need("PyModule_FromDefAndSpec2");
        t.PyModule_FromSlotsAndSpec =
            (delegate* unmanaged[Cdecl]<void*, PyObject*, PyObject*>)symbols.Find("PyModule_FromSlotsAndSpec");
        t.PyModule_GetDef = (delegate* unmanaged[Cdecl]<PyObject*, PyModuleDef*>)symbols.Need("PyModule_GetDef");
        t.PyState_AddModule = (delegate* unmanaged[Cdecl]<PyObject*, PyModuleDef*, int>)symbols.Need("PyState_AddModule");
        t.PyState_FindModule = (delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*>)symbols.Need("PyState_FindModule");
        t.PyErr_SetImportError =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)symbols.Need("PyErr_SetImportError");
        t.PyGILState_Ensure = (delegate* unmanaged[Cdecl]<int>)symbols.Need("PyGILState_Ensure");
        t.PyGILState_Release = (delegate* unmanaged[Cdecl]<int, void>)symbols.Need("PyGILState_Release");
        t.PyGILState_GetThisThreadState =
            (delegate* unmanaged[Cdecl, SuppressGCTransition]<void*>)symbols.Need("PyGILState_GetThisThreadState");
        // 3.12 has it under the name that was private.
        nint current = symbols.Find("PyThreadState_GetUnchecked");
        t.PyThreadState_GetUnchecked = (delegate* unmanaged[Cdecl, SuppressGCTransition]<void*>)(
            current != 0 ? current : symbols.Need("_PyThreadState_UncheckedGet"));
        t.PyBaseObject_Type = (PyObject*)symbols.Need("PyBaseObject_Type");
        t.PyType_Type = (PyObject*)symbols.Need("PyType_Type");
        t.PyUnicode_Type = (PyObject*)symbols.Need("PyUnicode_Type");
        t.PyBytes_Type = (PyObject*)symbols.Need("PyBytes_Type");
        t.PyByteArray_Type = (PyObject*)symbols.Need("PyByteArray_Type");
        t.PyLong_Type = (PyObject*)symbols.Need("PyLong_Type");
        t.PyBool_Type = (PyObject*)symbols.Need("PyBool_Type");
        t.PyFloat_Type = (PyObject*)symbols.Need("PyFloat_Type");
        t.PyComplex_Type = (PyObject*)symbols.Need("PyComplex_Type");
        t.PyTuple_Type = (PyObject*)symbols.Need("PyTuple_Type");
        t.PyList_Type = (PyObject*)symbols.Need("PyList_Type");
        t.PyDict_Type = (PyObject*)symbols.Need("PyDict_Type");
        t.PyODict_Type = (PyObject*)symbols.Need("PyODict_Type");
        t.PySet_Type = (PyObject*)symbols.Need("PySet_Type");
        t.PyFrozenSet_Type = (PyObject*)symbols.Need("PyFrozenSet_Type");
        t.PyDictProxy_Type = (PyObject*)symbols.Need("PyDictProxy_Type");
        t.PyRange_Type = (PyObject*)symbols.Need("PyRange_Type");
        t.PyCFunction_Type = (PyObject*)symbols.Need("PyCFunction_Type");
        t.PySlice_Type = (PyObject*)symbols.Need("PySlice_Type");
        t._Py_NoneStruct = (PyObject*)symbols.Need("_Py_NoneStruct");
        t._Py_TrueStruct = (PyObject*)symbols.Need("_Py_TrueStruct");
        t._Py_FalseStruct = (PyObject*)symbols.Need("_Py_FalseStruct");
        t._Py_EllipsisObject = (PyObject*)symbols.Need("_Py_EllipsisObject");
        t._Py_NotImplementedStruct = (PyObject*)symbols.Need("_Py_NotImplementedStruct");
        t._PyRuntime = (PyObject*)symbols.Need("_PyRuntime");
        t.PyFrozenDict_Type = (PyObject*)symbols.Find("PyFrozenDict_Type");
        t.PyModule_Type = (PyObject*)symbols.Need("PyModule_Type");
        t.PyModuleDef_Type = (PyObject*)symbols.Need("PyModuleDef_Type");
        t.PyExc_AttributeError = (PyObject**)symbols.Need("PyExc_AttributeError");
        t.PyExc_StopIteration = (PyObject**)symbols.Need("PyExc_StopIteration");
        t.PyExc_BufferError = (PyObject**)symbols.Need("PyExc_BufferError");
        t.PyExc_BaseException = (PyObject**)symbols.Need("PyExc_BaseException");
        t.PyExc_Exception = (PyObject**)symbols.Need("PyExc_Exception");
        t.PyExc_ImportError = (PyObject**)symbols.Need("PyExc_ImportError");
        t.PyExc_IndexError = (PyObject**)symbols.Need("PyExc_IndexError");
        t.PyExc_KeyboardInterrupt = (PyObject**)symbols.Need("PyExc_KeyboardInterrupt");
        t.PyExc_MemoryError = (PyObject**)symbols.Need("PyExc_MemoryError");
        t.PyExc_OverflowError = (PyObject**)symbols.Need("PyExc_OverflowError");
        t.PyExc_RecursionError = (PyObject**)symbols.Need("PyExc_RecursionError");
        t.PyExc_ReferenceError = (PyObject**)symbols.Need("PyExc_ReferenceError");
        t.PyExc_RuntimeError = (PyObject**)symbols.Need("PyExc_RuntimeError");
        t.PyExc_RuntimeWarning = (PyObject**)symbols.Need("PyExc_RuntimeWarning");
        t.PyExc_SystemError = (PyObject**)symbols.Need("PyExc_SystemError");
        t.PyExc_TypeError = (PyObject**)symbols.Need("PyExc_TypeError");
        t.PyExc_ValueError = (PyObject**)symbols.Need("PyExc_ValueError");
        t.PyExc_KeyError = (PyObject**)symbols.Need("PyExc_KeyError");
        _loaded = symbols.Missing is null;
        return symbols.Missing;
    }

    /// <summary>PY_VERSION_HEX of the running interpreter. Needs no table.</summary>
    public static uint VersionHex()
    {
        // Py_Version is data, exported since 3.11.
        nint address = new Symbols(FindPython()).Find("Py_Version");
        return address == 0 ? 0 : (uint)*(nuint*)address;
    }

    /// <summary>
    /// The address of a function that cannot wait for the table: PyErr_SetString and the like when loading failed.
    /// </summary>
    public static nint Find(string name) => new Symbols(FindPython()).Find(name);

    // The program itself exports the API, or a libpython that it is linked with. A host that loaded libpython with local symbols
    // hides it from the program's handle; then the loaded file is found by its name.
    static nint FindPython()
    {
        nint program = NativeLibrary.GetMainProgramHandle();
        if (NativeLibrary.TryGetExport(program, "Py_Version", out _)) return program;
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int path = line.IndexOf('/');
            if (path < 0 || !Path.GetFileName(line.AsSpan(path)).StartsWith("libpython3.")) continue;
            if (NativeLibrary.TryLoad(line[path..], out nint library)) return library;
        }
        return program;
    }

    struct Symbols(nint library)
    {
        internal string? Missing;

        internal readonly nint Find(string name) => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;

        internal nint Need(string name)
        {
            nint address = Find(name);
            if (address == 0) Missing ??= name;
            return address;
        }
    }
}
