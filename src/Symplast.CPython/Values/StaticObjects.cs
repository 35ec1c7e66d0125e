using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// The immortal objects that live in libpython itself and are therefore the same in every interpreter: small ints, empty and
/// one-character strings and bytes, the empty tuple, and every string that CPython's own code uses as an identifier.
/// </summary>
/// <remarks>
/// Using them instead of copies saves memory, and for identifiers it is a matter of correctness: <c>setattr(cls, '__len__',
/// f)</c> recognises special names by identity. Filled once; read-only afterwards and safe from every thread.
/// </remarks>
public static unsafe class StaticObjects
{
    const int StringSlots = 8192;
    const int SmallestInt = -5;
    const int MostSmallInts = 5 + 1025;

    struct State
    {
        internal PyObject** Characters;
        internal PyObject** SingleBytes;
        internal PyObject** Ints;
        internal PyObject** Strings;
        internal long LargestInt;
        internal nint LongestString;
        internal PyObject* EmptyString;
        internal PyObject* EmptyBytes;
        internal PyObject* EmptyTuple;
        internal PyDictKeys* EmptyKeys;
        internal nuint RuntimeStart;
        internal nuint RuntimeSize;
    }

    static State _state;

    /// <summary>The empty str.</summary>
    public static PyObject* EmptyString => _state.EmptyString;

    /// <summary>The empty bytes.</summary>
    public static PyObject* EmptyBytes => _state.EmptyBytes;

    /// <summary>The empty tuple.</summary>
    public static PyObject* EmptyTuple => _state.EmptyTuple;

    /// <summary>The table that all empty dicts share.</summary>
    public static PyDictKeys* EmptyKeys => _state.EmptyKeys;

    /// <summary>The str of one character below 256.</summary>
    public static PyObject* Character(byte character) => _state.Characters[character];

    /// <summary>The bytes object of one byte.</summary>
    public static PyObject* SingleByte(byte value) => _state.SingleBytes[value];

    /// <summary>The small int of this value, or null if the interpreter keeps none (−5 to 256; to 1024 since 3.15).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PyObject* SmallInt(long value) =>
        (ulong)(value - SmallestInt) <= (ulong)(_state.LargestInt - SmallestInt) ? _state.Ints[value - SmallestInt] : null;

    /// <summary>Whether <paramref name="o"/> is one of the process-wide constants that a frozen graph may refer to.</summary>
    public static bool Includes(PyObject* o)
    {
        ref Api api = ref Api.Table;
        return (nuint)o - _state.RuntimeStart < _state.RuntimeSize || o == api._Py_NoneStruct || o == api._Py_TrueStruct
            || o == api._Py_FalseStruct
            || o == api._Py_EllipsisObject || o == api._Py_NotImplementedStruct;
    }

    /// <summary>
    /// Collects the objects. Returns false with an exception set if memory runs out. Called once, with the main interpreter's GIL
    /// held.
    /// </summary>
    public static bool Fill()
    {
        if (_state.Strings != null) return true;
        ref Api api = ref Api.Table;
        _state.Characters = (PyObject**)NativeMemory.AllocZeroed(256, (nuint)sizeof(PyObject*));
        _state.SingleBytes = (PyObject**)NativeMemory.AllocZeroed(256, (nuint)sizeof(PyObject*));
        _state.Ints = (PyObject**)NativeMemory.AllocZeroed(MostSmallInts, (nuint)sizeof(PyObject*));
        for (int i = 0; i < 256; i++)
        {
            byte value = (byte)i;
            if ((_state.Characters[i] = api.PyUnicode_FromOrdinal(i)) == null) return false;
            if ((_state.SingleBytes[i] = api.PyBytes_FromStringAndSize(&value, 1)) == null) return false;
            api.HashBuiltin(_state.Characters[i]);
        }
        for (int i = 0; i < MostSmallInts; i++)
        {
            PyObject* value = api.PyLong_FromLongLong(i + SmallestInt);
            if (value == null) return false;
            bool isStatic = *(int*)value < 0;
            References.Drop(value);
            if (!isStatic) break;
            _state.Ints[i] = value;
            _state.LargestInt = i + SmallestInt;
        }
        PyObject* empty = api.PyDict_New();
        if (empty == null) return false;
        _state.EmptyKeys = ((PyDictObject*)empty)->Keys;
        References.Drop(empty);
        _state.EmptyString = api.PyUnicode_New(0, 0);
        _state.EmptyBytes = api.PyBytes_FromStringAndSize(null, 0);
        _state.EmptyTuple = api.PyTuple_New(0);
        PyObject** strings = (PyObject**)NativeMemory.AllocZeroed(StringSlots, (nuint)sizeof(PyObject*));
        CollectStrings(strings);
        _state.Strings = strings;
        return true;
    }

    /// <summary>The static string equal to an ASCII string with these bytes and this hash, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PyObject* FindString(byte* data, nint length, nint hash)
    {
        if (length > _state.LongestString) return null;
        for (nuint slot = (nuint)hash % StringSlots; _state.Strings[slot] != null; slot = (slot + 1) % StringSlots)
        {
            PyAsciiObject* candidate = (PyAsciiObject*)_state.Strings[slot];
            if (candidate->Hash == hash && candidate->Length == length
                && new ReadOnlySpan<byte>((byte*)candidate + PyAsciiObject.DataOffset, (int)length).SequenceEqual(
                    new(data, (int)length)))
                return (PyObject*)candidate;
        }
        return null;
    }

    // The identifiers are fields of the _PyRuntime struct. Their offsets differ between patch releases. But each identifier is a
    // complete str object, so a scan of the struct for such objects finds all of them without their offsets.
    static void CollectStrings(PyObject** table)
    {
        _state.RuntimeStart = (nuint)Api.Table._PyRuntime;
        _state.RuntimeSize = (nuint)RuntimeSize();
        byte* end = (byte*)_state.RuntimeStart + _state.RuntimeSize;
        int found = 0;
        for (byte* at = (byte*)Api.Table._PyRuntime; at + PyAsciiObject.DataOffset + 2 <= end; at += 8)
        {
            if (!IsString(at, end)) continue;
            PyAsciiObject* text = (PyAsciiObject*)at;
            nint hash = Api.Table.HashBuiltin((PyObject*)text);
            nuint slot = (nuint)hash % StringSlots;
            while (table[slot] != null) slot = (slot + 1) % StringSlots;
            table[slot] = (PyObject*)text;
            _state.LongestString = Math.Max(_state.LongestString, text->Length);
            if (++found == StringSlots / 2) return;
        }
    }

    static bool IsString(byte* at, byte* end)
    {
        PyAsciiObject* text = (PyAsciiObject*)at;
        if (text->Head.Type != Api.Table.PyUnicode_Type || *(int*)at >= 0) return false;
        if ((text->State & (PyAsciiObject.Compact | PyAsciiObject.Ascii)) != (PyAsciiObject.Compact | PyAsciiObject.Ascii))
            return false;
        if (text->Kind != 1 || text->Length < 2 || text->Length >= end - at - PyAsciiObject.DataOffset) return false;
        byte* data = at + PyAsciiObject.DataOffset;
        return data[text->Length] == 0 && new ReadOnlySpan<byte>(data, (int)text->Length).IndexOf((byte)0) < 0;
    }

    // The size of the struct is in libpython's symbol table.
    static nint RuntimeSize()
    {
        const int WantSymbol = 1;
        const int SymbolSizeOffset = 16;
        var find = (delegate* unmanaged[Cdecl]<void*, void*, void**, int, int>)ApiLoader.Find("dladdr1");
        if (find == null) return 0;
        nint* info = stackalloc nint[4];
        void* symbol = null;
        if (find(Api.Table._PyRuntime, info, &symbol, WantSymbol) == 0 || symbol == null) return 0;
        return *(nint*)((byte*)symbol + SymbolSizeOffset);
    }
}
