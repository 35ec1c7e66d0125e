using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.RLock</c>.</summary>
internal static unsafe partial class RLockType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind() => new()
    {
        Number = LiveKind.RLock,
        Name = Text.Utf8("RLock"u8),
        Header = HeaderKind.Lock,
        Includes = &SharedLock.IsReentrantLock,
        Type = Specification(),
    };

    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.RLock"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                RLock()
                --

                A reentrant lock that all interpreters share, created in the current pool.

                It works as threading.RLock does: the thread that holds it may take it again, and releases it as often. If that
                thread, or its interpreter, ends without releasing it, the next one that wants it gets AbandonedError, once.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Methods, Table<PyMethodDef>(
            [
                .. LockMethods.Common(),
                NoArgs("_is_owned"u8, &IsOwned, "_is_owned($self, /)\n--\n\nReturn whether this thread holds the lock."u8),
                NoArgs("_recursion_count"u8, &RecursionCount,
                    "_recursion_count($self, /)\n--\n\nReturn how often this thread has taken the lock."u8),
                NoArgs("_release_save"u8, &ReleaseSave,
                    "_release_save($self, /)\n--\n\nRelease the lock however often it was taken, for threading.Condition."u8),
                OneArg("_acquire_restore"u8, &AcquireRestore,
                    "_acquire_restore($self, state, /)\n--\n\nTake the lock as often as before, for threading.Condition."u8),
            ]))),
    });

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        LiveMethods.RefuseNamed("RLock", named) && LiveMethods.CheckCount("RLock", ((PyVarObject*)positional)->Size, 0, 0)
            ? Creation.New(type, &Make) : null;

    static void* Make(Participant* me, PoolHeap* heap) => SharedLock.Create(me, heap, isReentrant: true);

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        LockOwner* owner = null;
        long depth = 0;
        if (LiveMethods.IsDeleted(handle)
            || SharedLock.Look(handle->State->Me, LockMethods.LockOf(handle), out owner, out depth) != Status.Done)
            return Text.ToPython("<symplast.RLock, deleted>");
        string state = owner == null ? "unlocked" : "locked";
        string who = owner == null ? "None" : $"interpreter {owner->Interpreter} thread {owner->Thread}";
        return Text.ToPython($"<{state} symplast.RLock object owner={who} count={depth} at 0x{(nuint)handle:x}>");
    }

    [Callback]
    private static partial PyObject* IsOwned(Handle* handle, PyObject* none) =>
        !TryDepth(handle, out long depth) ? null : depth != 0 ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* RecursionCount(Handle* handle, PyObject* none) =>
        TryDepth(handle, out long depth) ? Outgoing.Int(depth) : null;

    // How often the calling thread has taken the lock. Returns false with an exception set.
    static bool TryDepth(Handle* handle, out long depth)
    {
        depth = 0;
        if (!LiveMethods.IsUsable(handle)) return false;
        LockOwner* me = LockOwnership.OfThread(handle->State);
        if (me == null) return false;
        Status status = SharedLock.Look(handle->State->Me, LockMethods.LockOf(handle), out LockOwner* owner, out depth);
        if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
        if (owner != me) depth = 0;
        return true;
    }

    [Callback]
    private static partial PyObject* ReleaseSave(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LockOwner* me = LockOwnership.OfThread(handle->State);
        if (me == null) return null;
        Status status = SharedLock.Leave(handle->State->Me, LockMethods.LockOf(handle), me, out long depth);
        if (status == Status.Missing) return Errors.Runtime("cannot release un-acquired lock");
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        return LiveMethods.Pair(Api.Table.PyLong_FromLongLong(depth), Api.Table.PyLong_FromUnsignedLongLong(me->Thread));
    }

    [Callback]
    private static partial PyObject* AcquireRestore(Handle* handle, PyObject* saved)
    {
        if (saved->Type != Api.Table.PyTuple_Type || ((PyVarObject*)saved)->Size != 2)
            return Errors.Type("_acquire_restore() takes the result of _release_save()");
        if (!LiveMethods.TryInteger(Tuples.Items(saved)[0], out long depth)) return null;
        PyObject* taken = LockMethods.Take(handle, Deadline.None);
        if (taken == null) return null;
        SharedLock.Restore(handle->State->Me, LockMethods.LockOf(handle), Math.Max(depth, 1));
        return Api.Table._Py_NoneStruct;
    }
}
