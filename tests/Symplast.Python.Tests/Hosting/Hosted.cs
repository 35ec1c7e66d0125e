using Symplast.CPython;
using Symplast.Python.Tests.Hosting;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// There is one main interpreter, and every test needs it.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Hosted))]

namespace Symplast.Python.Tests.Hosting;

/// <summary>
/// The Python that runs inside this process, with the extension module compiled as an ordinary library: C# under test runs in the
/// debugger's and the coverage tool's own runtime. Started by the first test that needs it; a test is skipped where there is
/// none.
/// </summary>
public sealed unsafe class Hosted : IDisposable
{
    const int ExpressionInput = 258;

    static PythonThread? _python;
    static string? _reason;

    /// <summary>
    /// Runs Python code in the main interpreter, with the names of hosted.py; its exceptions arrive as <see cref="PythonError"/>.
    /// </summary>
    internal static void Run(string code) => Do(() =>
    {
        Execute(code);
        // What a test broke should show in that test, and not in a later one.
        Api.Table.PyGC_Collect();
    });

    /// <summary>Runs C# code with the main interpreter's GIL, on its main thread.</summary>
    internal static void Do(Action body) => Thread().Do(body);

    /// <summary>Runs Python code. Only inside <see cref="Do"/>.</summary>
    internal static void Execute(string code) => References.Drop(Evaluate(code, Api.Py_file_input));

    /// <summary>The value of a Python expression, a new reference. Only inside <see cref="Do"/>.</summary>
    internal static PyObject* Evaluate(string expression) => Evaluate(expression, ExpressionInput);

    /// <summary>
    /// Skips the test where no Python can be hosted; for tests that would take the skipping for a failure of theirs.
    /// </summary>
    internal static void Need() => Thread();

    /// <summary>Ends the interpreter after the last test.</summary>
    public void Dispose() => _python?.Dispose();

    static PythonThread Thread()
    {
        if (_python is null && _reason is null && LibPython.Load(out _reason) is { } executable)
        {
            _python = new PythonThread(executable);
            _python.Do(Prepare);
        }
        Assert.SkipWhen(_python is null, _reason!);
        return _python!;
    }

    static void Prepare()
    {
        string[] folders = [Path.Combine(AppContext.BaseDirectory, "Hosting"), Path.Combine(LibPython.Root, "python"),
            Path.Combine(LibPython.Root, "tests", "python")];
        string paths = string.Join(", ", folders.Select(folder => $"'{folder.Replace("\\", "\\\\").Replace("'", "\\'")}'"));
        // SIGINT as in any Python program; until now it is the test host's.
        Execute($"""
            import sys, signal
            sys.dont_write_bytecode = True
            sys.path[:0] = [{paths}]
            signal.signal(signal.SIGINT, signal.default_int_handler)
            import searchpath
            searchpath.extend()
            import hosted
            """);
    }

    static PyObject* Evaluate(string source, int kind)
    {
        ref Api api = ref Api.Table;
        PyObject* scope = Scope();
        byte[] text = [.. System.Text.Encoding.UTF8.GetBytes(source), 0];
        PyObject* result = null;
        fixed (byte* characters = text)
        {
            PyObject* code = api.Py_CompileString(characters, Text.Utf8("<test>"u8), kind);
            if (code != null)
            {
                result = api.PyEval_EvalCode(code, scope, scope);
                References.Drop(code);
            }
        }
        References.Drop(scope);
        return result != null ? result : throw Raised(source);
    }

    // A fresh namespace with what hosted.py offers, if that can be imported already.
    static PyObject* Scope()
    {
        ref Api api = ref Api.Table;
        PyObject* scope = api.PyDict_New();
        api.PyDict_SetItemString(scope, Text.Utf8("__builtins__"u8), api.PyEval_GetBuiltins());
        PyObject* name = Text.ToPython("hosted");
        PyObject* module = api.PyImport_GetModule(name);
        References.Drop(name);
        if (module == null) return scope;
        PyObject* names = api.PyModule_GetDict(module);
        nint position = 0;
        PyObject* key;
        PyObject* value;
        while (api.PyDict_Next(names, &position, &key, &value) != 0)
        {
            if (!Text.FromPython(key).StartsWith('_')) api.PyDict_SetItem(scope, key, value);
        }
        References.Drop(module);
        return scope;
    }

    static PythonError Raised(string source)
    {
        ref Api api = ref Api.Table;
        PyObject* exception = api.PyErr_GetRaisedException();
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("hosted"u8));
        PyObject* describe = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("describe"u8));
        PyObject* text = null;
        if (describe != null)
        {
            PyObject* arguments = api.PyTuple_New(2);
            api.PyTuple_SetItem(arguments, 0, References.New(exception));
            api.PyTuple_SetItem(arguments, 1, Text.ToPython(source));
            text = api.PyObject_CallObject(describe, arguments);
            References.Drop(arguments);
        }
        api.PyErr_Clear();
        PythonError error = new(text != null ? Text.FromPython(text) : Text.Repr(exception, limit: 2000));
        References.Drop(text);
        References.Drop(describe);
        References.Drop(module);
        References.Drop(exception);
        return error;
    }
}
