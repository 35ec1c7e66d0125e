using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The interpreter's own <c>array.array</c>: the type of an Array's slices and plain copies, and one that is copied into a pool
/// as an Array.
/// </summary>
internal static unsafe class PlainArrays
{
    /// <summary>Whether an object is an <c>array.array</c>. Without the module no object is one.</summary>
    internal static bool Is(PyObject* o, bool orDerived)
    {
        ref Api api = ref Api.Table;
        if ((Layout.TypeFlags(o->Type) & PyTypeSpec.HeapType) == 0 || api.PyType_GetSlot(o->Type, PyTypeSlot.GetBuffer) == null)
            return false;
        PyObject* name = Text.ToPython("array");
        PyObject* module = name == null ? null : api.PyImport_GetModule(name);
        PyObject* type = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("array"u8));
        bool isOne = type != null
            && (o->Type == type
            || (orDerived && api.PyType_IsSubtype(type->Type, api.PyType_Type) != 0 && api.PyType_IsSubtype(o->Type, type) != 0));
        api.PyErr_Clear();
        References.Drop(type);
        References.Drop(module);
        References.Drop(name);
        return isOne;
    }

    /// <summary>The typecode of an <c>array.array</c>; 0 if its elements are not numbers.</summary>
    internal static int TypecodeOf(PyObject* plain)
    {
        PyObject* text = Api.Table.PyObject_GetAttrString(plain, Text.Utf8("typecode"u8));
        int typecode = 0;
        if (text != null && text->Type == Api.Table.PyUnicode_Type && Text.FromPython(text) is [char only]
            && Typecodes.TryKind(only, out _)) typecode = only;
        Api.Table.PyErr_Clear();
        References.Drop(text);
        return typecode;
    }

    /// <summary>
    /// A new <c>array.array</c> of elements that are <paramref name="step"/> bytes apart; null with an exception set.
    /// </summary>
    internal static PyObject* Of(int typecode, int size, byte* from, nint step, nint count)
    {
        PyObject* plain = OfZeros(typecode, size, count);
        if (plain == null || count == 0) return plain;
        PyBuffer buffer;
        if (Api.Table.PyObject_GetBuffer(plain, &buffer, Api.PyBUF_WRITABLE) == 0)
        {
            bool fits = buffer.Length == count * size;
            if (fits) Elements.Copy(size, buffer.Data, size, from, step, count);
            Api.Table.PyBuffer_Release(&buffer);
            if (fits) return plain;
            Errors.Type("array.array() has not made an array of this length");
        }
        References.Drop(plain);
        return null;
    }

    // array(typecode, <the bytes of one zero>) * count
    static PyObject* OfZeros(int typecode, int size, nint count)
    {
        ref Api api = ref Api.Table;
        ulong zero = 0;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("array"u8));
        PyObject* type = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("array"u8));
        PyObject* code = type == null ? null : Text.ToPython(((char)typecode).ToString());
        PyObject* bytes = code == null ? null : api.PyBytes_FromStringAndSize((byte*)&zero, size);
        PyObject** arguments = stackalloc PyObject*[2] { code, bytes };
        PyObject* one = bytes == null ? null : api.PyObject_Vectorcall(type, arguments, 2, null);
        PyObject* number = one == null ? null : api.PyLong_FromLongLong(count);
        PyObject* all = number == null ? null : api.PyNumber_Multiply(one, number);
        References.Drop(number);
        References.Drop(one);
        References.Drop(bytes);
        References.Drop(code);
        References.Drop(type);
        References.Drop(module);
        return all;
    }
}
