using System.Runtime.InteropServices;

namespace Symplast.CPython;

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

public unsafe partial struct Layout
{
    /// <summary>The bytes before every container that the collector reads. Zeros mean "untracked".</summary>
    public const int GcHeadSize = 16;

    /// <summary>Whether the collector tracks a container, which has a GC header before it.</summary>
    public static bool IsTracked(PyObject* container) => *(nint*)((byte*)container - GcHeadSize) != 0;

    /// <summary>
    /// The offset of the key of tracemalloc's reentrancy flag, in bytes from the end of its three allocators. Before the key lie
    /// tracemalloc's lock, its two numbers, its tables and its empty traceback, which 3.15 stores elsewhere.
    /// </summary>
    public int TracingFlag = minor >= 15 ? 72 : 88;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_Free;
    public delegate* unmanaged[Cdecl]<nuint, void*> PyMem_RawMalloc;
    public delegate* unmanaged[Cdecl]<void*, void> PyMem_RawFree;
    public delegate* unmanaged[Cdecl]<int, PyMemAllocator*, void> PyMem_GetAllocator;

    // void (PyObjectArenaAllocator*), for C code.
    public void* PyObject_GetArenaAllocator;
    public void* PyObject_SetArenaAllocator;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_GC_Del;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_GC_UnTrack;
    public delegate* unmanaged[Cdecl]<void*, void> PyObject_GC_Track;
    public delegate* unmanaged[Cdecl]<nint> PyGC_Collect;
}
