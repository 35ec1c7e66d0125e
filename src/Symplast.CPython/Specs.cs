using System.Runtime.InteropServices;

namespace Symplast.CPython;

#pragma warning disable CS1591 // Mirrors of CPython's structs, field by field; CPython documents them.

/// <summary>PyMethodDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMethodDef
{
    public const int VarArgs = 1;
    public const int Keywords = 2;
    public const int NoArgs = 4;
    public const int OneArg = 8;
    public const int Class = 0x10;
    public const int Static = 0x20;
    public const int FastCall = 0x80;

    public byte* Name;
    public void* Function;
    public int Flags;
    public byte* Doc;
}

/// <summary>PyCFunctionObject, as far as it is needed.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyCFunctionObject
{
    public PyObject Head;
    public PyMethodDef* Definition;
}

/// <summary>PyMemAllocatorEx.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMemAllocator
{
    public const int Raw = 0;
    public const int Memory = 1;
    public const int Objects = 2;

    public void* Context;
    public void* Allocate;
    public void* AllocateZeroed;
    public void* Reallocate;
    public void* Free;
}

/// <summary>PyGetSetDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyGetSetDef
{
    public byte* Name;
    public void* Get;
    public void* Set;
    public byte* Doc;
    public void* Closure;
}

/// <summary>PyMemberDef.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyMemberDef
{
    public const int Signed = 19;
    public const int ReadOnly = 1;

    public byte* Name;
    public int Type;
    public nint Offset;
    public int Flags;
    public byte* Doc;
}

/// <summary>PyType_Slot.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyTypeSlot
{
    public const int Add = 7;
    public const int And = 8;
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

    // What PyType_GetFlags says of subclasses of built-in types, and of these themselves.
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

/// <summary>PyModuleDef_Slot.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyModuleSlot
{
    public const int Exec = 2;
    public const int MultipleInterpreters = 3;
    public const nint PerInterpreterGilSupported = 2;

    public int Slot;
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

/// <summary>Py_buffer.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyBuffer
{
    public byte* Data;
    public PyObject* Owner;
    public nint Length;
    public nint ItemSize;
    public int ReadOnly;
    public int Dimensions;
    public byte* Format;
    public nint* Shape;
    public nint* Strides;
    public nint* SubOffsets;
    public void* Internal;
}

/// <summary>PyInterpreterConfig.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PyInterpreterConfig
{
    public const int OwnGil = 2;

    public int UseMainObmalloc;
    public int AllowFork;
    public int AllowExec;
    public int AllowThreads;
    public int AllowDaemonThreads;
    public int CheckMultiInterpExtensions;
    public int Gil;
}

/// <summary>PyStatus; a type other than 0 is a failure with a message.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyStatus
{
    public int Type;
    public byte* Function;
    public byte* Message;
    public int ExitCode;
}

/// <summary>PyStructSequence_Field.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyStructSequenceField
{
    public byte* Name;
    public byte* Doc;
}

/// <summary>PyStructSequence_Desc.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyStructSequenceDesc
{
    public byte* Name;
    public byte* Doc;
    public PyStructSequenceField* Fields;
    public int VisibleFields;
}
