using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Freezes values without parts: numbers, strings, bytes, ranges, dates.</summary>
internal static unsafe class FrozenLeaves
{
    /// <summary>
    /// Returns the copy of a str, int, float, bool or None, or null for any other object. Also returns null, with an exception
    /// set, when memory ran out (see <see cref="Freezer.IsExhausted"/>). Runs no Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* VisitSimple(ref Freezer freezer, PyObject* o)
    {
        if (AddressRange.Contains(o)) return null;
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type) return VisitString(ref freezer, o);
        if (type == api.PyLong_Type) return VisitInt(ref freezer, o);
        if (type == api.PyFloat_Type) return VisitFloat(ref freezer, o);
        return o == api._Py_NoneStruct || type == api.PyBool_Type ? o : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* VisitString(ref Freezer freezer, PyObject* o)
    {
        bool remember = freezer.Remembers(o);
        if (remember && freezer.Walk.Memo.Find(o) is var known && known != null) return known;
        PyObject* copy = CopyString(ref freezer, (PyAsciiObject*)o);
        if (copy != null) freezer.Note(o, copy, remember);
        return copy;
    }

    static PyObject* CopyString(ref Freezer freezer, PyAsciiObject* original)
    {
        nint length = original->Length;
        nint hash = original->Hash;
        // The hash secret belongs to the process, so the hash is the same in every interpreter.
        if (hash == -1) hash = Api.Table.HashBuiltin((PyObject*)original);
        if ((original->State & PyAsciiObject.Ascii) == 0) return CopyWideString(ref freezer, original, hash);

        byte* data = (byte*)original + PyAsciiObject.DataOffset;
        if (length <= 1) return length == 0 ? StaticObjects.EmptyString : StaticObjects.Character(*data);
        PyObject* known = StaticObjects.FindString(data, length, hash);
        if (known != null) return known;
        PyAsciiObject* copy = (PyAsciiObject*)freezer.Allocate((nuint)(PyAsciiObject.DataOffset + length + 1));
        if (copy == null) return null;
        copy->Length = length;
        copy->Hash = hash;
        copy->State = PyAsciiObject.InternedStatic | PyAsciiObject.OneByte | PyAsciiObject.Compact | PyAsciiObject.Ascii;
        Buffer.MemoryCopy(data, (byte*)copy + PyAsciiObject.DataOffset, length, length);
        return freezer.Finish((PyObject*)copy, Api.Table.PyUnicode_Type);
    }

    // The copy includes the UTF-8 form. Otherwise CPython would add it at the first use, in memory of the interpreter that uses
    // it.
    static PyObject* CopyWideString(ref Freezer freezer, PyAsciiObject* original, nint hash)
    {
        int kind = original->Kind;
        nint length = original->Length;
        byte* data = (byte*)original + PyCompactUnicodeObject.DataOffset;
        if (kind == 1 && length == 1) return StaticObjects.Character(*data);
        nint utf8Length = Utf8.Length(data, kind, length);
        nint bytes = (length + 1) * kind;
        PyCompactUnicodeObject* copy = (PyCompactUnicodeObject*)freezer.Allocate(
            (nuint)(PyCompactUnicodeObject.DataOffset + bytes + (utf8Length < 0 ? 0 : utf8Length + 1)));
        if (copy == null) return null;
        copy->Base.Length = length;
        copy->Base.Hash = hash;
        copy->Base.State = PyAsciiObject.InternedStatic | PyAsciiObject.OfKind(kind) | PyAsciiObject.Compact;
        byte* copyData = (byte*)copy + PyCompactUnicodeObject.DataOffset;
        Buffer.MemoryCopy(data, copyData, bytes, bytes);
        // A string with lone surrogates has no UTF-8 form. Each request for it fails and stores nothing.
        if (utf8Length >= 0)
        {
            copy->Utf8 = copyData + bytes;
            copy->Utf8Length = utf8Length;
            Utf8.Write(data, kind, length, copy->Utf8);
        }
        return freezer.Finish((PyObject*)copy, Api.Table.PyUnicode_Type);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* VisitInt(ref Freezer freezer, PyObject* o)
    {
        PyLongObject* original = (PyLongObject*)o;
        if (original->IsCompact && StaticObjects.SmallInt(original->CompactValue) is var small && small != null) return small;
        bool remember = freezer.Remembers(o);
        if (remember && freezer.Walk.Memo.Find(o) is var known && known != null) return known;
        PyObject* copy = CopyInt(ref freezer, original);
        if (copy != null) freezer.Note(o, copy, remember);
        return copy;
    }

    static PyObject* CopyInt(ref Freezer freezer, PyLongObject* original)
    {
        nuint digits = Math.Max(original->DigitCount, 1);
        PyLongObject* copy = (PyLongObject*)freezer.Allocate(PyLongObject.DigitsOffset + digits * sizeof(uint));
        if (copy == null) return null;
        copy->Tag = original->Tag & ~PyLongObject.SmallIntBit;
        copy->Digit = original->Digit;
        if (digits > 1) Buffer.MemoryCopy(&original->Digit, &copy->Digit, digits * sizeof(uint), digits * sizeof(uint));
        return freezer.Finish((PyObject*)copy, Api.Table.PyLong_Type);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* VisitFloat(ref Freezer freezer, PyObject* o)
    {
        bool remember = freezer.Remembers(o);
        if (remember && freezer.Walk.Memo.Find(o) is var known && known != null) return known;
        PyFloatObject* copy = (PyFloatObject*)freezer.Allocate((nuint)sizeof(PyFloatObject));
        if (copy == null) return null;
        copy->Value = ((PyFloatObject*)o)->Value;
        freezer.Finish((PyObject*)copy, Api.Table.PyFloat_Type);
        freezer.Note(o, (PyObject*)copy, remember);
        return (PyObject*)copy;
    }

    internal static PyObject* CopyComplex(ref Freezer freezer, PyObject* o)
    {
        PyComplexObject* copy = (PyComplexObject*)freezer.Allocate((nuint)sizeof(PyComplexObject));
        if (copy == null) return null;
        copy->Real = ((PyComplexObject*)o)->Real;
        copy->Imaginary = ((PyComplexObject*)o)->Imaginary;
        return freezer.Finish((PyObject*)copy, Api.Table.PyComplex_Type);
    }

    internal static PyObject* CopyBytes(ref Freezer freezer, PyObject* o)
    {
        nint size = ((PyBytesObject*)o)->Size;
        byte* data = (byte*)o + PyBytesObject.DataOffset;
        // The copy of a bytearray must be distinguishable from that of bytes when it is thawed.
        bool wasMutable = Freezer.ObjectMarkOf(o) == ObjectMark.MutableOrigin;
        if (!wasMutable && size <= 1) return size == 0 ? StaticObjects.EmptyBytes : StaticObjects.SingleByte(*data);
        return NewBytes(ref freezer, data, size, wasMutable ? ObjectMark.MutableOrigin : ObjectMark.Object);
    }

    internal static PyObject* CopyByteArray(ref Freezer freezer, PyObject* o) =>
        NewBytes(ref freezer, Api.Table.PyByteArray_AsString(o), ((PyVarObject*)o)->Size, ObjectMark.MutableOrigin);

    static PyObject* NewBytes(ref Freezer freezer, byte* data, nint size, ObjectMark mark)
    {
        PyBytesObject* copy = (PyBytesObject*)freezer.Allocate((nuint)(PyBytesObject.DataOffset + size + 1));
        if (copy == null) return null;
        copy->Size = size;
        copy->Hash = -1;
        Buffer.MemoryCopy(data, (byte*)copy + PyBytesObject.DataOffset, size, size);
        freezer.Finish((PyObject*)copy, Api.Table.PyBytes_Type, mark);
        Api.Table.HashBuiltin((PyObject*)copy);
        return (PyObject*)copy;
    }

    internal static PyObject* CopyRange(ref Freezer freezer, PyObject* o)
    {
        PyRangeObject* original = (PyRangeObject*)o;
        PyRangeObject* copy = (PyRangeObject*)freezer.Allocate((nuint)sizeof(PyRangeObject));
        if (copy == null) return null;
        bool done = (copy->Start = VisitInt(ref freezer, original->Start)) != null
            && (copy->Stop = VisitInt(ref freezer, original->Stop)) != null
            && (copy->Step = VisitInt(ref freezer, original->Step)) != null
            && (copy->Length = VisitInt(ref freezer, original->Length)) != null;
        return done ? freezer.Finish((PyObject*)copy, Api.Table.PyRange_Type) : null;
    }

    internal static PyObject* CopyDateTime(ref Freezer freezer, PyObject* o, DateTimeKind kind)
    {
        int size = kind switch
        {
            DateTimeKind.Date => PyDateTimeLayout.DateSize,
            DateTimeKind.Delta => PyDateTimeLayout.DeltaSize,
            DateTimeKind.Time => PyDateTimeLayout.TimeSize,
            _ => PyDateTimeLayout.DateTimeSize,
        };
        if (kind == DateTimeKind.TimeZone)
        {
            if (o == freezer.Interpreter.DateTimes.Utc) return NoteDateTime(ref freezer, o);
            return freezer.Convert(o);
        }
        bool zoned = kind is DateTimeKind.Time or DateTimeKind.DateTime && ((byte*)o)[PyDateTimeLayout.HasTimeZone] != 0;
        if (zoned)
        {
            // Only UTC is a static object. Other time zones belong to one interpreter.
            PyObject* zone = *(PyObject**)((byte*)o + size);
            if (zone != freezer.Interpreter.DateTimes.Utc)
                return freezer.Default != null
                    ? freezer.Convert(o)
                    : FreezeErrors.RaiseNotShareable(
                        ref freezer,
                        $"{Text.TypeName(o)} with tzinfo {Text.Repr(zone)} cannot be frozen, only timezone.utc or none");
        }
        byte* copy = freezer.Allocate((nuint)(size + (zoned ? sizeof(PyObject*) : 0)));
        if (copy == null) return null;
        Buffer.MemoryCopy(o, copy, size, size);
        if (zoned) *(PyObject**)(copy + size) = freezer.Interpreter.DateTimes.Utc;
        *(nint*)(copy + PyDateTimeLayout.Hash) = -1;
        freezer.Finish((PyObject*)copy, o->Type);
        Api.Table.HashBuiltin((PyObject*)copy);
        return NoteDateTime(ref freezer, (PyObject*)copy);
    }

    static PyObject* NoteDateTime(ref Freezer freezer, PyObject* copy)
    {
        freezer.Writer.Pool.HasDateTimes = true;
        return copy;
    }
}
