using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The buffer protocol of Array.</summary>
/// <remarks>
/// A buffer holds a reference to the handle, as all buffers do, and an export of the elements. The export alone keeps their
/// memory: deleting the array or its pool does not change it, nor does the end of the interpreter's use of live objects. So
/// releasing a buffer does not need the handle.
/// </remarks>
internal static unsafe partial class ArrayBuffer
{
    [Callback]
    internal static partial int GetBuffer(PyObject* self, PyBuffer* buffer, int flags)
    {
        if (buffer == null)
        {
            Errors.Set(*Api.Table.PyExc_BufferError, "symplast.Array: a buffer must be given to be filled");
            return -1;
        }
        buffer->Owner = null;
        if (!ArrayType.TryExport((Handle*)self, out ArrayView view)) return -1;
        buffer->Data = view.Data;
        buffer->Owner = References.New(self);
        buffer->Length = view.Count * view.Size;
        buffer->ItemSize = view.Size;
        buffer->ReadOnly = 0;
        buffer->Dimensions = 1;
        buffer->Format = (flags & Api.PyBUF_FORMAT) != 0 ? Typecodes.Format(view.Tag) : null;
        // The count lies beside the elements and is valid as long as they are.
        buffer->Shape = (flags & Api.PyBUF_ND) != 0 ? &view.Buffer->Count : null;
        buffer->Strides = (flags & Api.PyBUF_STRIDES) == Api.PyBUF_STRIDES ? &buffer->ItemSize : null;
        buffer->SubOffsets = null;
        buffer->Internal = view.Buffer;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void ReleaseBuffer(PyObject* self, PyBuffer* buffer)
    {
        // In a forked child shared memory is not changed.
        if (!ForkGuard.IsForkedChild) SharedBuffer.EndExport((SharedBuffer*)buffer->Internal);
    }
}
