using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>Static types of an extension module that interpreters share: those of datetime on 3.13.</summary>
/// <remarks>
/// <para>Each interpreter makes them ready for itself when it imports the module, and the last one that has done so makes them
/// new again at its end: the bases, the order of the bases, flags and version. What it frees there are objects of the first
/// interpreter. With two interpreters that begin or end at once, both take themselves for the first or the last (gh-136421,
/// gh-136423; 3.14 makes the types ready when an interpreter begins).</para>
/// <para>Once the main interpreter, which ends last, has imported the module, the others are neither.</para>
/// </remarks>
internal static unsafe class StaticTypes
{
    /// <summary>
    /// Called in the main interpreter, before there are others as far as we can tell. False with an exception set.
    /// </summary>
    internal static bool MakeReady()
    {
        if (!Layout.Current.DateTimesNeedImport) return true;
        PyObject* module = Api.Table.PyImport_ImportModule(Text.Utf8("_datetime"u8));
        References.Drop(module);
        if (module != null) return true;
        if (Api.Table.PyErr_ExceptionMatches(*Api.Table.PyExc_ImportError) == 0) return false;
        // This Python has none, and so uses none.
        Api.Table.PyErr_Clear();
        return true;
    }
}
