using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Whether a Python object can be a key.</summary>
internal enum KeyState
{
    /// <summary>The object is a key.</summary>
    Ready,

    /// <summary>The object is hashable, but no key in a pool can equal it: a lookup finds nothing.</summary>
    Foreign,

    /// <summary>
    /// For lookups only: the object is hashable, and only Python can tell which keys equal it. See <see cref="KeySearch"/>.
    /// </summary>
    Unsure,

    /// <summary>An exception is set.</summary>
    Failed,
}

/// <summary>
/// A Python object as a key or value for a pool. Numbers, text and bytes are read from the object itself; for any other object it
/// is what was made in the pool, with a reference. Created and disposed of outside sections, with the GIL held. The original must
/// stay alive meanwhile.
/// </summary>
internal unsafe ref struct Incoming
{
    /// <summary>The key to look up, or the value to store.</summary>
    internal Probe Probe;

    /// <summary>For lookups: whether the object is a number of some class that equals no int and no float.</summary>
    internal bool IsNumber;

    PyObject* _text;       // an encoded copy of a text with lone surrogates
    Value _owned;          // a reference to the value that was made; without a heap it is transient
    bool _isTransient;

    /// <summary>
    /// Converts an object to a key for a structure in <paramref name="heap"/>. May run Python code: the <c>__hash__</c> of a live
    /// object's class.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static KeyState Key(LiveState* state, PoolHeap* heap, PyObject* o, out Incoming key)
    {
        key = default;
        return key.TrySimple(o) ? KeyState.Ready : SlowKey(state, heap, o, ref key);
    }

    /// <summary>
    /// Converts an object to a key for lookups only. If the object equals a key of a pool, in the way that a dict compares, the
    /// result is that key. May run Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static KeyState Lookup(LiveState* state, PyObject* o, out Incoming key)
    {
        key = default;
        return key.TrySimple(o) ? KeyState.Ready : SlowLookup(state, o, 1, ref key);
    }

    /// <summary>Does the same for a member of a tuple at a depth.</summary>
    internal static KeyState Lookup(LiveState* state, PyObject* o, int depth, out Incoming key)
    {
        key = default;
        return key.TrySimple(o) ? KeyState.Ready : SlowLookup(state, o, depth, ref key);
    }

    /// <summary>Converts a key that was found to a key for lookups; steals the reference.</summary>
    internal static KeyState Found(LiveState* state, PyObject* o, out Incoming key)
    {
        KeyState known = Lookup(state, o, out key);
        // The key may point to the object's bytes, so the object is kept with it.
        if (known == KeyState.Ready && key._text == null) key._text = o;
        else References.Drop(o);
        return known;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState SlowLookup(LiveState* state, PyObject* o, int depth, ref Incoming key)
    {
        key._isTransient = true;
        return LookupKeys.Convert(state, o, depth, ref key);
    }

    /// <summary>
    /// Converts an object to a value for a structure in <paramref name="heap"/>. Plain containers are copied into the pool with
    /// everything that they contain. Returns false with an exception set that names the place. May run Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Item(LiveState* state, PoolHeap* heap, PyObject* o, scoped in Place place, out Incoming item)
    {
        item = default;
        // A frozen text is stored by its address, without a copy.
        return (!AddressRange.Contains(o) && item.TrySimple(o)) || SlowItem(state, heap, o, place, ref item);
    }

    /// <summary>
    /// Converts an operand that is added to a number in a pool: an int, an object with <c>__index__</c>, or a float. Returns
    /// false with an exception set.
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
        // The digits of a large int are copied.
        bool isNumber = Lookup(state, index, out number) == KeyState.Ready;
        References.Drop(index);
        return isNumber;
    }

    /// <summary>
    /// Makes a probe of a number, None, text or bytes, without memory in a pool. Returns false for any other object, perhaps with
    /// an exception set. Runs no Python code.
    /// </summary>
    internal static bool TryProbe(LiveState* state, PyObject* o, out Incoming simple)
    {
        simple = default;
        return simple.TrySimple(o) || o->Type == Api.Table.PyUnicode_Type && simple.Encode(o)
            || o->Type == Api.Table.PyLong_Type && SlowLookup(state, o, 1, ref simple) == KeyState.Ready;
    }

    /// <summary>
    /// Stores the value in the pool. The reference is the caller's; the value is empty if there is no memory. Called inside a
    /// section in which the pool was not deleted.
    /// </summary>
    internal readonly Value ToValue(LiveState* state, PoolHeap* heap) => Probe.ToValue(state->Me, heap);

    /// <summary>Stores the value in the pool, inside any section. There is no value if the status is not Done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Status ToValue(LiveState* state, PoolHeap* heap, out Value value)
    {
        bool isDeleted = PoolHeap.IsDeleted(heap);
        value = isDeleted ? default : ToValue(state, heap);
        return isDeleted ? Status.Deleted : value.IsEmpty ? Status.NoMemory : Status.Done;
    }

    /// <summary>Drops what was made for the object.</summary>
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

    /// <summary>Drops a value that was made for a heap, or for none.</summary>
    internal static void Discard(LiveState* state, PoolHeap* heap, Value value)
    {
        if (heap != null) LiveState.Drop(state, value);
        else
        {
            while (Transient.Free(ref value) is { IsEmpty: false } held) LiveState.Drop(state, held);
        }
    }

    /// <summary>
    /// The key of the most frequent kind: a text of ASCII characters. False for any other object. Runs no Python code.
    /// </summary>
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

    /// <summary>The key of an int that is not large. False for any other object. Runs no Python code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryInt(PyObject* o, out IntKey key)
    {
        key = default;
        if (o->Type != Api.Table.PyLong_Type || !((PyLongObject*)o)->IsCompact) return false;
        key = new IntKey(((PyLongObject*)o)->CompactValue);
        return true;
    }

    // Reads an object that needs no memory in the pool. Runs no Python code.
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
        if (type == api.PyLong_Type || type == api.PyComplex_Type) return key.Own(Number(state, heap, o));
        if (type == api.PyTuple_Type) return TupleValues.OwnTuple(state, heap, o, 1, ref key);
        if (type == api.PyFrozenSet_Type)
        {
            KeyState made = TupleValues.OwnSet(state, heap, o, 1, ref key);
            // A frozen object with members of other kinds at least equals itself.
            if (made != KeyState.Foreign || !AddressRange.Contains(o)) return made;
        }
        // An object that the plain type cannot hash cannot be a key here either.
        if (Nesting.Hash(o) == -1) return KeyState.Failed;
        if (Handle.Is(state, o))
        {
            if (!TryShare(state, heap, (Handle*)o, out Value shared)) return KeyState.Failed;
            return key.Own(shared);
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
        return item.Own(value) == KeyState.Ready;
    }

    /// <summary>
    /// Converts any object except a plain container and what only <see cref="Carrier"/> handles. The reference is the caller's.
    /// Returns false with an exception set, or without one for an object that is excepted.
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
        if (type == api.PyTuple_Type) return TupleValues.TryTuple(state, heap, o, isKey: false, 1, out value) == KeyState.Ready;
        return Handle.Is(state, o) && TryShare(state, heap, (Handle*)o, out value);
    }

    /// <summary>
    /// The value with a reference, which becomes the caller's; stored in the pool if that was not done. Returns an empty value
    /// with an exception set.
    /// </summary>
    internal Value TakeValue(LiveState* state, PoolHeap* heap)
    {
        if (_owned.IsEmpty) return Store(state, heap, this);
        Value value = _owned;
        _owned = default;
        return value;
    }

    // Stores a value that needs memory of its own in the pool. Returns an empty value with an exception set.
    static Value Store(LiveState* state, PoolHeap* heap, in Incoming simple)
    {
        if (heap == null) return simple.ToValue(state, null);
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        Value value = isDeleted ? default : simple.ToValue(state, heap);
        section.Exit(state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
        else if (value.IsEmpty) LiveErrors.RaiseNoMemory(state, heap);
        return value;
    }

    /// <summary>
    /// Becomes the key of a value and steals its reference. Fails if the value is empty; the exception is then set already.
    /// </summary>
    internal KeyState Own(Value value)
    {
        if (value.IsEmpty) return KeyState.Failed;
        _owned = value;
        Probe = Probe.Of(value);
        return KeyState.Ready;
    }

    /// <summary>
    /// Becomes the key of a text that is not ASCII. CPython keeps the UTF-8 form with the text, unless that has lone surrogates.
    /// </summary>
    internal bool Encode(PyObject* o)
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

    /// <summary>An int that may be large, or a complex number. Returns an empty value with an exception set.</summary>
    internal static Value Number(LiveState* state, PoolHeap* heap, PyObject* o)
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
        nuint room = (number->DigitCount * PyLongObject.DigitBits + 7) / 8 + 1;
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
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        Value value = isDeleted ? default : Blob.Create(state->Me, heap, kind, data, length, hash);
        section.Exit(state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
        else if (value.IsEmpty) LiveErrors.RaiseNoMemory(state, heap);
        return value;
    }

    /// <summary>Takes a reference to a live object. Returns false with an exception set.</summary>
    internal static bool TryShare(LiveState* state, PoolHeap* heap, Handle* handle, out Value value)
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

    // Stores a frozen object by its address.
    static bool TryFrozen(LiveState* state, PoolHeap* heap, PyObject* o, out Value value)
    {
        value = Value.Foreign(o);
        return heap == null || CrossPool.HoldFrozen(state, heap, o);
    }
}
