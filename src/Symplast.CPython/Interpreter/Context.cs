namespace Symplast.CPython;

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<byte*, PyObject*, PyObject*> PyContextVar_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject**, int> PyContextVar_Get;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyContextVar_Set;
}
