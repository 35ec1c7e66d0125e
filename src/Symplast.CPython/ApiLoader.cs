using System.Runtime.CompilerServices;
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
        Symbols symbols = new(library);
        fixed (Api* t = &Api.Table)
        {
            symbols.Need(&t->_Py_Dealloc);
            symbols.Need(&t->Py_IncRef);
            symbols.Need(&t->PyErr_SetObject);
            symbols.Need(&t->PyErr_SetString);
            symbols.Need(&t->PyErr_Clear);
            symbols.Need(&t->PyErr_NoMemory);
            symbols.Need(&t->PyErr_GetRaisedException);
            symbols.Need(&t->PyErr_SetRaisedException);
            symbols.Need(&t->PyErr_ExceptionMatches);
            symbols.Need(&t->PyErr_NewExceptionWithDoc);
            symbols.Need(&t->PyErr_CheckSignals);
            symbols.Need(&t->PyErr_WriteUnraisable);
            symbols.Need(&t->PyErr_WarnEx);
            symbols.Need(&t->PyException_SetCause);
            symbols.Need(&t->PyObject_Hash);
            symbols.Need(&t->PyObject_Repr);
            symbols.Need(&t->PyObject_Str);
            symbols.Need(&t->PyObject_Call);
            symbols.Need(&t->PyObject_CallNoArgs);
            symbols.Need(&t->PyObject_CallOneArg);
            symbols.Need(&t->PyObject_CallObject);
            symbols.Need(&t->PyObject_RichCompareBool);
            symbols.Need(&t->PyObject_IsTrue);
            symbols.Need(&t->PyObject_GetAttrString);
            symbols.Need(&t->PyObject_HasAttrString);
            symbols.Need(&t->PyObject_SetAttrString);
            symbols.Need(&t->PyObject_GetAttr);
            symbols.Need(&t->PyObject_GetIter);
            symbols.Need(&t->PyIter_Next);
            symbols.Need(&t->PyCallable_Check);
            symbols.Need(&t->PyType_IsSubtype);
            symbols.Need(&t->PyType_FromModuleAndSpec);
            symbols.Need(&t->PyType_GenericAlloc);
            symbols.Need(&t->PyType_GetModule);
            symbols.Need(&t->PyType_GetName);
            symbols.Need(&t->PyObject_GenericGetAttr);
            symbols.Need(&t->PyObject_ClearWeakRefs);
            symbols.Need(&t->PyWeakref_NewRef);
            symbols.Need(&t->PyCapsule_New);
            symbols.Need(&t->PyCapsule_GetPointer);
            symbols.Need(&t->PyObject_Free);
            symbols.Need(&t->PyMem_RawMalloc);
            symbols.Need(&t->PyMem_RawFree);
            symbols.Need(&t->PyMem_GetAllocator);
            symbols.Need(&t->PyThread_tss_set);
            symbols.Need(&t->PyUnicode_DecodeUTF8);
            symbols.Need(&t->PyUnicode_DecodeUTF16);
            symbols.Need(&t->PyUnicode_New);
            symbols.Need(&t->PyUnicode_FromOrdinal);
            symbols.Need(&t->PyBytes_FromStringAndSize);
            symbols.Need(&t->PyByteArray_FromStringAndSize);
            symbols.Need(&t->PyByteArray_AsString);
            symbols.Need(&t->PyLong_FromUnsignedLongLong);
            symbols.Need(&t->PyLong_AsLongLong);
            symbols.Need(&t->PyLong_AsUnsignedLongLong);
            symbols.Need(&t->PyNumber_Index);
            symbols.Need(&t->PyNumber_Long);
            symbols.Need(&t->PyNumber_Float);
            symbols.Need(&t->PyLong_FromString);
            symbols.Need(&t->PyNumber_Negative);
            symbols.Need(&t->PyNumber_Lshift);
            symbols.Need(&t->_PyLong_Copy);
            symbols.Need(&t->PyList_New);
            symbols.Need(&t->PyList_Append);
            symbols.Need(&t->PyTuple_New);
            symbols.Need(&t->PySequence_List);
            symbols.Need(&t->PyDict_New);
            symbols.Need(&t->PyDict_SetItem);
            symbols.Need(&t->PyDict_GetItemWithError);
            symbols.Need(&t->PyDict_SetItemString);
            symbols.Need(&t->PyDict_GetItemString);
            symbols.Need(&t->PyDict_Next);
            symbols.Need(&t->PyDict_DelItem);
            symbols.Need(&t->PyDictProxy_New);
            symbols.Need(&t->PySet_New);
            symbols.Need(&t->PyFrozenSet_New);
            symbols.Need(&t->PySet_Add);
            symbols.Need(&t->PySet_Contains);
            symbols.Need(&t->PySlice_New);
            symbols.Need(&t->PyModuleDef_Init);
            symbols.Need(&t->PyModule_GetState);
            symbols.Need(&t->PyModule_AddObjectRef);
            symbols.Need(&t->PyCFunction_NewEx);
            symbols.Need(&t->PyModule_AddStringConstant);
            symbols.Need(&t->PyModule_GetDict);
            symbols.Need(&t->PyImport_ImportModule);
            symbols.Need(&t->PyImport_GetModule);
            symbols.Need(&t->PyCapsule_Import);
            symbols.Need(&t->PyCapsule_SetDestructor);
            symbols.Need(&t->PyEval_SetTrace);
            symbols.Need(&t->PyEval_SetProfile);
            symbols.Need(&t->PyEval_SaveThread);
            symbols.Need(&t->PyEval_RestoreThread);
            symbols.Need(&t->PyThreadState_Get);
            symbols.Need(&t->PyThreadState_New);
            symbols.Need(&t->PyThreadState_Clear);
            symbols.Need(&t->PyThreadState_Delete);
            symbols.Need(&t->PyThreadState_DeleteCurrent);
            symbols.Need(&t->PyThreadState_Swap);
            symbols.Need(&t->PyContextVar_New);
            symbols.Need(&t->PyContextVar_Get);
            symbols.Need(&t->PyContextVar_Set);
            symbols.Need(&t->PyThreadState_SetAsyncExc);
            symbols.Need(&t->PyThreadState_Next);
            symbols.Need(&t->PyInterpreterState_ThreadHead);
            symbols.Need(&t->PyInterpreterState_Main);
            symbols.Need(&t->PyInterpreterState_Head);
            symbols.Need(&t->PyInterpreterState_Get);
            symbols.Need(&t->PyInterpreterState_GetID);
            symbols.Need(&t->PyObject_GetArenaAllocator);
            symbols.Need(&t->PyObject_SetArenaAllocator);
            symbols.Need(&t->PyInterpreterState_GetDict);
            symbols.Need(&t->_PyInterpreterState_LookUpID);
            symbols.Need(&t->PyThread_get_thread_ident);
            symbols.Need(&t->Py_NewInterpreterFromConfig);
            symbols.Need(&t->Py_EndInterpreter);
            symbols.Need(&t->Py_CompileString);
            symbols.Need(&t->PyEval_EvalCode);
            symbols.Need(&t->PyEval_GetBuiltins);
            symbols.Need(&t->PyEval_GetLocals);
            symbols.Need(&t->PyEval_GetGlobals);
            symbols.Need(&t->PyEval_GetFrame);
            symbols.Need(&t->PyFrame_GetCode);
            symbols.Need(&t->PyFrame_GetBack);
            symbols.Need(&t->PyFrame_GetLineNumber);
            symbols.Need(&t->Py_AtExit);
            symbols.Need(&t->PyInterpreterState_Next);
            symbols.Need(&t->_PyArg_ParseTupleAndKeywordsFast);
            symbols.Need(&t->PyDict_Clear);
            symbols.Need(&t->PySys_GetObject);
            symbols.Need(&t->PyObject_GC_Del);
            symbols.Need(&t->PyObject_GC_Track);
            symbols.Need(&t->PyObject_GC_UnTrack);
            symbols.Need(&t->PyObject_GetBuffer);
            symbols.Need(&t->PySeqIter_New);
            symbols.Need(&t->PyBuffer_Release);
            symbols.Need(&t->PyGC_Collect);
            symbols.Find(&t->PyFrozenDict_New);
            symbols.Find(&t->_PyDict_NewPresized);
            symbols.Need(&t->PyErr_Occurred);
            symbols.Need(&t->PyType_GetFlags);
            symbols.Need(&t->PyLong_FromLongLong);
            symbols.Need(&t->NewShortText, "PyUnicode_New");
            symbols.Need(&t->PyFloat_FromDouble);
            symbols.Need(&t->PyComplex_FromDoubles);
            symbols.Need(&t->PyStructSequence_NewType);
            symbols.Need(&t->PyStructSequence_New);
            symbols.Need(&t->PyStructSequence_SetItem);
            symbols.Need(&t->PyTuple_SetItem);
            symbols.Need(&t->PyObject_GetItem);
            symbols.Need(&t->PyThreadState_GetInterpreter);
            symbols.Need(&t->PyErr_SetInterrupt);
            symbols.Need(&t->_PyEval_AddPendingCall);
            symbols.Need(&t->Py_MakePendingCalls);
            symbols.Need(&t->PyFloat_AsDouble);
            symbols.Need(&t->PyErr_SetNone);
            symbols.Need(&t->PyDict_Contains);
            symbols.Need(&t->PyType_GetSlot);
            symbols.Need(&t->PyObject_HashNotImplemented);
            symbols.Need(&t->PyObject_SelfIter);
            symbols.Need(&t->PyObject_GenericSetAttr);
            symbols.Need(&t->_PyType_Lookup);
            symbols.Need(&t->PyUnicode_AsUTF8AndSize);
            symbols.Need(&t->PyUnicode_AsEncodedString);
            symbols.Need(&t->PyUnicode_InternFromString);
            symbols.Need(&t->PyVectorcall_Function);
            symbols.Need(&t->PyUnicode_InternInPlace);
            symbols.Need(&t->_PyLong_FromByteArray);
            symbols.Need(&t->PyLong_AsLongLongAndOverflow);
            symbols.Need(&t->PyDict_Copy);
            symbols.Need(&t->PyDict_Items);
            symbols.Need(&t->PyDict_Update);
            symbols.Need(&t->PyMapping_Keys);
            symbols.Need(&t->PyObject_RichCompare);
            symbols.Need(&t->PyNumber_AsSsize_t);
            symbols.Need(&t->PyNumber_Add);
            symbols.Need(&t->PyNumber_Multiply);
            symbols.Need(&t->PyNumber_And);
            symbols.Need(&t->PyNumber_Or);
            symbols.Need(&t->PyNumber_Xor);
            symbols.Need(&t->PyNumber_Subtract);
            symbols.Need(&t->PyList_AsTuple);
            symbols.Need(&t->PyList_Sort);
            symbols.Need(&t->PyList_SetItem);
            symbols.Need(&t->PySequence_Contains);
            symbols.Need(&t->PySequence_Tuple);
            symbols.Need(&t->PySlice_Unpack);
            symbols.Need(&t->PySlice_AdjustIndices);
            symbols.Need(&t->PyObject_Size);
            symbols.Need(&t->PyObject_Vectorcall);
            symbols.Need(&t->PyObject_SetAttr);
            symbols.Need(&t->PyObject_LengthHint);
            symbols.Need(&t->PyIter_Check);
            symbols.Need(&t->Py_EnterRecursiveCall);
            symbols.Need(&t->Py_LeaveRecursiveCall);
            symbols.Need(&t->Py_ReprEnter);
            symbols.Need(&t->Py_ReprLeave);
            symbols.Need(&t->Py_GenericAlias);
            symbols.Need(&t->PyObject_IsInstance);
            symbols.Need(&t->HashBuiltin, "PyObject_Hash");
            symbols.Need(&t->NextItem, "PyDict_Next");
            symbols.Need(&t->PyModule_NewObject);
            symbols.Need(&t->PyModule_Create2);
            symbols.Need(&t->PyModule_FromDefAndSpec2);
            symbols.Find(&t->PyModule_FromSlotsAndSpec);
            symbols.Need(&t->PyModule_GetDef);
            symbols.Need(&t->PyState_AddModule);
            symbols.Need(&t->PyState_FindModule);
            symbols.Need(&t->PyErr_SetImportError);
            symbols.Need(&t->PyGILState_Ensure);
            symbols.Need(&t->PyGILState_Release);
            symbols.Need(&t->PyGILState_GetThisThreadState);
            // 3.12 has it under the name that was private.
            if (!symbols.Find(&t->PyThreadState_GetUnchecked))
                symbols.Need(&t->PyThreadState_GetUnchecked, "_PyThreadState_UncheckedGet");
            symbols.Need(&t->PyBaseObject_Type);
            symbols.Need(&t->PyType_Type);
            symbols.Need(&t->PyUnicode_Type);
            symbols.Need(&t->PyBytes_Type);
            symbols.Need(&t->PyByteArray_Type);
            symbols.Need(&t->PyLong_Type);
            symbols.Need(&t->PyBool_Type);
            symbols.Need(&t->PyFloat_Type);
            symbols.Need(&t->PyComplex_Type);
            symbols.Need(&t->PyTuple_Type);
            symbols.Need(&t->PyList_Type);
            symbols.Need(&t->PyDict_Type);
            symbols.Need(&t->PyODict_Type);
            symbols.Need(&t->PySet_Type);
            symbols.Need(&t->PyFrozenSet_Type);
            symbols.Need(&t->PyDictProxy_Type);
            symbols.Need(&t->PyRange_Type);
            symbols.Need(&t->PyCFunction_Type);
            symbols.Need(&t->PySlice_Type);
            symbols.Need(&t->_Py_NoneStruct);
            symbols.Need(&t->_Py_TrueStruct);
            symbols.Need(&t->_Py_FalseStruct);
            symbols.Need(&t->_Py_EllipsisObject);
            symbols.Need(&t->_Py_NotImplementedStruct);
            symbols.Need(&t->_PyRuntime);
            symbols.Find(&t->PyFrozenDict_Type);
            symbols.Need(&t->PyModule_Type);
            symbols.Need(&t->PyModuleDef_Type);
            symbols.Need(&t->PyExc_AttributeError);
            symbols.Need(&t->PyExc_StopIteration);
            symbols.Need(&t->PyExc_BufferError);
            symbols.Need(&t->PyExc_BaseException);
            symbols.Need(&t->PyExc_Exception);
            symbols.Need(&t->PyExc_ImportError);
            symbols.Need(&t->PyExc_IndexError);
            symbols.Need(&t->PyExc_KeyboardInterrupt);
            symbols.Need(&t->PyExc_MemoryError);
            symbols.Need(&t->PyExc_OverflowError);
            symbols.Need(&t->PyExc_RecursionError);
            symbols.Need(&t->PyExc_ReferenceError);
            symbols.Need(&t->PyExc_RuntimeError);
            symbols.Need(&t->PyExc_RuntimeWarning);
            symbols.Need(&t->PyExc_SystemError);
            symbols.Need(&t->PyExc_TypeError);
            symbols.Need(&t->PyExc_ValueError);
            symbols.Need(&t->PyExc_KeyError);
        }
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
        const string Table = "&t->";

        internal string? Missing;

        internal readonly nint Find(string name) => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;

        // Fills a field of the table with the symbol of its name, or with another; null if there is none.
        internal readonly bool Find(void* field, [CallerArgumentExpression(nameof(field))] string name = "")
        {
            *(nint*)field = Find(NameOf(name));
            return *(nint*)field != 0;
        }

        // The same, and it must be there.
        internal void Need(void* field, [CallerArgumentExpression(nameof(field))] string name = "")
        {
            if (!Find(field, name)) Missing ??= NameOf(name);
        }

        static string NameOf(string name) => name.StartsWith(Table, StringComparison.Ordinal) ? name[Table.Length..] : name;
    }
}
