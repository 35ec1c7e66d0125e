using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// The operators of Set. Like those of set they accept sets only. The plain type applies them to copies of one moment.
/// </summary>
internal static unsafe partial class SetOperators
{
    [Callback]
    internal static partial PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        PlainForms.Compare(self, other, operation, &IsSet);

    [Callback]
    internal static partial PyObject* Or(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_Or);

    [Callback]
    internal static partial PyObject* And(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_And);

    [Callback]
    internal static partial PyObject* Subtract(PyObject* left, PyObject* right) =>
        Combine(left, right, Api.Table.PyNumber_Subtract);

    [Callback]
    internal static partial PyObject* Xor(PyObject* left, PyObject* right) => Combine(left, right, Api.Table.PyNumber_Xor);

    [Callback]
    internal static partial PyObject* InPlaceOr(PyObject* self, PyObject* other) => Change(self, other, &SetUpdates.AddAll);

    [Callback]
    internal static partial PyObject* InPlaceAnd(PyObject* self, PyObject* other) => Change(self, other, &SetUpdates.KeepOnly);

    [Callback]
    internal static partial PyObject* InPlaceSubtract(PyObject* self, PyObject* other) =>
        Change(self, other, &SetUpdates.RemoveAll);

    [Callback]
    internal static partial PyObject* InPlaceXor(PyObject* self, PyObject* other) => Change(self, other, &SetUpdates.ToggleAll);

    // Either operand may be the Set, or both.
    static PyObject* Combine(
        PyObject* left, PyObject* right, delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> operation) =>
        PlainForms.Combine(left, right, IsOurs(left) ? left : right, &IsSet, operation);

    static PyObject* Change(PyObject* self, PyObject* other, delegate*<Handle*, PyObject*, bool> change)
    {
        Handle* handle = (Handle*)self;
        if (!IsSet(handle->State, other)) return Api.Table._Py_NotImplementedStruct;
        return change(handle, other) ? References.New(self) : null;
    }

    static bool IsOurs(PyObject* o) =>
        Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.SequenceContains)
        == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&SetMembers.Contains;

    static bool IsSet(LiveState* state, PyObject* o) =>
        o->Type == state->TypeOf(LiveKind.Set)
        || Api.Table.PyType_IsSubtype(o->Type, Api.Table.PySet_Type) != 0
        || Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyFrozenSet_Type) != 0;
}
