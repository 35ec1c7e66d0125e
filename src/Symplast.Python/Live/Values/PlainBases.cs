using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// Maps derived container classes to the plain types as which they are stored and frozen: subclasses of list, set and tuple that
/// only add behaviour, and OrderedDict, defaultdict and Counter. Overridden methods are not called.
/// </summary>
internal static unsafe class PlainBases
{
    /// <summary>
    /// The plain type of a container: list, dict, set or tuple. Null for any other object, including named tuples. May run Python
    /// code.
    /// </summary>
    internal static PyObject* Of(InterpreterState interpreter, PyObject* type)
    {
        ref Api api = ref Api.Table;
        if (type == api.PyDict_Type || type == api.PyList_Type || type == api.PySet_Type) return type;
        nuint flags = api.PyType_GetFlags(type);
        if ((flags & PyTypeSpec.DictSubclass) != 0)
            return type == api.PyODict_Type || interpreter.IsPlainDictSubclass(type) ? api.PyDict_Type : null;
        if ((flags & PyTypeSpec.ListSubclass) != 0) return api.PyList_Type;
        if ((flags & PyTypeSpec.TupleSubclass) != 0)
            return api.PyObject_HasAttrString(type, Text.Utf8("_fields"u8)) != 0 ? null : api.PyTuple_Type;
        return api.PyType_IsSubtype(type, api.PySet_Type) != 0 ? api.PySet_Type : null;
    }

    /// <summary>
    /// A new list of the items of a container of a plain type or of a derived one; for a dict, of pairs. Null with an exception
    /// set.
    /// </summary>
    internal static PyObject* ItemsOf(PyObject* o, PyObject* plain)
    {
        ref Api api = ref Api.Table;
        if (plain == api.PyDict_Type) return o->Type == api.PyODict_Type ? OrderedItems(o) : api.PyDict_Items(o);
        if (o->Type == plain) return api.PySequence_List(o);
        return plain == api.PySet_Type ? Members((PySetObject*)o) : Items(((PyListObject*)o)->Items, ((PyListObject*)o)->Size);
    }

    /// <summary>Returns a new reference to a plain tuple with the items of a derived one; null with an exception set.</summary>
    internal static PyObject* TupleOf(PyObject* o)
    {
        PyObject* items = Items(Tuples.Items(o), ((PyVarObject*)o)->Size);
        PyObject* tuple = items == null ? null : Api.Table.PyList_AsTuple(items);
        References.Drop(items);
        return tuple;
    }

    // The order of an OrderedDict is not that of the dict on which it is based.
    static PyObject* OrderedItems(PyObject* o)
    {
        PyObject* dict = Api.Table.PyObject_CallOneArg(Api.Table.PyDict_Type, o);
        PyObject* items = dict == null ? null : Api.Table.PyDict_Items(dict);
        References.Drop(dict);
        return items;
    }

    // No other code runs meanwhile: the list is hidden from the collector until it is filled.
    static PyObject* Items(PyObject** from, nint count)
    {
        PyObject* list = Api.Table.PyList_New(count);
        for (nint i = 0; list != null && i < count; i++) Api.Table.PyList_SetItem(list, i, References.New(from[i]));
        return list;
    }

    static PyObject* Members(PySetObject* set)
    {
        PyObject* list = Api.Table.PyList_New(set->Used);
        nint count = 0;
        for (nint i = 0; list != null && i <= set->Mask; i++)
        {
            PySetEntry entry = set->Table[i];
            if (entry.Key != null && entry.Hash != -1) Api.Table.PyList_SetItem(list, count++, References.New(entry.Key));
        }
        return list;
    }
}
