using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Lock</c>.</summary>
internal static unsafe partial class LockType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Number = LiveKind.Lock,
        Name = Text.Utf8("Lock"u8),
        Header = HeaderKind.Lock,
        Includes = &IsPlain,
        Type = Specification(),
        Await = &LockMethods.Await,
        Begin = &LockOwnership.Begin,
        End = &LockOwnership.End,
    };

    static bool IsPlain(Header* shared) => !SharedLock.IsReentrant((SharedLock*)shared);

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Lock"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Lock()
                --

                A lock that all interpreters share, created in the current pool.

                It works as threading.Lock does: one holds it at a time, and any thread of any interpreter may release it. If the
                interpreter that took it ends without releasing it, the next one that wants it gets AbandonedError, once.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, Table<PyMethodDef>(LockMethods.OfLock()))),
    });

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        LiveMethods.RefuseNamed("Lock", named) && LiveMethods.CheckCount("Lock", ((PyVarObject*)positional)->Size, 0, 0)
            ? Creation.New(type, &Make) : null;

    static void* Make(Participant* me, PoolHeap* heap) => SharedLock.Create(me, heap, isReentrant: false);

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        LockOwner* owner = null;
        if (LiveMethods.IsDeleted(handle)
            || SharedLock.Look(handle->State->Me, LockMethods.LockOf(handle), out owner, out _) != Status.Done)
            return Text.ToPython("<symplast.Lock, deleted>");
        string state = owner == null ? "unlocked" : "locked";
        string who = owner == null ? "" : $" owner=interpreter {owner->Interpreter}";
        return Text.ToPython($"<{state} symplast.Lock object{who} at 0x{(nuint)handle:x}>");
    }
}
