using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The common base of the live types: what a <see cref="Handle"/> can do of whatever kind its object is.</summary>
internal static unsafe partial class SharedType
{
    /// <summary>What every interpreter makes the common base of the live types from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.Shared"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation | PyTypeSpec.BaseType,
        Slots = Table(
            Slot(PyTypeSlot.Doc,
                Text.Utf8("Common base of the live types: an interpreter's handle of an object that all interpreters share."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Handle.Dealloc),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__reduce__"u8, &Reduce,
                    "Pickle by reference, within this process; a pickle does not keep the object alive."u8),
                NoArgs("__sizeof__"u8, &SizeOf,
                    "Bytes of the object itself in its pool, with its tables, but not of what it refers to."u8))),
            Slot(PyTypeSlot.Members, Table(new PyMemberDef
            {
                Name = Text.Utf8("__weaklistoffset__"u8),
                Type = PyMemberDef.Signed,
                Offset = sizeof(PyObject) + 2 * sizeof(nint),
                Flags = PyMemberDef.ReadOnly,
            }))),
    });

    [Callback]
    private static partial PyObject* Reduce(Handle* handle, PyObject* none) => LivePickles.Reduce(handle);

    [Callback]
    private static partial PyObject* SizeOf(Handle* handle, PyObject* none) =>
        LiveMethods.CheckAlive(handle) ? Api.Table.PyLong_FromLongLong(Parts.SizeOf(handle->State->Me, handle->Shared)) : null;
}
