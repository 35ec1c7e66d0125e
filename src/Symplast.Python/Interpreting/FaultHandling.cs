using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Lets workers use the handler of fatal signals that <c>faulthandler.enable()</c> sets. The handler and the file that it writes
/// to are one for the process, and the file would be an object of the worker. So the main interpreter sets the handler for a
/// worker, with a descriptor in place of the file. A handler that the program itself has set is not changed.
/// </summary>
/// <remarks>
/// The GIL of the main interpreter guards all state here. What concerns only the worker is in <c>symplast.faults</c>.
/// </remarks>
internal static unsafe partial class FaultHandling
{
    const int StandardError = 2;

    // Functions of the main interpreter's module faulthandler; null if there is none.
    static PyObject* _enable, _disable, _isEnabled;
    // The interpreters that have enabled the handler and not disabled it; and the descriptor that one of them has made, or -1.
    static readonly HashSet<long> Askers = [];
    static int _descriptor = -1;
    static bool _isPrograms;

    // The calling thread's request, for its visit to the main interpreter, and the result.
    [ThreadStatic] static Request _request;

    struct Request
    {
        internal long Asker;
        internal int Descriptor;
        internal bool IsOurs, AllThreads, Stack, Done;
    }

    /// <summary>Called in the main interpreter, once. Returns false with an exception set.</summary>
    internal static bool Prepare()
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("faulthandler"u8));
        _enable = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("enable"u8));
        _disable = _enable == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("disable"u8));
        _isEnabled = _disable == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("is_enabled"u8));
        References.Drop(module);
        if (_isEnabled != null)
        {
            _isPrograms = IsEnabled();
            return true;
        }
        if (api.PyErr_ExceptionMatches(*api.PyExc_ImportError) == 0 && api.PyErr_ExceptionMatches(*api.PyExc_AttributeError) == 0)
            return false;
        api.PyErr_Clear();
        return true;
    }

    /// <summary>Records that the program itself has set or removed the handler.</summary>
    internal static void Note(bool isSet)
    {
        if (_request.IsOurs) return;
        _isPrograms = isSet;
        if (!isSet) Askers.Clear();
        CloseDescriptor();
    }

    /// <summary>
    /// For <c>symplast._symplast._enable_faults(descriptor, all_threads, c_stack)</c> in a worker: sets the handler unless it is
    /// set. Returns True if it was set here, which takes ownership of the descriptor; null with an exception set.
    /// </summary>
    internal static PyObject* Enable(int descriptor, bool allThreads, bool stack)
    {
        _request = new Request
        {
            Asker = Interpreters.CurrentId(),
            Descriptor = descriptor,
            AllThreads = allThreads,
            Stack =
            stack,
            IsOurs = true
        };
        bool done = Visit.Run(Api.Table.PyInterpreterState_Main(), &EnableInMain);
        bool isUsed = _request.Done;
        _request = default;
        return done ? Answer(isUsed) : Errors.Runtime("the program's faulthandler could not be enabled");
    }

    /// <summary>
    /// For <c>_disable_faults()</c> in a worker: withdraws the worker's request. Returns True if the handler was removed; null
    /// with an exception set.
    /// </summary>
    internal static PyObject* Disable()
    {
        _request = new Request { Asker = Interpreters.CurrentId(), IsOurs = true };
        bool done = Visit.Run(Api.Table.PyInterpreterState_Main(), &DisableInMain);
        bool removed = _request.Done;
        _request = default;
        return done ? Answer(removed) : Errors.Runtime("the program's faulthandler could not be disabled");
    }

    static PyObject* Answer(bool yes) => References.New(yes ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct);

    static bool EnableInMain()
    {
        ref Api api = ref Api.Table;
        if (_enable == null) return false;
        if (IsEnabled())
        {
            if (!_isPrograms) Askers.Add(_request.Asker);
            return true;
        }
        PyObject* none = api.PyTuple_New(0), options = api.PyDict_New();
        PyObject* file = api.PyLong_FromLongLong(_request.Descriptor);
        bool done = none != null && options != null && file != null && Set(options, "file"u8, file)
            && Set(options, "all_threads"u8, _request.AllThreads ? api._Py_TrueStruct : api._Py_FalseStruct)
            && (!Layout.Current.FaultsShowStack
                || Set(options, "c_stack"u8, _request.Stack ? api._Py_TrueStruct : api._Py_FalseStruct));
        PyObject* result = done ? api.PyObject_Call(_enable, none, options) : null;
        References.Drop(file);
        References.Drop(options);
        References.Drop(none);
        References.Drop(result);
        if (result == null) return false;
        Askers.Add(_request.Asker);
        CloseDescriptor();
        _descriptor = _request.Descriptor;
        return _request.Done = true;
    }

    static bool DisableInMain()
    {
        ref Api api = ref Api.Table;
        bool asked = Askers.Remove(_request.Asker);
        // Interpreters' numbers are never used again.
        Askers.RemoveWhere(HasEnded);
        if (!asked || _isPrograms || Askers.Count != 0) return true;
        PyObject* result = api.PyObject_CallNoArgs(_disable);
        if (result == null) return false;
        _request.Done = result == api._Py_TrueStruct;
        References.Drop(result);
        CloseDescriptor();
        return true;
    }

    static bool HasEnded(long id)
    {
        if (Api.Table._PyInterpreterState_LookUpID(id) != null) return false;
        Api.Table.PyErr_Clear();
        return true;
    }

    static bool Set(PyObject* options, ReadOnlySpan<byte> name, PyObject* value) =>
        Api.Table.PyDict_SetItemString(options, Text.Utf8(name), value) == 0;

    static bool IsEnabled()
    {
        PyObject* answer = Api.Table.PyObject_CallNoArgs(_isEnabled);
        if (answer == null) Api.Table.PyErr_Clear();
        References.Drop(answer);
        return answer == Api.Table._Py_TrueStruct;
    }

    static void CloseDescriptor()
    {
        if (_descriptor > StandardError) Close(_descriptor);
        _descriptor = -1;
    }

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
