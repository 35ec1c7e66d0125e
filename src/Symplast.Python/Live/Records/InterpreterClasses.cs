using System.Runtime.CompilerServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// The classes of live objects that one interpreter has, with their numbers in the process (<see cref="ClassTable"/>). Used with
/// its GIL held.
/// </summary>
/// <remarks>
/// Handles do not keep their class alive, this does: a class is <em>held</em>, with a reference that the collector sees. A class
/// that others cannot import is let go when the collector begins while no handle is left, so that it is collected if nothing else
/// refers to it; it is held again when another object of it turns up.
/// </remarks>
internal sealed unsafe class InterpreterClasses(InterpreterState interpreter) : IInterpreterPart
{
    /// <summary>That of an interpreter.</summary>
    internal static InterpreterClasses Of(InterpreterState interpreter) => Unsafe.As<InterpreterClasses>(interpreter.Classes!);

    sealed class Entry
    {
        /// <summary>The number of the objects that the class makes.</summary>
        internal int Number;

        /// <summary>Further numbers, of classes in other interpreters that have the same definition.</summary>
        internal List<int>? Others;

        internal nint WeakReference;
        internal bool IsHeld;
        internal bool MayBeLetGo;
    }

    readonly Dictionary<nint, Entry> _entries = [];
    readonly Dictionary<nint, nint> _types = [];
    readonly Dictionary<int, nint> _byNumber = [];
    readonly Dictionary<(string Module, string Name), nint> _named = [];
    int _releasable;

    /// <summary>How many changes of definitions this interpreter has seen (<see cref="ClassTable.Changes"/>).</summary>
    internal long SeenChanges { get; set; }

    /// <summary>How many namesakes it has seen (<see cref="ClassTable.Namesakes"/>).</summary>
    internal long SeenNamesakes { get; set; }

    /// <summary>The numbers that have a class here.</summary>
    internal IEnumerable<int> Numbers => _byNumber.Keys;

    /// <summary>Whether a number has a class here, which may be held or not.</summary>
    internal bool Has(int number) => _byNumber.ContainsKey(number);

    /// <summary>The class with a number, which is held from now on; a borrowed reference, null if there is none here.</summary>
    internal PyObject* Find(int number)
    {
        if (!_byNumber.TryGetValue(number, out nint type)) return null;
        Hold(type, _entries[type]);
        return (PyObject*)type;
    }

    /// <summary>The number of the objects that a class makes; it is held from now on. False if it has none yet.</summary>
    internal bool TryHold(PyObject* type, out int number)
    {
        bool known = _entries.TryGetValue((nint)type, out Entry? entry);
        number = known ? entry!.Number : 0;
        if (known && !entry!.IsHeld) Hold((nint)type, entry);
        return known;
    }

    /// <summary>
    /// Gives a class a number; it keeps the first as its own. <paramref name="mayBeLetGo"/>: whether others find it without this
    /// interpreter. False with an exception set.
    /// </summary>
    internal bool Add(PyObject* type, int number, bool mayBeLetGo)
    {
        if (!_entries.TryGetValue((nint)type, out Entry? entry))
        {
            PyObject* callback = interpreter.Function("_class_gone"u8);
            PyObject* weak = callback == null ? null : Api.Table.PyWeakref_NewRef(type, callback);
            References.Drop(callback);
            if (weak == null) return false;
            entry = new Entry { Number = number, WeakReference = (nint)weak };
            _entries.Add((nint)type, entry);
            _types.Add((nint)weak, (nint)type);
        }
        else if (entry.Number != number && !(entry.Others?.Contains(number) ?? false))
        {
            (entry.Others ??= []).Add(number);
        }
        if (_byNumber.TryAdd(number, (nint)type)) ClassTable.Know(number);
        if (mayBeLetGo) LetGoLater(entry);
        if (entry.IsHeld) interpreter.Live->SetClass(number, type);
        else Hold((nint)type, entry);
        return true;
    }

    /// <summary>
    /// Notes that a class was made. Returns the one that had its names and goes by them, which is to leave its definition now;
    /// null if there is none.
    /// </summary>
    internal PyObject* Supersede(string module, string name)
    {
        if (!_named.Remove((module, name), out nint old) || !_entries.TryGetValue(old, out Entry? entry)) return null;
        LetGoLater(entry);
        return (PyObject*)old;
    }

    /// <summary>Notes that a class goes by its names.</summary>
    internal void Name(PyObject* type, string module, string name) => _named[(module, name)] = (nint)type;

    /// <summary>
    /// Lets go of the classes that have no handle and that only this interpreter's own code may need. The collector is about to
    /// look for them.
    /// </summary>
    internal void LetGo()
    {
        if (_releasable == 0) return;
        List<nint> dropped = [];
        foreach ((nint type, Entry entry) in _entries)
        {
            if (!entry.IsHeld || !entry.MayBeLetGo || HasHandles(entry)) continue;
            SetClass(entry, null);
            ClassCaches.Of(interpreter.Live)->Plans.Forget((PyObject*)type);
            entry.IsHeld = false;
            dropped.Add(type);
        }
        // One that dies takes its entry out.
        foreach (nint type in dropped) References.Drop((PyObject*)type);
    }

    /// <summary>The callback of a weak reference: its class is gone.</summary>
    internal void Forget(PyObject* weak)
    {
        if (!_types.Remove((nint)weak, out nint type) || !_entries.Remove(type, out Entry? entry)) return;
        if (entry.MayBeLetGo) _releasable--;
        bool sweep = ForgetNumber(entry.Number);
        foreach (int number in entry.Others ?? []) sweep |= ForgetNumber(number);
        References.Drop(weak);
        if (sweep && interpreter.Live != null && interpreter.Live->Me != null) ClassTable.Sweep(interpreter.Live->Me);
    }

    /// <summary>Shows the collector what is held.</summary>
    public int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        foreach ((nint type, Entry entry) in _entries)
        {
            int stop = entry.IsHeld ? visit((PyObject*)type, argument) : 0;
            if (stop == 0) stop = visit((PyObject*)entry.WeakReference, argument);
            if (stop != 0) return stop;
        }
        return 0;
    }

    /// <summary>Drops everything, at the end of the interpreter, after its part in live objects has ended.</summary>
    public void Clear()
    {
        List<(nint Type, Entry Entry)> all = [.. _entries.Select(pair => (pair.Key, pair.Value))];
        foreach (int number in _byNumber.Keys) ClassTable.Unknow(number);
        _entries.Clear();
        _types.Clear();
        _byNumber.Clear();
        _named.Clear();
        foreach ((nint type, Entry entry) in all)
        {
            References.Drop((PyObject*)entry.WeakReference);
            if (entry.IsHeld) References.Drop((PyObject*)type);
        }
    }

    void Hold(nint type, Entry entry)
    {
        if (entry.IsHeld) return;
        SetClass(entry, (PyObject*)type);
        References.Take((PyObject*)type);
        entry.IsHeld = true;
    }

    void LetGoLater(Entry entry)
    {
        if (entry.MayBeLetGo) return;
        entry.MayBeLetGo = true;
        _releasable++;
    }

    void SetClass(Entry entry, PyObject* type)
    {
        interpreter.Live->SetClass(entry.Number, type);
        foreach (int number in entry.Others ?? []) interpreter.Live->SetClass(number, type);
    }

    bool HasHandles(Entry entry)
    {
        if (interpreter.Live->HandlesOfClass(entry.Number) != 0) return true;
        foreach (int number in entry.Others ?? [])
        {
            if (interpreter.Live->HandlesOfClass(number) != 0) return true;
        }
        return false;
    }

    bool ForgetNumber(int number)
    {
        if (!_byNumber.Remove(number)) return false;
        if (interpreter.Live != null) interpreter.Live->SetClass(number, null);
        return ClassTable.Unknow(number);
    }
}
