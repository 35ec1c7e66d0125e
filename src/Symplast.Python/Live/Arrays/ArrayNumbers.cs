using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Converts Python numbers to elements of arrays and back.</summary>
internal static unsafe class ArrayNumbers
{
    // Used for an int that is larger than any sum of elements.
    static readonly Int128 Huge = Int128.One << 100;

    /// <summary>Returns a new reference to an element as a number; null with MemoryError set. Runs no Python code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* ToPython(ElementKind kind, ulong word)
    {
        ref Api api = ref Api.Table;
        if (Elements.IsReal(kind)) return api.PyFloat_FromDouble(Elements.Real(kind, word));
        if (kind == ElementKind.UInt64) return api.PyLong_FromUnsignedLongLong(word);
        return Outgoing.Int(Elements.IsSigned(kind) ? Elements.Signed(kind, word) : (long)word);
    }

    /// <summary>
    /// Converts a number to an element. Returns false with TypeError or OverflowError set. May run Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryWord(ElementKind kind, PyObject* o, out ulong word)
    {
        if (kind == ElementKind.Float64 && o->Type == Api.Table.PyFloat_Type)
        {
            word = BitConverter.DoubleToUInt64Bits(((PyFloatObject*)o)->Value);
            return true;
        }
        return TryOther(kind, o, out word);
    }

    /// <summary>
    /// Converts an int of any size. An int far beyond 64 bits becomes a number that is too large for any sum. Returns false with
    /// an exception set. May run Python code.
    /// </summary>
    internal static bool TryInteger(PyObject* o, out Int128 number)
    {
        ref Api api = ref Api.Table;
        number = 0;
        if (o->Type == api.PyLong_Type && ((PyLongObject*)o)->IsCompact)
        {
            number = ((PyLongObject*)o)->CompactValue;
            return true;
        }
        PyObject* index = api.PyNumber_Index(o);
        if (index == null) return false;
        int overflow;
        number = api.PyLong_AsLongLongAndOverflow(index, &overflow);
        // The distance of two elements of 64 bits has up to 65 bits.
        PyObject* magnitude = overflow < 0 ? api.PyNumber_Negative(index) : References.New(index);
        if (overflow != 0 && magnitude != null)
        {
            ulong large = api.PyLong_AsUnsignedLongLong(magnitude);
            bool fits = api.PyErr_Occurred() == null;
            api.PyErr_Clear();
            number = overflow * (fits ? large : Huge);
        }
        References.Drop(index);
        References.Drop(magnitude);
        return magnitude != null;
    }

    /// <summary>Converts a float. Returns false with an exception set. May run Python code.</summary>
    internal static bool TryReal(PyObject* o, out double number)
    {
        ref Api api = ref Api.Table;
        number = o->Type == api.PyFloat_Type ? ((PyFloatObject*)o)->Value : api.PyFloat_AsDouble(o);
        return number != -1 || api.PyErr_Occurred() == null;
    }

    /// <summary>
    /// Whether elements can be compared with <paramref name="o"/> exactly without running Python code. Floats are compared with
    /// <paramref name="real"/>, other elements with <paramref name="word"/>.
    /// </summary>
    internal static bool TryPlain(ElementKind kind, PyObject* o, out ulong word, out double real)
    {
        ref Api api = ref Api.Table;
        word = 0;
        real = 0;
        bool isReal = o->Type == api.PyFloat_Type;
        if (isReal) real = ((PyFloatObject*)o)->Value;
        else if (o->Type != api.PyLong_Type || !((PyLongObject*)o)->IsCompact) return false;
        long integer = isReal ? 0 : ((PyLongObject*)o)->CompactValue;
        if (Elements.IsReal(kind))
        {
            // A compact int has few enough bits for a double.
            if (!isReal) real = integer;
            return true;
        }
        if (isReal || integer < Elements.Least(kind) || integer > Elements.Greatest(kind)) return false;
        word = Elements.OfInteger(kind, integer);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryOther(ElementKind kind, PyObject* o, out ulong word)
    {
        word = 0;
        if (Elements.IsReal(kind))
        {
            if (!TryReal(o, out double real)) return false;
            word = Elements.OfReal(kind, real);
            return true;
        }
        if (!TryInteger(o, out Int128 number)) return false;
        if (number < Elements.Least(kind) || number > Elements.Greatest(kind))
        {
            return Errors.Set(
                *Api.Table.PyExc_OverflowError,
                $"an element of this Array is an integer from {Elements.Least(kind)} to {Elements.Greatest(kind)}") != null;
        }
        word = Elements.OfInteger(kind, number);
        return true;
    }
}
