using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>Dict and SortedDict where plain dicts do the work. The order of the other one does not matter to them.</summary>
internal static unsafe class PlainDicts
{
    const int Equal = 2;
    const int NotEqual = 3;

    /// <summary>The slot <c>tp_richcompare</c>.</summary>
    internal static PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        operation is Equal or NotEqual ? PlainForms.Compare(self, other, operation, &Is) : Api.Table._Py_NotImplementedStruct;

    /// <summary>The slot <c>nb_or</c>, of which either side may be a live one: a plain dict, as that of <c>copy()</c> is.</summary>
    internal static PyObject* Or(PyObject* left, PyObject* right) =>
        PlainForms.Combine(left, right, DictType.IsOurs(left) || SortedDictType.IsOurs(left) ? left : right, &Is, Api.Table.PyNumber_Or);

    /// <summary>Whether an object is a plain or a live dict.</summary>
    internal static bool Is(LiveState* state, PyObject* o) => IsLive(state, o) || (Api.Table.PyType_GetFlags(o->Type) & PyTypeSpec.DictSubclass) != 0;

    /// <summary>Whether an object is a Dict or a SortedDict.</summary>
    internal static bool IsLive(LiveState* state, PyObject* o) => o->Type == state->TypeOf(LiveKind.Dict) || o->Type == state->TypeOf(LiveKind.SortedDict);
}
