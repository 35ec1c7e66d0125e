using System.Runtime.CompilerServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// Objects that an iterator has made ahead in one section and returns one after the other. Each is an owned reference.
/// </summary>
internal unsafe struct ReadyObjects
{
    /// <summary>The number of places.</summary>
    internal const int Room = 32;

    [InlineArray(Room)]
    struct Objects
    {
        nint _first;
    }

    Objects _objects;

    /// <summary>Stores an object in an empty place; null leaves the place empty.</summary>
    internal void Put(int place, PyObject* o) => _objects[place] = (nint)o;

    /// <summary>Removes the object in a place and returns its reference; null if the place is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PyObject* Take(int place)
    {
        PyObject* o = (PyObject*)_objects[place];
        _objects[place] = 0;
        return o;
    }

    /// <summary>
    /// Drops all objects. May run Python code, which finds the places empty. An exception that is set stays set.
    /// </summary>
    internal void Drop()
    {
        Objects objects = _objects;
        _objects = default;
        foreach (nint o in objects) Drop((PyObject*)o);
    }

    /// <summary>Drops an object, or null, and hides an exception that is set from the code that runs then.</summary>
    internal static void Drop(PyObject* o)
    {
        if (o == null) return;
        PyObject* raised = Api.Table.PyErr_GetRaisedException();
        References.Drop(o);
        if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
    }
}
