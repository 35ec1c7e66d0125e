using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// The outermost frame of a slot or method: runs its body and turns a C# exception into a Python one. It costs an indirect call,
/// so the most frequently called slots have try and catch of their own.
/// </summary>
internal static unsafe class Frame
{
    /// <summary>Returns the body's result: a new reference, or null with an exception set.</summary>
    internal static PyObject* Call(PyObject* self, delegate*<Handle*, PyObject*> body)
    {
        try
        {
            return body((Handle*)self);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Returns the result of a body with one argument: a new reference, or null with an exception set.</summary>
    internal static PyObject* Call(PyObject* self, PyObject* o, delegate*<Handle*, PyObject*, PyObject*> body)
    {
        try
        {
            return body((Handle*)self, o);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>
    /// Returns the result of a body with any number of arguments: a new reference, or null with an exception set.
    /// </summary>
    internal static PyObject* Call(
        PyObject* self, PyObject** arguments, nint count, delegate*<Handle*, PyObject**, nint, PyObject*> body)
    {
        try
        {
            return body((Handle*)self, arguments, count);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>
    /// Returns the result of a body that takes keyword arguments too: a new reference, or null with an exception set.
    /// </summary>
    internal static PyObject* Call(
        PyObject* self, PyObject** arguments, nint count, PyObject* keywords, delegate*<Handle*, PyObject**, nint, PyObject*,
        PyObject*> body)
    {
        try
        {
            return body((Handle*)self, arguments, count, keywords);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Returns None, or null with an exception set if the body failed.</summary>
    internal static PyObject* Do(PyObject* self, delegate*<Handle*, bool> body)
    {
        try
        {
            return body((Handle*)self) ? Api.Table._Py_NoneStruct : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Returns None, or null with an exception set if a body with one argument failed.</summary>
    internal static PyObject* Do(PyObject* self, PyObject* o, delegate*<Handle*, PyObject*, bool> body)
    {
        try
        {
            return body((Handle*)self, o) ? Api.Table._Py_NoneStruct : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>Returns None, or null with an exception set if a body with two arguments failed.</summary>
    internal static PyObject* Do(
        PyObject* self, PyObject* first, PyObject* second, delegate*<Handle*, PyObject*, PyObject*, bool> body) =>
        Set(self, first, second, body) == 0 ? Api.Table._Py_NoneStruct : null;

    /// <summary>For in-place operators: returns the object itself, or null with an exception set if the body failed.</summary>
    internal static PyObject* Change(PyObject* self, PyObject* o, delegate*<Handle*, PyObject*, bool> body) =>
        Do(self, o, body) != null ? References.New(self) : null;

    /// <summary>
    /// For setters and initialisers: returns 0, or -1 with an exception set if a body with two arguments failed.
    /// </summary>
    internal static int Set(
        PyObject* self, PyObject* first, PyObject* second, delegate*<Handle*, PyObject*, PyObject*, bool> body)
    {
        try
        {
            return body((Handle*)self, first, second) ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    /// <summary>Returns 0, or -1 with an exception set if a body with one argument failed.</summary>
    internal static int Set(PyObject* self, PyObject* o, delegate*<Handle*, PyObject*, bool> body) =>
        Do(self, o, body) != null ? 0 : -1;
}
