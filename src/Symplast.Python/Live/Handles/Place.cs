using System.Text;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>How a place in a container is reached.</summary>
internal enum PlaceKind
{
    /// <summary>The object itself.</summary>
    Whole,

    /// <summary><c>x[key]</c>.</summary>
    Item,

    /// <summary><c>x.name</c>.</summary>
    Attribute,

    /// <summary>A member of a set, or the new element at the end of a list.</summary>
    Member,
}

/// <summary>Where a value was to go, for errors. Costs nothing until one is raised.</summary>
internal readonly unsafe struct Place(PyObject* container, PyObject* key, PlaceKind kind)
{
    /// <summary>An element of a container.</summary>
    internal static Place Member(PyObject* container) => new(container, null, PlaceKind.Member);

    /// <summary><c>container[key]</c>.</summary>
    internal static Place Item(PyObject* container, PyObject* key) => new(container, key, PlaceKind.Item);

    /// <summary><c>container.name</c>; without a name, <c>container.value</c>.</summary>
    internal static Place Attribute(PyObject* container, PyObject* name) => new(container, name, PlaceKind.Attribute);

    /// <summary>As Python would write it, with the container's name in the calling code.</summary>
    internal string Describe()
    {
        StringBuilder path = new();
        if (container != null) path.Append(NameOf(container) ?? SymplastName(container));
        else path.Append("value");
        Append(path, kind, key);
        return path.ToString();
    }

    /// <summary>Adds one step.</summary>
    internal static void Append(StringBuilder path, PlaceKind kind, PyObject* key)
    {
        switch (kind)
        {
            case PlaceKind.Item when key != null: path.Append('[').Append(Text.Repr(key)).Append(']'); break;
            case PlaceKind.Attribute: path.Append('.').Append(key == null ? "value" : Text.FromPython(key)); break;
            case PlaceKind.Member: path.Append("{…}"); break;
        }
    }

    // Of a class it is that of an object of it, which is being made.
    static string SymplastName(PyObject* o)
    {
        if (Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyType_Type) == 0) return Text.TypeName(o);
        PyObject* name = Api.Table.PyType_GetName(o);
        string text = name == null ? "object" : Text.FromPython(name);
        References.Drop(name);
        return text;
    }

    /// <summary>The name by which the calling code knows an object, or null.</summary>
    static string? NameOf(PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* locals = api.PyEval_GetLocals();
        string? name = NameIn(locals, o) ?? NameIn(api.PyEval_GetGlobals(), o);
        if (locals != null && References.IsUnique(locals) && IsInFunction()) api.PyDict_Clear(locals);
        api.PyErr_Clear();
        return name;
    }

    // A function's locals are a copy, which its frame keeps until it ends, and with it all that the variables had at the moment. If nobody else has it, it can be emptied:
    // whoever asks for it next gets it filled anew. Elsewhere they are the variables themselves.
    static bool IsInFunction()
    {
        const int Optimized = 1;
        ref Api api = ref Api.Table;
        PyObject* frame = api.PyEval_GetFrame();
        PyObject* code = frame == null ? null : api.PyFrame_GetCode(frame);
        PyObject* flags = code == null ? null : api.PyObject_GetAttrString(code, Text.Utf8("co_flags"u8));
        bool isInFunction = flags != null && (api.PyLong_AsLongLong(flags) & Optimized) != 0;
        References.Drop(flags);
        References.Drop(code);
        return isInFunction;
    }

    static string? NameIn(PyObject* scope, PyObject* o)
    {
        if (scope == null || scope->Type != Api.Table.PyDict_Type) return null;
        nint position = 0;
        PyObject* key;
        PyObject* value;
        while (Api.Table.PyDict_Next(scope, &position, &key, &value) != 0)
        {
            if (value == o && key->Type == Api.Table.PyUnicode_Type) return Text.FromPython(key);
        }
        return null;
    }
}
