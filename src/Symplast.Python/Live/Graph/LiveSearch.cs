using Symplast.CPython;
using Symplast.Python.Graph;

namespace Symplast.Python.Live;

/// <summary>
/// Searches plain lists, dicts and tuples for a live object. It runs no Python code, so nothing changes meanwhile. Its stack is
/// explicit.
/// </summary>
internal unsafe ref struct LiveSearch(LiveState* state)
{
    readonly LiveState* _state = state;
    Walk<nint> _walk = new();

    /// <summary>Whether the container holds a live object. May be called once.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory.</exception>
    internal bool Finds(PyObject* container)
    {
        try
        {
            bool found = Visit(container);
            while (!found && _walk.Stack.Count > 0)
            {
                PyObject* next = (PyObject*)*_walk.Stack.Last;
                _walk.Stack.RemoveLast();
                found = FindsIn(next);
            }
            return found;
        }
        finally
        {
            _walk.Dispose();
        }
    }

    bool FindsIn(PyObject* container)
    {
        ref Api api = ref Api.Table;
        if (container->Type == api.PyDict_Type)
        {
            nint position = 0;
            PyObject* key;
            PyObject* value;
            while (api.PyDict_Next(container, &position, &key, &value) != 0)
            {
                if (Visit(value)) return true;
            }
            return false;
        }
        bool isList = container->Type == api.PyList_Type;
        PyObject** items = isList ? ((PyListObject*)container)->Items : Tuples.Items(container);
        nint count = isList ? ((PyListObject*)container)->Size : ((PyVarObject*)container)->Size;
        for (nint i = 0; i < count; i++)
        {
            if (Visit(items[i])) return true;
        }
        return false;
    }

    // Returns true for a live object. Pushes a container that was not met before.
    bool Visit(PyObject* o)
    {
        if (Handle.Is(_state, o)) return true;
        if (!LiveThawer.IsPlainContainer(o) || _walk.Memo.Find(o) != null) return false;
        _walk.Memo.Add(o, o);
        _walk.Stack.Add((nint)o);
        return false;
    }
}
