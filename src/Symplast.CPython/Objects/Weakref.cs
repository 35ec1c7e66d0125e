namespace Symplast.CPython;

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyWeakref_NewRef;
}
