namespace Symplast.CPython;

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<void*, byte*, delegate* unmanaged[Cdecl]<PyObject*, void>, PyObject*> PyCapsule_New;
    public delegate* unmanaged[Cdecl]<PyObject*, byte*, void*> PyCapsule_GetPointer;
    public delegate* unmanaged[Cdecl]<byte*, int, void*> PyCapsule_Import;
    public delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void>, int> PyCapsule_SetDestructor;
}
