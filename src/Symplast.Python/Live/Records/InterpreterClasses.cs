using System.Runtime.CompilerServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// The classes of live objects that one interpreter has, with their numbers in the process (<see cref="ClassTable"/>). Used with
/// the interpreter's GIL held.
/// </summary>
/// <remarks>
/// Handles do not keep their class alive; this table does. A class is <em>held</em> by a reference that the collector sees. When
/// a collection begins, a class without handles that other interpreters cannot import is released, so that it is collected if
/// nothing else refers to it. It is held again when another object of it appears.
/// </remarks>
internal sealed unsafe class InterpreterClasses(InterpreterState interpreter) : IInterpreterPart
{
    /// <summary>The classes of an interpreter.</summary>
    internal static InterpreterClasses Of(InterpreterState interpreter) => Unsafe.As<InterpreterClasses>(interpreter.Classes!);

    sealed class Entry
    {
        /// <summary>The number of the class's new objects.</summary>
        internal int Number;

        /// <summary>Further numbers: those of classes in other interpreters with the same definition.</summary>
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

    /// <summary>
    /// The number of changes of definitions that this interpreter has taken in (<see cref="ClassTable.Changes"/>).
    /// </summary>
    internal long SeenChanges { get; set; }

    /// <summary>The number of namesakes that this interpreter has taken in (<see cref="ClassTable.Namesakes"/>).</summary>
    internal long SeenNamesakes { get; set; }

    /// <summary>The numbers that have a class here and that a predicate accepts.</summary>
    internal List<int> NumbersThat(Predicate<int> accepts)
    {
        List<int> numbers = [];
        foreach (int number in _byNumber.Keys)
        {
            if (accepts(number)) numbers.Add(number);
        }
        return numbers;
    }

    /// <summary>Whether there is a class with a number here, held or not.</summary>
    internal bool Has(int number) => _byNumber.ContainsKey(number);

    /// <summary>
    /// The class with a number, a borrowed reference; null if there is none here. The class is held from now on.
    /// </summary>
    internal PyObject* Find(int number)
    {
        if (!_byNumber.TryGetValue(number, out nint type)) return null;
        Hold(type, _entries[type]);
        return (PyObject*)type;
    }

    /// <summary>The number of a class's new objects; false if it has none yet. The class is held from now on.</summary>
    internal bool TryHold(PyObject* type, out int number)
    {
        bool known = _entries.TryGetValue((nint)type, out Entry? entry);
        number = known ? entry!.Number : 0;
        if (known && !entry!.IsHeld) Hold((nint)type, entry);
        return known;
    }

    /// <summary>
    /// Gives a class a number. The first one is that of its new objects. <paramref name="mayBeLetGo"/>: whether other
    /// interpreters find the class without this one. Returns false with an exception set.
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
    /// Called when a class was created. Returns the class that was found by these names before, which must publish its definition
    /// now; null if there is none.
    /// </summary>
    internal PyObject* Supersede(string module, string name)
    {
        if (!_named.Remove((module, name), out nint old) || !_entries.TryGetValue(old, out Entry? entry)) return null;
        LetGoLater(entry);
        return (PyObject*)old;
    }

    /// <summary>Records that a class is found by its names.</summary>
    internal void Name(PyObject* type, string module, string name) => _named[(module, name)] = (nint)type;

    /// <summary>
    /// Releases the classes that have no handles and that only this interpreter's code may need. Called when a collection begins.
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
        // A class that is deallocated removes its entry.
        foreach (nint type in dropped) References.Drop((PyObject*)type);
    }

    /// <summary>The callback of a weak reference: its class has been deallocated.</summary>
    internal void Forget(PyObject* weak)
    {
        if (!_types.Remove((nint)weak, out nint type) || !_entries.Remove(type, out Entry? entry)) return;
        if (entry.MayBeLetGo) _releasable--;
        bool sweep = ForgetNumber(entry.Number);
        foreach (int number in entry.Others ?? []) sweep |= ForgetNumber(number);
        References.Drop(weak);
        if (sweep && interpreter.Live != null && interpreter.Live->Me != null) ClassTable.Sweep(interpreter.Live->Me);
    }

    /// <summary>Shows the collector the classes that are held.</summary>
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

    /// <summary>Drops everything at the interpreter's end, after its use of live objects has ended.</summary>
    public void Clear()
    {
        List<KeyValuePair<nint, Entry>> all = [.. _entries];
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
