using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>PyType_Slot.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyTypeSlot
{
    public const int Add = 7;
    public const int And = 8;
    public const int AsyncIter = 78;
    public const int AsyncNext = 79;
    public const int Base = 48;
    public const int Bool = 9;
    public const int Call = 50;
    public const int Clear = 51;
    public const int Dealloc = 52;
    public const int DescriptorGet = 54;
    public const int DescriptorSet = 55;
    public const int Doc = 56;
    public const int Finalize = 80;
    public const int Float = 11;
    public const int Free = 74;
    public const int GetAttr = 58;
    public const int GetBuffer = 1;
    public const int GetSet = 73;
    public const int Hash = 59;
    public const int InPlaceAdd = 14;
    public const int InPlaceAnd = 15;
    public const int InPlaceMultiply = 18;
    public const int InPlaceOr = 19;
    public const int InPlaceSubtract = 23;
    public const int InPlaceXor = 25;
    public const int Index = 13;
    public const int Init = 60;
    public const int Int = 26;
    public const int Iter = 62;
    public const int IterNext = 63;
    public const int MapAssign = 3;
    public const int MapLength = 4;
    public const int MapSubscript = 5;
    public const int Members = 72;
    public const int Methods = 64;
    public const int New = 65;
    public const int Or = 31;
    public const int ReleaseBuffer = 2;
    public const int Repr = 66;
    public const int RichCompare = 67;
    public const int SequenceAssign = 39;
    public const int SequenceConcat = 40;
    public const int SequenceContains = 41;
    public const int SequenceInPlaceConcat = 42;
    public const int SequenceInPlaceRepeat = 43;
    public const int SequenceItem = 44;
    public const int SequenceLength = 45;
    public const int SequenceRepeat = 46;
    public const int SetAttr = 69;
    public const int Subtract = 36;
    public const int Traverse = 71;
    public const int Xor = 38;

    public int Slot;
    public void* Function;
}

/// <summary>PyType_Spec.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyTypeSpec
{
    public const uint Default = 0;
    public const uint DisallowInstantiation = 1 << 7;
    public const uint ImmutableType = 1 << 8;
    public const uint HaveGc = 1 << 14;
    public const uint HeapType = 1 << 9;
    public const uint BaseType = 1 << 10;
    public const uint Sequence = 1 << 5;
    public const uint Mapping = 1 << 6;
    public const uint IsAbstract = 1 << 20;

    // The flags by which PyType_GetFlags marks built-in types and their subclasses.
    public const nuint IntSubclass = 1 << 24;
    public const nuint ListSubclass = 1 << 25;
    public const nuint TupleSubclass = 1 << 26;
    public const nuint BytesSubclass = 1 << 27;
    public const nuint TextSubclass = 1 << 28;
    public const nuint DictSubclass = 1 << 29;

    public byte* Name;
    public int BasicSize;
    public int ItemSize;
    public uint Flags;
    public PyTypeSlot* Slots;
}

public unsafe partial struct Layout
{
    /// <summary>tp_name, which begins with the module's name if the type is static.</summary>
    public static byte* NameOf(PyObject* type) => *(byte**)((byte*)type + 24);

    /// <summary>tp_flags.</summary>
    public static nuint TypeFlags(PyObject* type) => *(nuint*)((byte*)type + 168);

    /// <summary>The address of tp_getattro.</summary>
    public static void** GetAttrSlot(PyObject* type) => (void**)((byte*)type + 144);

    /// <summary>tp_setattro.</summary>
    public static void* SetAttrSlot(PyObject* type) => *(void**)((byte*)type + 152);

    /// <summary>tp_base, borrowed.</summary>
    public static PyObject* BaseOf(PyObject* type) => *(PyObject**)((byte*)type + 256);

    /// <summary>tp_new.</summary>
    public static void* NewSlot(PyObject* type) => *(void**)((byte*)type + 312);

    /// <summary>The address of tp_vectorcall, which calls of the type use in place of the metatype's tp_call.</summary>
    public static void** VectorcallSlot(PyObject* type) => (void**)((byte*)type + 400);

    /// <summary>tp_descr_set. A class attribute whose type has it is a data descriptor.</summary>
    public static void* DescriptorSet(PyObject* type) => *(void**)((byte*)type + 280);

    /// <summary>
    /// tp_version_tag: a number that no other type, and no other state of this type, has. 0 if the type has none at the moment.
    /// </summary>
    public static uint TypeVersion(PyObject* type) => *(uint*)((byte*)type + 384);
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyType_IsSubtype;
    public delegate* unmanaged[Cdecl]<PyObject*, PyTypeSpec*, PyObject*, PyObject*> PyType_FromModuleAndSpec;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*> PyType_GenericAlloc;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyType_GetModule;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyType_GetName;
    public delegate* unmanaged[Cdecl]<PyObject*, int, void*> PyType_GetSlot;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> _PyType_Lookup;
    public delegate* unmanaged[Cdecl, SuppressGCTransition]<PyObject*, nuint> PyType_GetFlags;
    public PyObject* PyBaseObject_Type;
    public PyObject* PyType_Type;
}
