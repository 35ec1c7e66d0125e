namespace Symplast.CPython;

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*> PyObject_Call;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_CallNoArgs;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_CallOneArg;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_CallObject;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyObject_GetIter;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyIter_Next;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySeqIter_New;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Index;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Long;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Float;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyNumber_Negative;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Lshift;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySequence_List;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyObject_GetItem;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PyObject_IsInstance;
    public delegate* unmanaged[Cdecl]<PyObject*, void*> PyVectorcall_Function;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyMapping_Keys;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, nint> PyNumber_AsSsize_t;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Add;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Multiply;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_And;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Or;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Xor;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> PyNumber_Subtract;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int> PySequence_Contains;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PySequence_Tuple;
    public delegate* unmanaged[Cdecl]<PyObject*, nint> PyObject_Size;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nuint, PyObject*, PyObject*> PyObject_Vectorcall;
    public delegate* unmanaged[Cdecl]<PyObject*, nint, nint> PyObject_LengthHint;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyIter_Check;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> Py_GenericAlias;
}
