using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// + and * of Array, which make plain arrays. += and *= have slots of their own, or they would replace the Array by a plain
/// array.
/// </summary>
internal static unsafe partial class ArrayOperators
{
    [Callback]
    internal static partial PyObject* Concat(Handle* handle, PyObject* other)
    {
        PyObject* left = ArrayType.ToPlain(handle);
        bool isLive = other->Type == handle->State->TypeOf(LiveKind.Array);
        PyObject* right = left == null ? null : isLive ? ArrayType.ToPlain((Handle*)other) : References.New(other);
        PyObject* result = right == null ? null : Api.Table.PyNumber_Add(left, right);
        References.Drop(left);
        References.Drop(right);
        return result;
    }

    [Callback]
    internal static partial PyObject* Repeat(PyObject* self, nint times) => PlainForms.Repeat(self, times);

    [Callback]
    internal static partial PyObject* InPlaceConcat(Handle* self, PyObject* other) => Refuse(self, "+=");

    [Callback]
    internal static partial PyObject* InPlaceRepeat(Handle* self, nint times) => Refuse(self, "*=");

    static PyObject* Refuse(Handle* handle, string what)
    {
        return LiveMethods.CheckAlive(handle) ? Errors.Type($"an Array has a fixed length: {what} is not for it") : null;
    }
}
