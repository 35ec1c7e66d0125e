using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Keys for lookups. They may be of types that cannot be stored, because the stored key would come back as another type: a member
/// of a StrEnum, a Decimal, a NumPy number.
/// </summary>
internal static unsafe class LookupKeys
{
    /// <summary>The part of <see cref="Incoming.Lookup(LiveState*, PyObject*, out Incoming)"/> for less frequent types.</summary>
    internal static KeyState Convert(LiveState* state, PyObject* o, int depth, ref Incoming key)
    {
        ref Api api = ref Api.Table;
        PyObject* parent = ParentOf(o->Type);
        if (parent == api.PyUnicode_Type) return key.Encode(o) ? KeyState.Ready : KeyState.Failed;
        if (parent == api.PyTuple_Type) return TupleValues.OwnTuple(state, null, o, depth, ref key);
        if (parent == api.PyFrozenSet_Type)
        {
            KeyState made = TupleValues.OwnSet(state, null, o, depth, ref key);
            // A frozen object with members of other kinds at least equals itself.
            if (made != KeyState.Foreign || !AddressRange.Contains(o)) return made;
        }
        if (parent == api.PyBytes_Type)
        {
            key.Probe = Probe.Bytes(
                (byte*)o + PyBytesObject.DataOffset, (nuint)((PyBytesObject*)o)->Size, (ulong)api.HashBuiltin(o));
            return KeyState.Ready;
        }
        return parent != null && parent != api.PyFrozenSet_Type
            ? OwnNumber(state, o, parent, ref key) : SlowOther(state, o, ref key);
    }

    // The plain key type that a type is, or whose equality and hash it inherits.
    static PyObject* ParentOf(PyObject* type)
    {
        ref Api api = ref Api.Table;
        nuint flags = api.PyType_GetFlags(type);
        PyObject* parent = (flags & PyTypeSpec.TextSubclass) != 0 ? api.PyUnicode_Type
            : (flags & PyTypeSpec.IntSubclass) != 0 ? api.PyLong_Type
            : (flags & PyTypeSpec.TupleSubclass) != 0 ? api.PyTuple_Type
            : (flags & PyTypeSpec.BytesSubclass) != 0 ? api.PyBytes_Type
            : api.PyType_IsSubtype(type, api.PyFloat_Type) != 0 ? api.PyFloat_Type
            : api.PyType_IsSubtype(type, api.PyComplex_Type) != 0 ? api.PyComplex_Type
            : api.PyType_IsSubtype(type, api.PyFrozenSet_Type) != 0 ? api.PyFrozenSet_Type
            : null;
        return parent != null && HasSlotOf(type, parent, PyTypeSlot.Hash) && HasSlotOf(type, parent, PyTypeSlot.RichCompare)
            ? parent : null;
    }

    static bool HasSlotOf(PyObject* type, PyObject* parent, int slot) =>
        Api.Table.PyType_GetSlot(type, slot) == Api.Table.PyType_GetSlot(parent, slot);

    // The key of an int, a float or a complex, or of an object with the layout of one.
    static KeyState OwnNumber(LiveState* state, PyObject* o, PyObject* kind, ref Incoming key)
    {
        if (kind == Api.Table.PyLong_Type)
            return key.Own(((PyLongObject*)o)->IsCompact
                ? Value.OfInt(((PyLongObject*)o)->CompactValue) : Incoming.Number(state, null, o));
        PyComplexObject* complex = (PyComplexObject*)o;
        // A complex number without an imaginary part equals a real number, which has a place in an order.
        bool isReal = kind == Api.Table.PyFloat_Type || complex->Imaginary == 0;
        if (!isReal) return key.Own(Incoming.Number(state, null, o));
        key.Probe = Probe.Of(Value.Of(kind == Api.Table.PyFloat_Type ? ((PyFloatObject*)o)->Value : complex->Real));
        return KeyState.Ready;
    }

    static KeyState SlowOther(LiveState* state, PyObject* o, ref Incoming key)
    {
        ref Api api = ref Api.Table;
        nint hash = Nesting.Hash(o);
        if (hash == -1) return KeyState.Failed;
        if (Handle.Is(state, o))
            return Incoming.TryShare(state, null, (Handle*)o, out Value shared) ? key.Own(shared) : KeyState.Failed;
        if (AddressRange.Contains(o))
        {
            key.Probe = Probe.Of(Value.Foreign(o));
            return KeyState.Ready;
        }
        // An object that equals only itself equals no key of a pool.
        return HasSlotOf(o->Type, api.PyBaseObject_Type, PyTypeSlot.RichCompare)
            ? KeyState.Foreign : OwnEqualNumber(state, o, hash, ref key);
    }

    // The key of an object that converts to an int, a float or a complex and equals the result.
    static KeyState OwnEqualNumber(LiveState* state, PyObject* o, nint hash, ref Incoming key)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        KeyState known = KeyState.Unsure;
        if (api.PyType_GetSlot(type, PyTypeSlot.Index) != null) known = TryEqual(state, o, hash, api.PyNumber_Index(o), ref key);
        bool isFinite = false;
        if (known == KeyState.Unsure && api.PyType_GetSlot(type, PyTypeSlot.Float) != null)
        {
            PyObject* number = api.PyNumber_Float(o);
            isFinite = number != null && double.IsFinite(((PyFloatObject*)number)->Value);
            known = TryEqual(state, o, hash, number, ref key);
        }
        // Not for numbers that exceed every float: their conversion to int could take any amount of memory.
        if (known == KeyState.Unsure && isFinite && api.PyType_GetSlot(type, PyTypeSlot.Int) != null)
        {
            known = TryEqual(state, o, hash, api.PyNumber_Long(o), ref key);
            key.IsNumber = known == KeyState.Unsure;
        }
        if (known == KeyState.Unsure && api.PyType_IsSubtype(type, api.PyComplex_Type) != 0)
        {
            PyComplexObject* complex = (PyComplexObject*)o;
            known = TryEqual(state, o, hash, api.PyComplex_FromDoubles(complex->Real, complex->Imaginary), ref key);
        }
        return known;
    }

    // Steals the reference to a plain number. Returns its key if an object equals it. The number is null if it could not be made.
    static KeyState TryEqual(LiveState* state, PyObject* o, nint hash, PyObject* number, ref Incoming key)
    {
        ref Api api = ref Api.Table;
        if (number == null)
        {
            bool isNone = api.PyErr_ExceptionMatches(*api.PyExc_TypeError) != 0
                || api.PyErr_ExceptionMatches(*api.PyExc_ValueError) != 0
                || api.PyErr_ExceptionMatches(*api.PyExc_OverflowError) != 0;
            if (isNone) api.PyErr_Clear();
            return isNone ? KeyState.Unsure : KeyState.Failed;
        }
        int equal = KeySearch.AreEqual(number, o, hash);
        KeyState known = equal < 0
            ? KeyState.Failed : equal == 0 ? KeyState.Unsure : OwnNumber(state, number, ParentOf(number->Type), ref key);
        References.Drop(number);
        return known;
    }
}
