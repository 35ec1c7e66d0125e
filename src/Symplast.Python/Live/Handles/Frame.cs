using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// The outermost frame of a slot or method: runs its body and turns an exception of C# into one of Python. It costs an indirect
/// call; the slots that are called most have try and catch of their own.
/// </summary>
internal static unsafe class Frame
{
    /// <summary>What the body gives: a new reference, or null with an exception set.</summary>
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

    /// <summary>The same of a body with one argument.</summary>
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

    /// <summary>The same of one with any number of arguments.</summary>
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

    /// <summary>The same of one that takes arguments by name too.</summary>
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

    /// <summary>None, or null with an exception set if the body failed.</summary>
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

    /// <summary>The same of a body with one argument.</summary>
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

    /// <summary>The same of one with two.</summary>
    internal static PyObject* Do(
        PyObject* self, PyObject* first, PyObject* second, delegate*<Handle*, PyObject*, PyObject*, bool> body) =>
        Set(self, first, second, body) == 0 ? Api.Table._Py_NoneStruct : null;

    /// <summary>The object itself, which the body changed, or null with an exception set: for operators in place.</summary>
    internal static PyObject* Change(PyObject* self, PyObject* o, delegate*<Handle*, PyObject*, bool> body) =>
        Do(self, o, body) != null ? References.New(self) : null;

    /// <summary>0, or -1 with an exception set if the body failed: for slots that set something, or initialise.</summary>
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

    /// <summary>The same of a body with one argument.</summary>
    internal static int Set(PyObject* self, PyObject* o, delegate*<Handle*, PyObject*, bool> body) =>
        Do(self, o, body) != null ? 0 : -1;
}
