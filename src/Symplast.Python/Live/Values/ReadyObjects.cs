using System.Runtime.CompilerServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// Objects that an iterator has made ahead of time, in one section, and gives one after the other; with a reference each.
/// </summary>
internal unsafe struct ReadyObjects
{
    /// <summary>How many there can be.</summary>
    internal const int Room = 32;

    [InlineArray(Room)]
    struct Objects
    {
        nint _first;
    }

    Objects _objects;

    /// <summary>Puts one into a place, which is empty; null leaves it so.</summary>
    internal void Put(int place, PyObject* o) => _objects[place] = (nint)o;

    /// <summary>Takes the one in a place, with its reference; null if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PyObject* Take(int place)
    {
        PyObject* o = (PyObject*)_objects[place];
        _objects[place] = 0;
        return o;
    }

    /// <summary>Drops all of them. May run Python code, which finds none; an exception that is set stays so.</summary>
    internal void Drop()
    {
        Objects objects = _objects;
        _objects = default;
        foreach (nint o in objects) Drop((PyObject*)o);
    }

    /// <summary>Drops an object while an exception may be set, which what runs then must not see. Null is allowed.</summary>
    internal static void Drop(PyObject* o)
    {
        if (o == null) return;
        PyObject* raised = Api.Table.PyErr_GetRaisedException();
        References.Drop(o);
        if (raised != null) Api.Table.PyErr_SetRaisedException(raised);
    }
}
