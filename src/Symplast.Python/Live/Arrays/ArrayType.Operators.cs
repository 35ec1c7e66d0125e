using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Live;

// + and *, which make plain arrays. += and *= have slots of their own, or they would replace the Array by a plain array.
internal static unsafe partial class ArrayType
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Concat(PyObject* self, PyObject* other) => Frame.Call(self, other, &Concat);

    static PyObject* Concat(Handle* handle, PyObject* other)
    {
        PyObject* left = ToPlain(handle);
        PyObject* right = left == null
            ? null : other->Type == handle->State->TypeOf(LiveKind.Array) ? ToPlain((Handle*)other) : References.New(other);
        PyObject* result = right == null ? null : Api.Table.PyNumber_Add(left, right);
        References.Drop(left);
        References.Drop(right);
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repeat(PyObject* self, nint times) => PlainForms.Repeat(self, times);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceConcat(PyObject* self, PyObject* other) => RaiseFixed((Handle*)self, "+=");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceRepeat(PyObject* self, nint times) => RaiseFixed((Handle*)self, "*=");

    static PyObject* RaiseFixed(Handle* handle, string what)
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
