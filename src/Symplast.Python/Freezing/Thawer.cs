using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;

namespace Symplast.Python.Freezing;

/// <summary>
/// Copies a frozen graph to plain objects of the calling interpreter, of the mutable types from which it was frozen. The walk is
/// iterative like that of <see cref="Freezer"/>. Sharing and cycles are kept. The GIL is held throughout; only the check for
/// signals can run Python code.
/// </summary>
/// <remarks>
/// Keys of dicts and elements of sets, with all objects inside them, stay immutable whatever their original types were. They may
/// have been made by <c>default=</c> or from hashable subclasses of list and set, and a plain list or set is not hashable.
/// </remarks>
internal unsafe ref struct Thawer
{
    enum Kind : byte { List, Tuple, Dict, FrozenDict, Set, FrozenSet, Slice }

    struct Frame
    {
        internal PyObject* Original;    // for a mappingproxy, the dict behind it
        internal PyObject* Copy;        // an owned reference
        internal PyObject* Items;       // for a frozendict, the dict that collects its items; an owned reference
        internal PyObject* Key;         // a thawed key that waits for its value
        internal PyObject* Identity;    // the object to which others refer, and the key in the memo
        internal nint Index;
        internal nint Size;
        internal Kind Kind;
        internal bool Remembered;       // whether the memo has an entry
        internal bool Hashable;         // a key or element, or inside one: its parts must be hashable, too
    }

    readonly InterpreterState _interpreter;
    readonly PyObject* _root;
    Walk<Frame> _walk = new();         // its memo holds a reference to each copy
    PyObject* _result;                  // the copy of the container that was just finished

    Thawer(InterpreterState interpreter, PyObject* root)
    {
        _interpreter = interpreter;
        _root = root;
    }

    /// <summary>Returns a new reference to the thawed form of <paramref name="root"/>, or null with an exception set.</summary>
    internal static PyObject* Thaw(InterpreterState interpreter, PyObject* root)
    {
        if (!AddressRange.Contains(root)) return References.New(root);
        Pool? owner = PoolTable.OwnerOf(root);
        if (owner is not { Deleted: false }) return interpreter.RaiseDeleted(owner);
        if (!interpreter.Receive(owner)) return null;
        Thawer thawer = new(interpreter, root);
        PyObject* copy = null;
        try
        {
            copy = thawer.Run();
        }
        catch (Exception e)
        {
            copy = Errors.FromManaged(e);
        }
        thawer.Dispose();
        return copy;
    }

    PyObject* Run()
    {
        PyObject* copy = Visit(_root, hashable: false, out bool pushed);
        if (!pushed) return copy;
        while (_walk.Stack.Count > 0)
        {
            if (!Step()) return null;
        }
        return _result;
    }

    void Dispose()
    {
        for (int i = 0; i < _walk.Stack.Count; i++)
        {
            References.Drop(_walk.Stack[i]->Copy);
            References.Drop(_walk.Stack[i]->Items);
            References.Drop(_walk.Stack[i]->Key);
        }
        for (nuint i = 0; i < _walk.Memo.Slots; i++) References.Drop(_walk.Memo[i].Copy);
        _walk.Dispose();
    }

    /// <summary>
    /// Returns a new reference to an object's copy. Returns null with an exception set, or with <paramref name="pushed"/> true if
    /// a container was begun.
    /// </summary>
    PyObject* Visit(PyObject* o, bool hashable, out bool pushed)
    {
        pushed = false;
        if (--_walk.Budget == 0 && !_walk.CheckSignals()) return null;
        if (!AddressRange.Contains(o)) return References.New(o);
        // The root always gets a memo entry: the graph may refer to it once, and the caller refers to it, too.
        bool remember = o == _root || !ObjectMarks.IsSingle(o);
        PyObject* known = remember ? _walk.Memo.Find(o) : null;
        ref Api api = ref Api.Table;
        // None in the memo stands for a container that can be made only when its parts exist.
        if (known == api._Py_NoneStruct) return Errors.Value($"cannot thaw a cycle through a {Text.TypeName(o)}");
        if (known != null) return References.New(known);

        PyObject* type = o->Type;
        PyObject* copy;
        if (type == api.PyUnicode_Type) copy = CopyString((PyAsciiObject*)o);
        else if (type == api.PyLong_Type) copy = api._PyLong_Copy(o);
        else if (type == api.PyFloat_Type) copy = api.PyFloat_FromDouble(((PyFloatObject*)o)->Value);
        else if (type == api.PyBytes_Type) copy = CopyBytes(o, hashable);
        else if (type == api.PyComplex_Type)
            copy = api.PyComplex_FromDoubles(((PyComplexObject*)o)->Real, ((PyComplexObject*)o)->Imaginary);
        else if (type == api.PyRange_Type) copy = CopyRange((PyRangeObject*)o);
        else if (_interpreter.DateTimes.Knows(type, out DateTimeKind kind)) copy = CopyDateTime(o, kind);
        else return Begin(o, type, hashable, remember, out pushed);
        if (copy != null && remember) _walk.Memo.Add(o, References.New(copy));
        return copy;
    }

    // A container that can be filled after its creation enters the memo when it is begun, so that cycles find it.
    PyObject* Begin(PyObject* o, PyObject* type, bool hashable, bool remember, out bool pushed)
    {
        ref Api api = ref Api.Table;
        pushed = false;
        Frame frame = new() { Original = o, Identity = o, Remembered = remember, Hashable = hashable };
        bool isMutable = !hashable && ObjectMarks.Get(o) == ObjectMark.MutableOrigin;
        if (type == api.PyTuple_Type)
        {
            frame.Kind = isMutable ? Kind.List : Kind.Tuple;
            frame.Size = ((PyVarObject*)o)->Size;
            frame.Copy = isMutable ? api.PyList_New(frame.Size) : api.PyTuple_New(frame.Size);
            if (frame.Copy == null) return null;
            // Python code can find an unfinished container through the collector. Items that are all None make this harmless.
            PyObject** items = Items(frame.Copy, isMutable);
            for (nint i = 0; i < frame.Size; i++) items[i] = api._Py_NoneStruct;
        }
        else if (type == api.PyFrozenSet_Type)
        {
            frame.Kind = isMutable ? Kind.Set : Kind.FrozenSet;
            frame.Size = ((PySetObject*)o)->Mask + 1;
            frame.Copy = api.PySet_New(null);
        }
        else if (type == api.PySlice_Type)
        {
            frame.Kind = Kind.Slice;
            frame.Size = 3;
            frame.Copy = api.PySlice_New(null, null, null);
        }
        else
        {
            bool isProxy = type == api.PyDictProxy_Type;
            if (isProxy) frame.Original = ((PyMappingProxyObject*)o)->Mapping;
            frame.Kind = isProxy || isMutable ? Kind.Dict : Kind.FrozenDict;
            frame.Size = ((PyDictObject*)frame.Original)->Used;
            frame.Copy = frame.Kind == Kind.Dict ? api.PyDict_New() : api.PyFrozenDict_New(null);
            if (frame.Copy != null && frame.Kind == Kind.FrozenDict && (frame.Items = api.PyDict_New()) == null)
            {
                References.Drop(frame.Copy);
                return null;
            }
        }
        if (frame.Copy == null) return null;
        if (remember) _walk.Memo.Add(o, frame.Kind == Kind.FrozenSet ? api._Py_NoneStruct : References.New(frame.Copy));
        _walk.Stack.Add(frame);
        pushed = true;
        return null;
    }

    /// <summary>
    /// Works on the innermost container until it is finished or a container inside it is begun. Returns false with an exception
    /// set.
    /// </summary>
    bool Step()
    {
        int depth = _walk.Stack.Count - 1;
        while (true)
        {
            Frame* frame = _walk.Stack[depth];
            PyObject* part = _result;
            _result = null;
            if (part == null)
            {
                PyObject* next = Next(frame);
                if (next == null) return Finish();
                part = Visit(next, NeedsHashable(frame), out bool pushed);
                if (pushed) return true;
                if (part == null) return false;
                frame = _walk.Stack[depth];
            }
            if (!Put(frame, part)) return false;
        }
    }

    static bool NeedsHashable(Frame* frame) => frame->Hashable
        || frame->Kind is Kind.Set or Kind.FrozenSet
        || frame->Kind is Kind.Dict or Kind.FrozenDict && frame->Key == null;

    // The next part of the original, or null if there is none. Does not advance.
    static PyObject* Next(Frame* frame)
    {
        switch (frame->Kind)
        {
            case Kind.List or Kind.Tuple:
                return frame->Index == frame->Size ? null : Items(frame->Original, isList: false)[frame->Index];
            case Kind.Set or Kind.FrozenSet:
                PySetEntry* slots = ((PySetObject*)frame->Original)->Table;
                while (frame->Index < frame->Size && slots[frame->Index].Key == null) frame->Index++;
                return frame->Index == frame->Size ? null : slots[frame->Index].Key;
            case Kind.Slice:
                return frame->Index == frame->Size ? null : (&((PySliceObject*)frame->Original)->Start)[frame->Index];
            default:
                if (frame->Index == frame->Size) return null;
                PyDictKeys* table = ((PyDictObject*)frame->Original)->Keys;
                byte* entries = PyDictKeys.Entries(table);
                // Both kinds of entries end with the key and the value.
                PyObject** pair = table->Kind == PyDictKeys.Strings
                    ? &((PyDictStringEntry*)entries)[frame->Index].Key : &((PyDictEntry*)entries)[frame->Index].Key;
                return frame->Key == null ? pair[0] : pair[1];
        }
    }

    // Steals the reference to the part.
    static bool Put(Frame* frame, PyObject* part)
    {
        ref Api api = ref Api.Table;
        int failed = 0;
        switch (frame->Kind)
        {
            case Kind.List or Kind.Tuple or Kind.Slice:
                // A signal handler may have found the list through the collector and changed it.
                if (frame->Kind == Kind.List && ((PyVarObject*)frame->Copy)->Size != frame->Size)
                {
                    References.Drop(part);
                    Errors.Runtime("a list changed while it was being thawed");
                    return false;
                }
                PyObject** place = frame->Kind == Kind.Slice
                    ? &((PySliceObject*)frame->Copy)->Start : Items(frame->Copy, frame->Kind == Kind.List);
                place += frame->Index++;
                PyObject* before = *place;
                *place = part;
                References.Drop(before);
                return true;
            case Kind.Set or Kind.FrozenSet:
                failed = api.PySet_Add(frame->Copy, part);
                frame->Index++;
                break;
            default:
                if (frame->Key == null)
                {
                    frame->Key = part;
                    return true;
                }
                failed = api.PyDict_SetItem(frame->Kind == Kind.Dict ? frame->Copy : frame->Items, frame->Key, part);
                References.Drop(frame->Key);
                frame->Key = null;
                frame->Index++;
                break;
        }
        References.Drop(part);
        return failed == 0;
    }

    // Pops the finished container and passes it to the container around it in _result.
    bool Finish()
    {
        ref Api api = ref Api.Table;
        Frame frame = *_walk.Stack.Last;
        PyObject* copy = frame.Copy;
        if (frame.Kind == Kind.FrozenSet)
        {
            copy = api.PyFrozenSet_New(frame.Copy);
            if (copy == null) return false;
            if (frame.Remembered) _walk.Memo.Replace(frame.Identity, References.New(copy));
            References.Drop(frame.Copy);
        }
        else if (frame.Kind == Kind.FrozenDict)
        {
            MoveItems((PyDictObject*)frame.Items, (PyDictObject*)copy);
            References.Drop(frame.Items);
        }
        // If a collection ran while the container held only Nones, it untracked the container for ever.
        if (frame.Kind is Kind.Tuple or Kind.FrozenDict && !Layout.IsTracked(copy)) api.PyObject_GC_Track(copy);
        _walk.Stack.RemoveLast();
        _result = copy;
        return true;
    }

    // Moves the collected items into a frozendict. It must exist before its items, because they may refer to it, and CPython has
    // no function that fills it later.
    static void MoveItems(PyDictObject* from, PyDictObject* to)
    {
        PyDictKeys* empty = to->Keys;
        to->Keys = from->Keys;
        to->Used = from->Used;
        from->Keys = empty;
        from->Used = 0;
        ((PyFrozenDictObject*)to)->Hash = -1;
    }

    static PyObject** Items(PyObject* o, bool isList) => isList ? ((PyListObject*)o)->Items : Tuples.Items(o);

    static PyObject* CopyString(PyAsciiObject* original)
    {
        bool ascii = (original->State & PyAsciiObject.Ascii) != 0;
        uint largest = ascii ? 0x7Fu : original->Kind switch { 1 => 0xFFu, 2 => 0xFFFFu, _ => 0x10FFFFu };
        PyObject* copy = Api.Table.PyUnicode_New(original->Length, largest);
        if (copy == null) return null;
        int data = ascii ? PyAsciiObject.DataOffset : PyCompactUnicodeObject.DataOffset;
        nint bytes = (original->Length + 1) * original->Kind;
        Buffer.MemoryCopy((byte*)original + data, (byte*)copy + data, bytes, bytes);
        ((PyAsciiObject*)copy)->Hash = original->Hash;
        return copy;
    }

    static PyObject* CopyBytes(PyObject* o, bool hashable)
    {
        byte* data = (byte*)o + PyBytesObject.DataOffset;
        nint size = ((PyBytesObject*)o)->Size;
        return !hashable && ObjectMarks.Get(o) == ObjectMark.MutableOrigin
            ? Api.Table.PyByteArray_FromStringAndSize(data, size)
            : Api.Table.PyBytes_FromStringAndSize(data, size);
    }

    readonly PyObject* CopyRange(PyRangeObject* original)
    {
        ref Api api = ref Api.Table;
        PyObject* bounds = api.PyTuple_New(3);
        if (bounds == null) return null;
        PyObject* copy = null;
        bool filled = true;
        for (int i = 0; i < 3; i++)
        {
            PyObject* bound = api._PyLong_Copy((&original->Start)[i]);
            filled &= bound != null;
            Items(bounds, isList: false)[i] = bound;
        }
        if (filled) copy = api.PyObject_CallObject(api.PyRange_Type, bounds);
        References.Drop(bounds);
        return copy;
    }

    // Each datetime type has an operation that makes a new equal object.
    static PyObject* CopyDateTime(PyObject* o, DateTimeKind kind)
    {
        PyObject* method =
            Api.Table.PyObject_GetAttrString(o, kind == DateTimeKind.Delta ? Text.Utf8("__pos__"u8) : Text.Utf8("replace"u8));
        if (method == null) return null;
        PyObject* copy = Api.Table.PyObject_CallNoArgs(method);
        References.Drop(method);
        return copy;
    }
}
