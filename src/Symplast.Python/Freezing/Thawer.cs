using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;

namespace Symplast.Python.Freezing;

/// <summary>
/// Copies a frozen graph back into plain objects of the calling interpreter, with the mutable types it was made from. Iterative
/// like <see cref="Freezer"/>; sharing and cycles are kept. The GIL is held throughout; only the check for signals can run Python
/// code.
/// </summary>
/// <remarks>
/// Dict keys and set members, and what is inside them, stay immutable whatever they were made from: <c>default=</c> and hashable
/// subclasses of list and set can put there what Python could not hash otherwise.
/// </remarks>
internal unsafe ref struct Thawer
{
    enum Kind : byte { List, Tuple, Dict, FrozenDict, Set, FrozenSet, Slice }

    struct Frame
    {
        internal PyObject* Original;    // of a mappingproxy, the dict behind it
        internal PyObject* Copy;        // the frame's own reference
        internal PyObject* Items;       // of a frozendict, the dict that collects its items; the frame's own reference
        internal PyObject* Key;         // thawed key that waits for its value
        internal PyObject* Identity;    // what others refer to: the memo's key
        internal nint Index;
        internal nint Size;
        internal Kind Kind;
        internal bool Remembered;       // by the memo
        internal bool Hashable;         // a key or member, or inside one: what it holds must be hashable too
    }

    readonly InterpreterState _interpreter;
    readonly PyObject* _root;
    Walk<Frame> _walk = new();         // its memo holds a reference to each copy
    PyObject* _result;                  // what the container that was just finished became

    Thawer(InterpreterState interpreter, PyObject* root)
    {
        _interpreter = interpreter;
        _root = root;
    }

    /// <summary>A new reference to the thawed form of <paramref name="root"/>, or null with an exception set.</summary>
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
    /// A new reference to an object's copy; null with an exception set, or with <paramref name="pushed"/> for a container that
    /// was begun.
    /// </summary>
    PyObject* Visit(PyObject* o, bool hashable, out bool pushed)
    {
        pushed = false;
        if (--_walk.Budget == 0 && !_walk.CheckSignals()) return null;
        if (!AddressRange.Contains(o)) return References.New(o);
        // The caller's reference to the root is one more than its graph has.
        bool remember = o == _root || !ObjectMarks.IsSingle(o);
        PyObject* known = remember ? _walk.Memo.Find(o) : null;
        ref Api api = ref Api.Table;
        // None stands for a container that does not exist before its parts do.
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

    // Containers that can be filled after they exist are known to the memo from the start, so that cycles find them.
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
            // The collector lets Python code see unfinished containers; None everywhere keeps that harmless.
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
    /// Works on the innermost container until it is finished or a container inside it is begun. False with an exception set.
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

    // The next part of the original, without moving on; null if there is none.
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
                // Both kinds of entry end with key and value.
                PyObject** pair = table->Kind == PyDictKeys.Strings
                    ? &((PyDictStringEntry*)entries)[frame->Index].Key : &((PyDictEntry*)entries)[frame->Index].Key;
                return frame->Key == null ? pair[0] : pair[1];
        }
    }

    // Takes over the reference to the part.
    static bool Put(Frame* frame, PyObject* part)
    {
        ref Api api = ref Api.Table;
        int failed = 0;
        switch (frame->Kind)
        {
            case Kind.List or Kind.Tuple or Kind.Slice:
                // Found through the collector, a list may have been changed by a signal handler.
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

    // Hands the finished container to the one around it, through _result.
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
        // A collection in between took what held only Nones for free of cycles for ever.
        if (frame.Kind is Kind.Tuple or Kind.FrozenDict && !Layout.IsTracked(copy)) api.PyObject_GC_Track(copy);
        _walk.Stack.RemoveLast();
        _result = copy;
        return true;
    }

    // A frozendict must exist before its items do, because they may refer to it, and can only be filled from inside.
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

    // Each has an operation that makes a new equal object.
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
