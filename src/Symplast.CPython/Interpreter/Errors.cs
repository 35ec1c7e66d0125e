using System.Runtime.CompilerServices;

namespace Symplast.CPython;

/// <summary>Setting Python exceptions. All return null, so that a caller can return the call.</summary>
public static unsafe class Errors
{
    /// <summary>Sets an exception of <paramref name="type"/> with a message.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static PyObject* Set(PyObject* type, string message)
    {
        PyObject* text = Text.ToPython(message);
        if (text == null) return null;
        Api.Table.PyErr_SetObject(type, text);
        References.Drop(text);
        return null;
    }

    /// <summary>Adds a note to an exception and sets it; takes over the reference.</summary>
    public static void SetWithNote(PyObject* exception, string text)
    {
        ref Api api = ref Api.Table;
        PyObject* add = api.PyObject_GetAttrString(exception, Text.Utf8("add_note"u8));
        PyObject* note = add == null ? null : Text.ToPython(text);
        if (note != null) References.Drop(api.PyObject_CallOneArg(add, note));
        References.Drop(note);
        References.Drop(add);
        api.PyErr_Clear();
        api.PyErr_SetRaisedException(exception);
    }

    /// <summary>Sets TypeError.</summary>
    public static PyObject* Type(string message) => Set(*Api.Table.PyExc_TypeError, message);

    /// <summary>Sets ValueError.</summary>
    public static PyObject* Value(string message) => Set(*Api.Table.PyExc_ValueError, message);

    /// <summary>Sets RuntimeError.</summary>
    public static PyObject* Runtime(string message) => Set(*Api.Table.PyExc_RuntimeError, message);

    /// <summary>
    /// A function that is called when an exception of C# has left a method that C called. It ends the sections that the exception
    /// left open. Set once a process; null if there is none.
    /// </summary>
    public static delegate*<void> Unwound;

    /// <summary>
    /// Turns an exception of C# that has reached the outermost method into a Python one: exhausted memory into MemoryError, and
    /// any other exception, which is a defect of this library, into SystemError.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static PyObject* FromManaged(Exception exception)
    {
        if (Unwound != null) Unwound();
        return Translate(exception);
    }

    /// <summary>Turns an exception of C# into a Python one in an inner method, whose callers continue.</summary>
    public static PyObject* Translate(Exception exception)
    {
        if (exception is OutOfMemoryException) return Api.Table.PyErr_NoMemory();
        return Set(*Api.Table.PyExc_SystemError, "symplast: internal error: " + exception);
    }
}
