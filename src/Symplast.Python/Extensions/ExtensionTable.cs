using System.Runtime.CompilerServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>The extension modules that one interpreter has loaded, and its private copies.</summary>
/// <remarks>Used with that interpreter's GIL held.</remarks>
internal sealed unsafe class ExtensionTable : IInterpreterPart
{
    /// <summary>The table of an interpreter.</summary>
    internal static ExtensionTable Of(InterpreterState interpreter) => Unsafe.As<ExtensionTable>(interpreter.Extensions!);

    readonly Dictionary<(string Path, string Name), (nint Definition, nint Contents)> _initialized = [];
    readonly Dictionary<string, (string Path, string Kind)> _modules = [];
    readonly HashSet<string> _ordinary = [];

    /// <summary>The interpreter's private copies.</summary>
    internal PrivateCopies Copies { get; } = new();

    /// <summary>
    /// Whether CPython's own loader has loaded a module from this path. Later modules of the path are then loaded likewise.
    /// </summary>
    internal bool IsOrdinary(string path) => _ordinary.Contains(path);

    /// <summary>Records a module that CPython's own loader loads.</summary>
    internal void AddOrdinary(string name, string path, string kind)
    {
        _ordinary.Add(path);
        Add(name, path, kind);
    }

    /// <summary>Records a loaded module, for <see cref="List"/>.</summary>
    internal void Add(string name, string path, string kind) => _modules[name] = (path, kind);

    /// <summary>
    /// Keeps the contents that a single-phase module without state had after its initialization, which happens only once. Steals
    /// the reference to the dict.
    /// </summary>
    internal void Keep(string path, string name, PyModuleDef* definition, PyObject* contents)
    {
        if (_initialized.Remove((path, name), out var before)) References.Drop((PyObject*)before.Contents);
        _initialized.Add((path, name), ((nint)definition, (nint)contents));
    }

    /// <summary>The definition and contents that <see cref="Keep"/> has kept; a borrowed reference.</summary>
    internal bool TryGet(string path, string name, out PyModuleDef* definition, out PyObject* contents)
    {
        bool isThere = _initialized.TryGetValue((path, name), out var kept);
        definition = (PyModuleDef*)kept.Definition;
        contents = (PyObject*)kept.Contents;
        return isThere;
    }

    /// <summary>
    /// A list of tuples (module, path, kind, private, bytes): the loaded modules first, then the private libraries that they
    /// need. Returns null with an exception set.
    /// </summary>
    internal PyObject* List()
    {
        PyObject* list = Api.Table.PyList_New(0);
        HashSet<string> listed = [];
        bool done = list != null;
        foreach ((string name, (string path, string kind)) in _modules)
        {
            listed.Add(path);
            done = done && Append(list, name, path, kind);
        }
        foreach (string path in Copies.All.Keys)
            if (!listed.Contains(path)) done = done && Append(list, Path.GetFileName(path), path, "library");
        if (done) return list;
        References.Drop(list);
        return null;
    }

    bool Append(PyObject* list, string name, string path, string kind)
    {
        ref Api api = ref Api.Table;
        PyObject* item = api.PyTuple_New(5);
        if (item == null) return false;
        bool done = true;
        foreach ((int i, string text) in (ReadOnlySpan<(int, string)>)[(0, name), (1, path), (2, kind)])
        {
            PyObject* o = Text.ToPython(text);
            done = done && o != null && api.PyTuple_SetItem(item, i, o) == 0;
        }
        PrivateCopy? copy = IsOrdinary(path) ? null : Copies.Find(path);
        PyObject* size = api.PyLong_FromLongLong((long)(copy?.OwnBytes ?? 0));
        done = done && size != null && api.PyTuple_SetItem(item, 4, size) == 0
            && api.PyTuple_SetItem(item, 3, References.New(copy is not null ? api._Py_TrueStruct : api._Py_FalseStruct)) == 0
            && api.PyList_Append(list, item) == 0;
        References.Drop(item);
        return done;
    }

    /// <summary>Shows the collector every reference.</summary>
    public int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        foreach ((_, nint contents) in _initialized.Values)
        {
            int stop = visit((PyObject*)contents, argument);
            if (stop != 0) return stop;
        }
        return 0;
    }

    /// <summary>Drops every reference, at the interpreter's end.</summary>
    public void Clear()
    {
        Copies.Leave();
        foreach ((_, nint contents) in _initialized.Values) References.Drop((PyObject*)contents);
        _initialized.Clear();
    }
}
