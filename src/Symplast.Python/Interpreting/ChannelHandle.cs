using Symplast.CPython;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Interpreting;

internal static unsafe class ChannelHandle
{
    struct Instance { internal PyObject Head; }
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
        {
            Name = Text.Utf8("symplast._symplast.Channel"u8),
            BasicSize = sizeof(Instance),
            Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation,
            Slots = Table(Slot(PyTypeSlot.Doc, Text.Utf8("x"u8))),
        });
}
