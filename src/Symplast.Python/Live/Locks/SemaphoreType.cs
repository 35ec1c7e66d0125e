using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Semaphore</c>.</summary>
internal static unsafe partial class SemaphoreType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Name = Text.Utf8("Semaphore"u8),
        Header = HeaderKind.Semaphore,
        Includes = &Includes,
        Type = Specification(),
        Await = &SemaphoreMethods.Await,
    };

    static bool Includes(Header* shared) => !SharedSemaphore.IsBounded((SharedSemaphore*)shared);

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Semaphore"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Semaphore(value=1)
                --

                A counter that all interpreters share, created in the current pool. It works as threading.Semaphore does:
                acquire() waits while it is 0.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, SemaphoreMethods.Methods())),
    });

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        SemaphoreMethods.TryValue("Semaphore", positional, named, out long value)
            ? SemaphoreMethods.Create(type, value, SharedSemaphore.Most) : null;

    [Callback]
    private static partial PyObject* Repr(Handle* handle) => SemaphoreMethods.Describe(handle);
}
