using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Guards the hashing of nested tuples. CPython hashes them by recursion and without checking the stack, so it would crash on
/// very deep ones; they are refused first.
/// </summary>
internal static unsafe class Nesting
{
    /// <summary><c>hash(o)</c>; -1 with an exception set.</summary>
    internal static nint Hash(PyObject* o) => Allows(o) ? Api.Table.PyObject_Hash(o) : -1;

    /// <summary>Sets RecursionError.</summary>
    internal static KeyState Refuse(PyObject* o) => Refuse(Text.TypeName(o));

    /// <summary>Sets RecursionError for an object of a type.</summary>
    internal static KeyState Refuse(string type)
    {
        Errors.Set(*Api.Table.PyExc_RecursionError, $"{type} is nested more than {TupleBlob.MaximumDepth} deep");
        return KeyState.Failed;
    }

    /// <summary>Whether an object can be hashed safely. Returns false with RecursionError set.</summary>
    internal static bool Allows(PyObject* o) => IsFlat(o, 1) || Refuse(o) == KeyState.Ready;

    /// <summary>
    /// Checks all elements of an iterable that a plain set or dict is about to hash; of pairs, the first items. Returns a new
    /// reference to what is to be iterated over instead, or null with an exception set. An object whose elements are already
    /// hashed is returned itself; any other iterable is copied to a list.
    /// </summary>
    internal static PyObject* Allowed(LiveState* state, PyObject* iterable, bool isPairs)
    {
        ref Api api = ref Api.Table;
        PyObject* type = iterable->Type;
        bool isHashed = (api.PyType_GetFlags(type) & PyTypeSpec.DictSubclass) != 0
            || api.PyType_IsSubtype(type, api.PySet_Type) != 0
            || api.PyType_IsSubtype(type, api.PyFrozenSet_Type) != 0
            || type == api.PyUnicode_Type
            || type == api.PyRange_Type
            || Handle.Is(state, iterable);
        if (isHashed) return References.New(iterable);
        PyObject* list = LiveMethods.Hidden(api.PySequence_List(iterable));
        bool allowed = list != null;
        for (nint i = 0; allowed && i < ((PyListObject*)list)->Size; i++)
        {
            PyObject* element = ((PyListObject*)list)->Items[i];
            allowed = Allows(isPairs ? First(element) : element);
        }
        if (allowed) return list;
        References.Drop(list);
        return null;
    }

    // The key of a pair that is a tuple or a list; else the object itself, which is not hashed.
    static PyObject* First(PyObject* pair)
    {
        if (pair->Type == Api.Table.PyTuple_Type && ((PyVarObject*)pair)->Size == 2)
            return Tuples.Items(pair)[0];
        return pair->Type == Api.Table.PyList_Type && ((PyListObject*)pair)->Size == 2
            ? ((PyListObject*)pair)->Items[0] : Api.Table._Py_NoneStruct;
    }

    // Recursion is bounded by TupleBlob.MaximumDepth. Runs no Python code.
    static bool IsFlat(PyObject* o, int depth)
    {
        if (depth > TupleBlob.MaximumDepth) return false;
        ref Api api = ref Api.Table;
        bool isSlice = o->Type == api.PySlice_Type;
        if (!isSlice && (Layout.TypeFlags(o->Type) & PyTypeSpec.TupleSubclass) == 0) return !IsAlias(o) || IsAliasFlat(o, depth);
        PyObject** items = isSlice ? &((PySliceObject*)o)->Start : Tuples.Items(o);
        nint count = isSlice ? 3 : ((PyVarObject*)o)->Size;
        for (nint i = 0; i < count; i++)
        {
            if (!IsFlat(items[i], depth + 1)) return false;
        }
        return true;
    }

    // Whether an object is a generic alias such as list[int], whose hash is made of its arguments' hashes. The C API does not
    // name the type.
    static bool IsAlias(PyObject* o) =>
        (Layout.TypeFlags(o->Type) & PyTypeSpec.HeapType) == 0
            && Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.MapSubscript) != null && Text.TypeName(o) == "GenericAlias";

    static bool IsAliasFlat(PyObject* alias, int depth)
    {
        PyObject* arguments = Api.Table.PyObject_GetAttrString(alias, Text.Utf8("__args__"u8));
        if (arguments == null) Api.Table.PyErr_Clear();
        bool isFlat = arguments == null || IsFlat(arguments, depth + 1);
        References.Drop(arguments);
        return isFlat;
    }
}
