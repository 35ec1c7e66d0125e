using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Whether a Python object can be a key.</summary>
internal enum KeyState
{
    /// <summary>It is one.</summary>
    Ready,

    /// <summary>It is hashable, but nothing in a pool can equal it: a lookup finds nothing.</summary>
    Foreign,

    /// <summary>
    /// Of lookups only: it is hashable, and Python has to be asked which keys equal it. See <see cref="KeySearch"/>.
    /// </summary>
    Unsure,

    /// <summary>An exception is set.</summary>
    Failed,
}

/// <summary>
/// A Python object on its way into a pool, as key or value: numbers, text and bytes as they are, everything else as what was made
/// of it in the pool, with a reference. Made and disposed of outside sections, with the GIL held; the original must stay alive
/// meanwhile.
/// </summary>
internal unsafe ref partial struct Incoming
{
    /// <summary>What to look up or to store.</summary>
    internal Probe Probe;

    /// <summary>Of lookups: whether it is some class's number that equals no int and no float.</summary>
    internal bool IsNumber;

    PyObject* _text;       // an encoded copy of a text with lone surrogates
    Value _owned;          // a reference to what was made; without a heap it is transient
    bool _isTransient;

    /// <summary>
    /// Makes a key of an object, for a structure in <paramref name="heap"/>. Python code can run: the <c>__hash__</c> of a live
    /// object's class.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static KeyState Key(LiveState* state, PoolHeap* heap, PyObject* o, out Incoming key)
    {
        key = default;
        return key.TrySimple(o) ? KeyState.Ready : SlowKey(state, heap, o, ref key);
    }

    /// <summary>
    /// Makes a value of an object, for a structure in <paramref name="heap"/>; plain containers are carried into the pool with
    /// all that they hold. False with an exception set, which names the place. Python code can run.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Item(LiveState* state, PoolHeap* heap, PyObject* o, scoped in Place place, out Incoming item)
    {
        item = default;
        // A frozen text is stored by its address, without a copy.
        return (!AddressRange.Contains(o) && item.TrySimple(o)) || SlowItem(state, heap, o, place, ref item);
    }

    /// <summary>
    /// What can be added to a number in a pool: an int, or what can be one, or a float. False with an exception set.
    /// </summary>
    internal static bool TryNumber(LiveState* state, string method, PyObject* o, out Incoming number)
    {
        ref Api api = ref Api.Table;
        number = default;
        if (o->Type == api.PyFloat_Type || o->Type == api.PyLong_Type) return Lookup(state, o, out number) == KeyState.Ready;
        PyObject* index = api.PyNumber_Index(o);
        if (index == null)
        {
            if (api.PyErr_ExceptionMatches(*api.PyExc_TypeError) == 0) return false;
            api.PyErr_Clear();
            Errors.Type($"{method}() takes an int or a float, not {Text.TypeName(o)}");
            return false;
        }
        // A large one is copied.
        bool isNumber = Lookup(state, index, out number) == KeyState.Ready;
        References.Drop(index);
        return isNumber;
    }

    /// <summary>
    /// A probe of what needs no memory in a pool: numbers that are not large, None, text and bytes. False, perhaps with an
    /// exception set, for all else. Runs no Python code.
    /// </summary>
    internal static bool TryProbe(PyObject* o, out Incoming simple)
    {
        simple = default;
        return simple.TrySimple(o) || o->Type == Api.Table.PyUnicode_Type && simple.Encode(o);
    }

    /// <summary>
    /// The value in the pool, with a reference that is the caller's; empty if there is no memory. Inside a section in which the
    /// pool was not deleted.
    /// </summary>
    internal readonly Value ToValue(LiveState* state, PoolHeap* heap) => Probe.ToValue(state->Me, heap);

    /// <summary>The same inside any section. There is no value if the answer is not Done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Status ToValue(LiveState* state, PoolHeap* heap, out Value value)
    {
        bool isDeleted = PoolHeap.IsDeleted(heap);
        value = isDeleted ? default : ToValue(state, heap);
        return isDeleted ? Status.Deleted : value.IsEmpty ? Status.NoMemory : Status.Done;
    }

    /// <summary>Drops what was made for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Dispose(LiveState* state)
    {
        if (_owned.IsCounted) DropOwned(state);
        if (_text != null) References.Drop(_text);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    readonly void DropOwned(LiveState* state)
    {
        if (_isTransient) Discard(state, null, _owned);
        else LiveState.Drop(state, _owned);
    }

    // Drops a value that was made for a heap, or for none.
    static void Discard(LiveState* state, PoolHeap* heap, Value value)
    {
        if (heap != null) LiveState.Drop(state, value);
        else
        {
            while (Transient.Free(ref value) is { IsEmpty: false } held) LiveState.Drop(state, held);
        }
    }

    /// <summary>The most frequent keys: a text of ASCII characters. False for all else. Runs no Python code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryText(PyObject* o, out TextKey key)
    {
        ref Api api = ref Api.Table;
        PyAsciiObject* text = (PyAsciiObject*)o;
        key = default;
        if (o->Type != api.PyUnicode_Type || (text->State & PyAsciiObject.Ascii) == 0) return false;
        nint hash = text->Hash;
        if (hash == -1) hash = api.HashBuiltin(o);
        key = new TextKey((byte*)o + PyAsciiObject.DataOffset, (nuint)text->Length, (ulong)hash);
        return true;
    }

    /// <summary>The same of an integer that is not large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryInt(PyObject* o, out IntKey key)
    {
        key = default;
        if (o->Type != Api.Table.PyLong_Type || !((PyLongObject*)o)->IsCompact) return false;
        key = new IntKey(((PyLongObject*)o)->CompactValue);
        return true;
    }

    // Everything that needs no memory in the pool. Nothing of Python's runs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool TrySimple(PyObject* o)
    {
        if (TryText(o, out TextKey text)) Probe = text.AsProbe;
        else if (TryInt(o, out IntKey number)) Probe = number.AsProbe;
        else return TryOther(o, o->Type);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool TryOther(PyObject* o, PyObject* type)
    {
        ref Api api = ref Api.Table;
        Value word;
        if (type == api.PyFloat_Type) word = Value.Of(((PyFloatObject*)o)->Value);
        else if (o == api._Py_NoneStruct) word = Value.None;
        else if (type == api.PyBool_Type) word = Value.Of(o == api._Py_TrueStruct);
        else if (o == api._Py_EllipsisObject) word = Value.Ellipsis;
        else if (type == api.PyBytes_Type)
        {
            nint hash = api.HashBuiltin(o);
            Probe = Probe.Bytes((byte*)o + PyBytesObject.DataOffset, (nuint)((PyBytesObject*)o)->Size, (ulong)hash);
            return true;
        }
        else return false;
        Probe = Probe.Of(word);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState SlowKey(LiveState* state, PoolHeap* heap, PyObject* o, ref Incoming key)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type) return key.Encode(o) ? KeyState.Ready : KeyState.Failed;
        if (type == api.PyLong_Type || type == api.PyComplex_Type) return key.Own(state, heap, Number(state, heap, o));
        if (type == api.PyTuple_Type) return OwnTuple(state, heap, o, 1, ref key);
        if (type == api.PyFrozenSet_Type)
        {
            KeyState made = OwnSet(state, heap, o, 1, ref key);
            // A frozen one of other members is itself, at least.
            if (made != KeyState.Foreign || !AddressRange.Contains(o)) return made;
        }
        // Whatever the plain type does not hash cannot be a key here either.
        if (Nesting.Hash(o) == -1) return KeyState.Failed;
        if (Handle.Is(state, o))
        {
            if (!TryShare(state, heap, (Handle*)o, out Value shared)) return KeyState.Failed;
            return key.Own(state, heap, shared);
        }
        if (!AddressRange.Contains(o)) return KeyState.Foreign;
        if (!TryFrozen(state, heap, o, out Value frozen)) return KeyState.Failed;
        key.Probe = Probe.Of(frozen);
        return KeyState.Ready;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SlowItem(LiveState* state, PoolHeap* heap, PyObject* o, scoped in Place place, ref Incoming item)
    {
        if (!TryValue(state, heap, o, out Value value))
        {
            if (Api.Table.PyErr_Occurred() != null) return false;
            if (!Carrier.Carry(state, heap, o, place, out value)) return false;
        }
        return item.Own(state, heap, value) == KeyState.Ready;
    }

    /// <summary>
    /// A value of any object but a plain container and what only <see cref="Carrier"/> knows, with a reference that is the
    /// caller's. False with an exception set, or without one if it is none of these.
    /// </summary>
    internal static bool TryValue(LiveState* state, PoolHeap* heap, PyObject* o, out Value value)
    {
        value = default;
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyLong_Type)
        {
            value = ((PyLongObject*)o)->IsCompact ? Value.OfInt(((PyLongObject*)o)->CompactValue) : Number(state, heap, o);
            return !value.IsEmpty;
        }
        if (AddressRange.Contains(o)) return TryFrozen(state, heap, o, out value);
        Incoming simple = default;
        if (simple.TrySimple(o) || type == api.PyUnicode_Type && simple.Encode(o))
        {
            value = Store(state, heap, simple);
            simple.Dispose(state);
            return !value.IsEmpty;
        }
        if (type == api.PyUnicode_Type) return false;
        if (type == api.PyComplex_Type)
        {
            value = Number(state, heap, o);
            return !value.IsEmpty;
        }
        if (type == api.PyTuple_Type) return TryTuple(state, heap, o, isKey: false, 1, out value) == KeyState.Ready;
        return Handle.Is(state, o) && TryShare(state, heap, (Handle*)o, out value);
    }

    // Puts what needs memory of its own into the pool; empty with an exception set.
    static Value Store(LiveState* state, PoolHeap* heap, in Incoming simple)
    {
        if (heap == null) return simple.ToValue(state, null);
        Section section = Section.Enter(state->Me);
        bool isDeleted = PoolHeap.IsDeleted(heap);
        Value value = isDeleted ? default : simple.ToValue(state, heap);
        section.Exit(state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
        else if (value.IsEmpty) LiveErrors.RaiseNoMemory(state, heap);
        return value;
    }

    // Takes over the reference of a value; fails, with the exception that is set already, if it is empty.
    KeyState Own(LiveState* state, PoolHeap* heap, Value value)
    {
        if (value.IsEmpty) return KeyState.Failed;
        _owned = value;
        Probe = Probe.Of(value);
        return KeyState.Ready;
    }

    // A text that is not ASCII. CPython keeps the UTF-8 form with the text, unless that has lone surrogates.
    bool Encode(PyObject* o)
    {
        ref Api api = ref Api.Table;
        nint hash = api.HashBuiltin(o);
        nint length;
        byte* utf8 = api.PyUnicode_AsUTF8AndSize(o, &length);
        if (utf8 == null)
        {
            if (api.PyErr_ExceptionMatches(*api.PyExc_ValueError) == 0) return false;
            api.PyErr_Clear();
            _text = api.PyUnicode_AsEncodedString(o, Text.Utf8("utf-8"u8), Text.Utf8("surrogatepass"u8));
            if (_text == null) return false;
            utf8 = (byte*)_text + PyBytesObject.DataOffset;
            length = ((PyBytesObject*)_text)->Size;
        }
        Probe = Probe.Text(utf8, (nuint)length, (ulong)hash);
        return true;
    }

    // An int that may be large, or a complex number; empty with an exception set.
    static Value Number(LiveState* state, PoolHeap* heap, PyObject* o)
    {
        if (o->Type != Api.Table.PyLong_Type && Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyComplex_Type) != 0)
        {
            PyComplexObject* complex = (PyComplexObject*)o;
            double* parts = stackalloc double[2] { complex->Real, complex->Imaginary };
            return Blobbed(
                state, heap, ValueKind.Complex, (byte*)parts, 2 * sizeof(double),
                Hashing.OfComplex(complex->Real, complex->Imaginary));
        }
        PyLongObject* number = (PyLongObject*)o;
        int overflow;
        long small = Api.Table.PyLong_AsLongLongAndOverflow(o, &overflow);
        if (overflow == 0 && Value.Fits(small)) return Value.OfInt(small);
        nuint room = (number->DigitCount * 30 + 7) / 8 + 1;
        byte* bytes = (byte*)NativeMemory.Alloc(room);
        nuint length = TwosComplement.Write(number, bytes, room);
        ulong hash = Hashing.OfBigInt(new ReadOnlySpan<byte>(bytes, checked((int)length)));
        Value value = Blobbed(state, heap, ValueKind.BigInt, bytes, length, hash);
        NativeMemory.Free(bytes);
        return value;
    }

    static Value Blobbed(LiveState* state, PoolHeap* heap, ValueKind kind, byte* data, nuint length, ulong hash)
    {
        if (heap == null) return Blob.Create(state->Me, null, kind, data, length, hash);
        Section section = Section.Enter(state->Me);
        bool isDeleted = PoolHeap.IsDeleted(heap);
        Value value = isDeleted ? default : Blob.Create(state->Me, heap, kind, data, length, hash);
        section.Exit(state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
        else if (value.IsEmpty) LiveErrors.RaiseNoMemory(state, heap);
        return value;
    }

    // A live object, with a reference.
    static bool TryShare(LiveState* state, PoolHeap* heap, Handle* handle, out Value value)
    {
        value = default;
        if (handle->Shared == null) return LiveErrors.RaiseDeleted(handle) != null;
        Section section = Section.Enter(state->Me);
        PoolHeap* own = Heap.Of(handle->Shared);
        bool isDeleted = PoolHeap.IsDeleted(own) || SharedObject.IsDeleted((SharedObject*)handle->Shared);
        if (!isDeleted)
        {
            value = Value.Of(handle->Shared);
            Reference.Take(value);
        }
        section.Exit(state->Me);
        if (isDeleted) return LiveErrors.RaiseDeleted(handle) != null;
        if (own == heap || heap == null || CrossPool.HoldLive(state, heap, own)) return true;
        LiveState.Drop(state, value);
        value = default;
        return false;
    }

    // A frozen object, by its address.
    static bool TryFrozen(LiveState* state, PoolHeap* heap, PyObject* o, out Value value)
    {
        value = Value.Foreign(o);
        return heap == null || CrossPool.HoldFrozen(state, heap, o);
    }
}
