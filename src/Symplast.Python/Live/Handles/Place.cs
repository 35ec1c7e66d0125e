using System.Text;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>How a value is reached from its container.</summary>
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

/// <summary>The place for which a value was meant, for error messages. Costs nothing until an error is raised.</summary>
internal readonly unsafe struct Place(PyObject* container, PyObject* key, PlaceKind kind)
{
    /// <summary>An element of a container.</summary>
    internal static Place Member(PyObject* container) => new(container, null, PlaceKind.Member);

    /// <summary><c>container[key]</c>.</summary>
    internal static Place Item(PyObject* container, PyObject* key) => new(container, key, PlaceKind.Item);

    /// <summary><c>container.name</c>; without a name, <c>container.value</c>.</summary>
    internal static Place Attribute(PyObject* container, PyObject* name) => new(container, name, PlaceKind.Attribute);

    /// <summary>The place as a Python expression, with the container's name in the calling code.</summary>
    internal string Describe()
    {
        StringBuilder path = new();
        if (container != null) path.Append(CallingCode.NameOf(container) ?? SymplastName(container));
        else path.Append("value");
        Append(path, kind, key);
        return path.ToString();
    }

    /// <summary>Appends one step to a path.</summary>
    internal static void Append(StringBuilder path, PlaceKind kind, PyObject* key)
    {
        switch (kind)
        {
            case PlaceKind.Item when key != null: path.Append('[').Append(Text.Repr(key)).Append(']'); break;
            case PlaceKind.Attribute: path.Append('.').Append(key == null ? "value" : Text.FromPython(key)); break;
            case PlaceKind.Member: path.Append("{…}"); break;
        }
    }

    // For a class, the name of its objects' type: an object of the class is being made.
    static string SymplastName(PyObject* o)
    {
        if (Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyType_Type) == 0) return Text.TypeName(o);
        PyObject* name = Api.Table.PyType_GetName(o);
        string text = name == null ? "object" : Text.FromPython(name);
        References.Drop(name);
        return text;
    }
}
