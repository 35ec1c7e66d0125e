using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.BoundedSemaphore</c>.</summary>
internal static unsafe partial class BoundedSemaphoreType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Name = Text.Utf8("BoundedSemaphore"u8),
        Header = HeaderKind.Semaphore,
        Includes = &Includes,
        Type = Specification(),
        Await = &SemaphoreMethods.Await,
    };

    static bool Includes(Header* shared) => SharedSemaphore.IsBounded((SharedSemaphore*)shared);

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.BoundedSemaphore"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                BoundedSemaphore(value=1)
                --

                A Semaphore whose value never exceeds the initial one, as threading.BoundedSemaphore: a release() too many raises
                ValueError.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, SemaphoreMethods.Methods())),
    });

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        SemaphoreMethods.TryValue("BoundedSemaphore", positional, named, out long value)
            ? SemaphoreMethods.Create(type, value, value) : null;

    [Callback]
    private static partial PyObject* Repr(Handle* handle) => SemaphoreMethods.Describe(handle);
}
