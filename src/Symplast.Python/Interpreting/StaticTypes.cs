using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>Static types of an extension module that all interpreters share: those of datetime on 3.13.</summary>
/// <remarks>
/// <para>Each interpreter makes the types ready when it imports the module, and the last such interpreter resets them when it
/// ends: their bases, method resolution order, flags and version. What it frees then are objects of the first interpreter. If two
/// interpreters begin or end at once, both act as the first or as the last one (gh-136421, gh-136423; 3.14 makes the types ready
/// when an interpreter begins).</para>
/// <para>The main interpreter ends last. Once it has imported the module, no other interpreter is the first or the last.</para>
/// </remarks>
internal static unsafe class StaticTypes
{
    /// <summary>
    /// Makes the types ready. Called in the main interpreter before other interpreters exist, as far as we can tell. Returns
    /// false with an exception set.
    /// </summary>
    internal static bool MakeReady()
    {
        if (!Layout.Current.DateTimesNeedImport) return true;
        PyObject* module = Api.Table.PyImport_ImportModule(Text.Utf8("_datetime"u8));
        References.Drop(module);
        if (module != null) return true;
        if (Api.Table.PyErr_ExceptionMatches(*Api.Table.PyExc_ImportError) == 0) return false;
        // This Python has no datetime module, so nothing uses its types.
        Api.Table.PyErr_Clear();
        return true;
    }
}
