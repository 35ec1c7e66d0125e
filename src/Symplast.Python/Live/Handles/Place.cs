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
        if (container != null) path.Append(CallingCode.NameOf(container) ?? SymplastName(container));
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
}
