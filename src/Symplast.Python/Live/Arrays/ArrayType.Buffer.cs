using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The buffer protocol.</summary>
/// <remarks>
/// A buffer holds a reference to the handle, as all do, and an export of the elements, which alone keeps their memory: deleting
/// the array or its pool, and the end of the interpreter's part in live objects, leave it as it is. So releasing a buffer asks
/// nothing of the handle.
/// </remarks>
internal static unsafe partial class ArrayType
{
    // What a consumer asks for; Strides includes Shape.
    const int WithFormat = 0x4;
    const int WithShape = 0x8;
    const int WithStrides = 0x18;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int GetBuffer(PyObject* self, PyBuffer* buffer, int flags)
    {
        try
        {
            if (buffer == null)
            {
                Errors.Set(*Api.Table.PyExc_BufferError, "symplast.Array: a buffer must be given to be filled");
                return -1;
            }
            buffer->Owner = null;
            if (!TryExport((Handle*)self, out ArrayView view)) return -1;
            buffer->Data = view.Data;
            buffer->Owner = References.New(self);
            buffer->Length = view.Count * view.Size;
            buffer->ItemSize = view.Size;
            buffer->ReadOnly = 0;
            buffer->Dimensions = 1;
            buffer->Format = (flags & WithFormat) != 0 ? Typecodes.Format(view.Tag) : null;
            // Beside the elements, and there as long.
            buffer->Shape = (flags & WithShape) != 0 ? &view.Buffer->Count : null;
            buffer->Strides = (flags & WithStrides) == WithStrides ? &buffer->ItemSize : null;
            buffer->SubOffsets = null;
            buffer->Internal = view.Buffer;
            return 0;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void ReleaseBuffer(PyObject* self, PyBuffer* buffer)
    {
        // In a forked child what is shared stays as it is.
        if (!ForkGuard.IsForkedChild) SharedBuffer.EndExport((SharedBuffer*)buffer->Internal);
    }
}
