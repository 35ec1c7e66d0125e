using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>PyModuleDef_Slot.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyModuleSlot
{
    public const int Exec = 2;
    public const int MultipleInterpreters = 3;

    // The number of the slot in modules that are compiled for 3.15.
    public const int MultipleInterpretersSince315 = 86;

    public const nint PerInterpreterGilSupported = 2;

    public int Slot;
    public void* Value;
}

/// <summary>PySlot: a slot as a module that is compiled for 3.15 exports it.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PySlot
{
    public ushort Id;
    public ushort Flags;
    public uint Reserved;
    public void* Value;
}

/// <summary>PyModuleDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyModuleDef
{
    public PyObject Head;
    public void* Init;
    public nint Index;
    public void* Copy;
    public byte* Name;
    public byte* Doc;
    public nint StateSize;
    public PyMethodDef* Methods;
    public PyModuleSlot* Slots;
    public void* Traverse;
    public void* Clear;
    public void* Free;
}

public partial struct Layout
{
    /// <summary>
    /// The index of the format among the pointers at the beginning of a <c>_PyArg_Parser</c>. The keywords come next.
    /// </summary>
    public int ParserFormat = minor >= 13 ? 0 : 1;

    /// <summary>
    /// Whether the keyword names that functions cache are objects of the interpreter that called the function first (gh-119213,
    /// before 3.12.4).
    /// </summary>
    public bool NamesOfKeywordsAreAnyInterpreters = minor == 12 && patch < 4;

    /// <summary>
    /// Whether import distinguishes an initialization that returned no module from one that returned a module without a
    /// definition (3.13+).
    /// </summary>
    public bool TellsInvalidModules = minor >= 13;
}

public unsafe partial struct Api
{
    public const int PYTHON_API_VERSION = 1013;

    public delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*> PyModuleDef_Init;
    public delegate* unmanaged[Cdecl]<PyObject*, void*> PyModule_GetState;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, PyObject*, int> PyModule_AddObjectRef;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, byte*, int> PyModule_AddStringConstant;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyModule_GetDict;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyModule_NewObject;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, int, PyObject*> PyModule_Create2;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*, int, PyObject*> PyModule_FromDefAndSpec2;
    [Symbol("PyModule_FromSlotsAndSpec", IsOptional = true)]
    public delegate* unmanaged[Cdecl]<void*, PyObject*, PyObject*> PyModule_FromSlotsAndSpec;
    public delegate* unmanaged[Cdecl]<PyObject*, PyModuleDef*> PyModule_GetDef;
    public delegate* unmanaged[Cdecl]<PyObject*, PyModuleDef*, int> PyState_AddModule;
    public delegate* unmanaged[Cdecl]<PyModuleDef*, PyObject*> PyState_FindModule;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void*, int> _PyArg_ParseTupleAndKeywordsFast;
    public PyObject* PyModuleDef_Type;
    public PyObject* PyModule_Type;
}
