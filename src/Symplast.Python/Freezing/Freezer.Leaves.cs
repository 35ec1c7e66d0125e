using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

// Values without parts: numbers, text, bytes, ranges, dates.
internal unsafe ref partial struct Freezer
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    PyObject* VisitString(PyObject* o)
    {
        bool remember = Remembers(o);
        if (remember && _walk.Memo.Find(o) is var known && known != null) return known;
        PyObject* copy = CopyString((PyAsciiObject*)o);
        if (copy != null) Note(o, copy, remember);
        return copy;
    }

    PyObject* CopyString(PyAsciiObject* original)
    {
        nint length = original->Length;
        nint hash = original->Hash;
        // The hash secret belongs to the process, so a hash is right in every interpreter.
        if (hash == -1) hash = Api.Table.HashBuiltin((PyObject*)original);
        if ((original->State & PyAsciiObject.Ascii) == 0) return CopyWideString(original, hash);

        byte* data = (byte*)original + PyAsciiObject.DataOffset;
        if (length <= 1) return length == 0 ? StaticObjects.EmptyString : StaticObjects.Character(*data);
        PyObject* known = StaticObjects.FindString(data, length, hash);
        if (known != null) return known;
        PyAsciiObject* copy = (PyAsciiObject*)Allocate((nuint)(PyAsciiObject.DataOffset + length + 1));
        if (copy == null) return null;
        copy->Length = length;
        copy->Hash = hash;
        copy->State = PyAsciiObject.InternedStatic | (1 << 2) | PyAsciiObject.Compact | PyAsciiObject.Ascii;
        Buffer.MemoryCopy(data, (byte*)copy + PyAsciiObject.DataOffset, length, length);
        return Finish((PyObject*)copy, Api.Table.PyUnicode_Type);
    }

    // With its UTF-8 form, which CPython would otherwise add at first use, in memory of the interpreter that happens to be first.
    PyObject* CopyWideString(PyAsciiObject* original, nint hash)
    {
        int kind = original->Kind;
        nint length = original->Length;
        byte* data = (byte*)original + PyCompactUnicodeObject.DataOffset;
        if (kind == 1 && length == 1) return StaticObjects.Character(*data);
        nint utf8Length = Utf8.Length(data, kind, length);
        nint bytes = (length + 1) * kind;
        PyCompactUnicodeObject* copy = (PyCompactUnicodeObject*)Allocate(
            (nuint)(PyCompactUnicodeObject.DataOffset + bytes + (utf8Length < 0 ? 0 : utf8Length + 1)));
        if (copy == null) return null;
        copy->Base.Length = length;
        copy->Base.Hash = hash;
        copy->Base.State = PyAsciiObject.InternedStatic | ((uint)kind << 2) | PyAsciiObject.Compact;
        byte* copyData = (byte*)copy + PyCompactUnicodeObject.DataOffset;
        Buffer.MemoryCopy(data, copyData, bytes, bytes);
        // Lone surrogates have no UTF-8 form; asking for it fails each time and stores nothing.
        if (utf8Length >= 0)
        {
            copy->Utf8 = copyData + bytes;
            copy->Utf8Length = utf8Length;
            Utf8.Write(data, kind, length, copy->Utf8);
        }
        return Finish((PyObject*)copy, Api.Table.PyUnicode_Type);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    PyObject* VisitInt(PyObject* o)
    {
        PyLongObject* original = (PyLongObject*)o;
        if (original->IsCompact && StaticObjects.SmallInt(original->CompactValue) is var small && small != null) return small;
        bool remember = Remembers(o);
        if (remember && _walk.Memo.Find(o) is var known && known != null) return known;
        PyObject* copy = CopyInt(original);
        if (copy != null) Note(o, copy, remember);
        return copy;
    }

    PyObject* CopyInt(PyLongObject* original)
    {
        nuint digits = Math.Max(original->DigitCount, 1);
        PyLongObject* copy = (PyLongObject*)Allocate(PyLongObject.DigitsOffset + digits * sizeof(uint));
        if (copy == null) return null;
        copy->Tag = original->Tag & ~PyLongObject.SmallIntBit;
        copy->Digit = original->Digit;
        if (digits > 1) Buffer.MemoryCopy(&original->Digit, &copy->Digit, digits * sizeof(uint), digits * sizeof(uint));
        return Finish((PyObject*)copy, Api.Table.PyLong_Type);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    PyObject* VisitFloat(PyObject* o)
    {
        bool remember = Remembers(o);
        if (remember && _walk.Memo.Find(o) is var known && known != null) return known;
        PyFloatObject* copy = (PyFloatObject*)Allocate((nuint)sizeof(PyFloatObject));
        if (copy == null) return null;
        copy->Value = ((PyFloatObject*)o)->Value;
        Finish((PyObject*)copy, Api.Table.PyFloat_Type);
        Note(o, (PyObject*)copy, remember);
        return (PyObject*)copy;
    }

    PyObject* CopyComplex(PyObject* o)
    {
        PyComplexObject* copy = (PyComplexObject*)Allocate((nuint)sizeof(PyComplexObject));
        if (copy == null) return null;
        copy->Real = ((PyComplexObject*)o)->Real;
        copy->Imaginary = ((PyComplexObject*)o)->Imaginary;
        return Finish((PyObject*)copy, Api.Table.PyComplex_Type);
    }

    PyObject* CopyBytes(PyObject* o)
    {
        nint size = ((PyBytesObject*)o)->Size;
        byte* data = (byte*)o + PyBytesObject.DataOffset;
        // What was a bytearray must stay distinguishable when it is thawed.
        bool wasMutable = ObjectMarkOf(o) == ObjectMark.MutableOrigin;
        if (!wasMutable && size <= 1) return size == 0 ? StaticObjects.EmptyBytes : StaticObjects.SingleByte(*data);
        return NewBytes(data, size, wasMutable ? ObjectMark.MutableOrigin : ObjectMark.Object);
    }

    PyObject* CopyByteArray(PyObject* o) =>
        NewBytes(Api.Table.PyByteArray_AsString(o), ((PyVarObject*)o)->Size, ObjectMark.MutableOrigin);

    PyObject* NewBytes(byte* data, nint size, ObjectMark mark)
    {
        PyBytesObject* copy = (PyBytesObject*)Allocate((nuint)(PyBytesObject.DataOffset + size + 1));
        if (copy == null) return null;
        copy->Size = size;
        copy->Hash = -1;
        Buffer.MemoryCopy(data, (byte*)copy + PyBytesObject.DataOffset, size, size);
        Finish((PyObject*)copy, Api.Table.PyBytes_Type, mark);
        Api.Table.HashBuiltin((PyObject*)copy);
        return (PyObject*)copy;
    }

    PyObject* CopyRange(PyObject* o)
    {
        PyRangeObject* original = (PyRangeObject*)o;
        PyRangeObject* copy = (PyRangeObject*)Allocate((nuint)sizeof(PyRangeObject));
        if (copy == null) return null;
        bool done = (copy->Start = VisitInt(original->Start)) != null
            && (copy->Stop = VisitInt(original->Stop)) != null
            && (copy->Step = VisitInt(original->Step)) != null
            && (copy->Length = VisitInt(original->Length)) != null;
        return done ? Finish((PyObject*)copy, Api.Table.PyRange_Type) : null;
    }

    PyObject* CopyDateTime(PyObject* o, DateTimeKind kind)
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
            if (o == _interpreter.DateTimes.Utc) return NoteDateTime(o);
            return Convert(o);
        }
        bool zoned = kind is DateTimeKind.Time or DateTimeKind.DateTime && ((byte*)o)[PyDateTimeLayout.HasTimeZone] != 0;
        if (zoned)
        {
            // Only UTC is static; other zones are objects of one interpreter.
            PyObject* zone = *(PyObject**)((byte*)o + size);
            if (zone != _interpreter.DateTimes.Utc)
                return _default != null
                    ? Convert(o)
                    : RaiseNotShareable(
                    $"{Text.TypeName(o)} with tzinfo {Text.Repr(zone)} cannot be frozen, only timezone.utc or none");
        }
        byte* copy = Allocate((nuint)(size + (zoned ? sizeof(PyObject*) : 0)));
        if (copy == null) return null;
        Buffer.MemoryCopy(o, copy, size, size);
        if (zoned) *(PyObject**)(copy + size) = _interpreter.DateTimes.Utc;
        *(nint*)(copy + PyDateTimeLayout.Hash) = -1;
        Finish((PyObject*)copy, o->Type);
        Api.Table.HashBuiltin((PyObject*)copy);
        return NoteDateTime((PyObject*)copy);
    }

    readonly PyObject* NoteDateTime(PyObject* copy)
    {
        _writer.Pool.HasDateTimes = true;
        return copy;
    }
}
