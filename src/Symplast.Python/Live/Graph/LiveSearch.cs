using Symplast.CPython;
using Symplast.Python.Graph;

namespace Symplast.Python.Live;

/// <summary>
/// Looks for a live object in plain lists, dicts and tuples. Runs no Python code, so that nothing changes meanwhile. With an
/// explicit stack.
/// </summary>
internal unsafe ref struct LiveSearch(LiveState* state)
{
    readonly LiveState* _state = state;
    Walk<nint> _walk = new();

    /// <summary>Whether there is one. The search is of no use afterwards.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
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

    // True for a live object; a container that was not seen before is to be looked into.
    bool Visit(PyObject* o)
    {
        if (Handle.Is(_state, o)) return true;
        if (!LiveThawer.IsPlainContainer(o) || _walk.Memo.Find(o) != null) return false;
        _walk.Memo.Add(o, o);
        _walk.Stack.Add((nint)o);
        return false;
    }
}
