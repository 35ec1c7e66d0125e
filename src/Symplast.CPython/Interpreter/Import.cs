namespace Symplast.CPython;

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<byte*, PyObject*> PyImport_ImportModule;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyImport_GetModule;
    public delegate* unmanaged[Cdecl]<byte*, PyObject*> PySys_GetObject;
}
