using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

// The operators. Like those of set they accept sets only. The plain type applies them to copies of one moment.
internal static unsafe partial class SetType
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        PlainForms.Compare(self, other, operation, &IsSet);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Or(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_Or);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* And(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_And);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Subtract(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_Subtract);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Xor(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_Xor);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceOr(PyObject* self, PyObject* other) => Change(self, other, &AddAll);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceAnd(PyObject* self, PyObject* other) => Change(self, other, &KeepOnly);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceSubtract(PyObject* self, PyObject* other) => Change(self, other, &RemoveAll);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceXor(PyObject* self, PyObject* other) => Change(self, other, &ToggleAll);

    // Either operand may be the Set, or both.
    static PyObject* Combine(
        PyObject* left, PyObject* right, delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> operation) =>
        PlainForms.Combine(left, right, IsOurs(left) ? left : right, &IsSet, operation);

    static PyObject* Change(PyObject* self, PyObject* other, delegate*<Handle*, PyObject*, bool> change)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (!IsSet(handle->State, other)) return Api.Table._Py_NotImplementedStruct;
            return change(handle, other) ? References.New(self) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static bool IsOurs(PyObject* o) =>
        Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.SequenceContains)
        == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&Contains;

    static bool IsSet(LiveState* state, PyObject* o) =>
        o->Type == state->TypeOf(LiveKind.Set)
        || Api.Table.PyType_IsSubtype(o->Type, Api.Table.PySet_Type) != 0
        || Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyFrozenSet_Type) != 0;
}
