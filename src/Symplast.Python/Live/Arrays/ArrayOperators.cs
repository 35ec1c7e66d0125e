using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// + and * of Array, which make plain arrays. += and *= have slots of their own, or they would replace the Array by a plain
/// array.
/// </summary>
internal static unsafe class ArrayOperators
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* Concat(PyObject* self, PyObject* other) => Frame.Call(self, other, &Concat);

    static PyObject* Concat(Handle* handle, PyObject* other)
    {
        PyObject* left = ArrayType.ToPlain(handle);
        bool isLive = other->Type == handle->State->TypeOf(LiveKind.Array);
        PyObject* right = left == null ? null : isLive ? ArrayType.ToPlain((Handle*)other) : References.New(other);
        PyObject* result = right == null ? null : Api.Table.PyNumber_Add(left, right);
        References.Drop(left);
        References.Drop(right);
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* Repeat(PyObject* self, nint times) => PlainForms.Repeat(self, times);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* InPlaceConcat(PyObject* self, PyObject* other) => Refuse((Handle*)self, "+=");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static PyObject* InPlaceRepeat(PyObject* self, nint times) => Refuse((Handle*)self, "*=");

    static PyObject* Refuse(Handle* handle, string what)
    {
        try
        {
            return LiveMethods.CheckAlive(handle) ? Errors.Type($"an Array has a fixed length: {what} is not for it") : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}
