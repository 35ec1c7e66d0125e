using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Live;

// What copy.copy and copy.deepcopy give: live ones again.
internal static unsafe partial class SortedDictType
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyShared(PyObject* self, PyObject* none) => Duplicate(self, null);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyDeep(PyObject* self, PyObject* memo) => Duplicate(self, memo);

    // With a memo, of copies of the values; keys are their own copies.
    static PyObject* Duplicate(PyObject* self, PyObject* memo)
    {
        try
        {
            Handle* handle = (Handle*)self;
            PyObject* items = NewIterator(handle, DictIteration.Items, reversed: false);
            if (items == null) return null;
            LiveState* state = handle->State;
            PyObject* made = state->Interpreter is { } interpreter && LiveErrors.PoolOf(Heap.Of(handle->Shared)) is { } pool
                ? Create(interpreter, pool, self->Type)
                : LiveErrors.RaiseDeleted(handle);
            bool done = made != null && (memo == null || LiveMethods.Remember(memo, self, made));
            PyObject* key;
            PyObject* value;
            for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && DictIterator.Next((DictIterator*)items, &key, &value); i++)
            {
                PyObject* copy = memo == null ? References.New(value) : LiveMethods.CopyDeep(value, memo);
                done = copy != null && Set((Handle*)made, key, copy);
                References.Drop(copy);
                References.Drop(key);
                References.Drop(value);
            }
            References.Drop(items);
            if (done && Api.Table.PyErr_Occurred() == null) return made;
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}
