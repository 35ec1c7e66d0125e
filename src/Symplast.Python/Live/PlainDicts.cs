using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>Dict and SortedDict where plain dicts do the work. The order of the other one does not matter to them.</summary>
internal static unsafe class PlainDicts
{
    const int Equal = 2;
    const int NotEqual = 3;

    /// <summary>The slot <c>tp_richcompare</c>.</summary>
    internal static PyObject* Compare(PyObject* self, PyObject* other, int operation)
    {
        try
        {
            LiveState* state = ((Handle*)self)->State;
            if (operation is not (Equal or NotEqual)) return Api.Table._Py_NotImplementedStruct;
            if (Is(state, other)) return PlainForms.Compare(state, self, other, operation);
            return LiveMethods.CheckAlive((Handle*)self) ? Api.Table._Py_NotImplementedStruct : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>The slot <c>nb_or</c>, of which either side may be a live one: a plain dict, as that of <c>copy()</c> is.</summary>
    internal static PyObject* Or(PyObject* left, PyObject* right)
    {
        try
        {
            PyObject* own = DictType.IsOurs(left) || SortedDictType.IsOurs(left) ? left : right;
            LiveState* state = ((Handle*)own)->State;
            if (Is(state, left) && Is(state, right)) return PlainForms.Combine(state, left, right, Api.Table.PyNumber_Or);
            return LiveMethods.CheckAlive((Handle*)own) ? Api.Table._Py_NotImplementedStruct : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Whether an object is a plain or a live dict.</summary>
    internal static bool Is(LiveState* state, PyObject* o) => IsLive(state, o) || (Api.Table.PyType_GetFlags(o->Type) & PyTypeSpec.DictSubclass) != 0;

    /// <summary>Whether an object is a Dict or a SortedDict.</summary>
    internal static bool IsLive(LiveState* state, PyObject* o) => o->Type == state->TypeOf(LiveKind.Dict) || o->Type == state->TypeOf(LiveKind.SortedDict);
}
