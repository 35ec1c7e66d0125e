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
    /// <summary>Bytes that the collector reads before every container; zero means "untracked".</summary>
    public const int GcHeadSize = 16;

    /// <summary>Whether the collector knows a container, which has a head before it.</summary>
    public static bool IsTracked(PyObject* container) => *(nint*)((byte*)container - GcHeadSize) != 0;

    /// <summary>
    /// Where tracemalloc keeps the key of the flag by which it knows its own calls, in bytes from the end of its three
    /// allocators: before it lie its lock, its two numbers, its tables and its empty traceback, which 3.15 has elsewhere.
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
