using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Integer = Symplast.Objects.AtomicInteger;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.AtomicInt</c>: a 64-bit integer that all interpreters share.</summary>
internal static unsafe partial class AtomicIntType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind()
    {
        return new Kind
        {
            Number = LiveKind.AtomicInt,
            Name = Text.Utf8("AtomicInt"u8),
            Header = HeaderKind.Cell,
            Type = Specification(),
            Includes = &IsInteger,
            Await = &CellWaits.Await,
            ToPlain = &ToPlain,
        };
    }

    static bool IsInteger(Header* shared) => !AtomicCell.HoldsReference((AtomicCell*)shared);

    static PyObject* ToPlain(Handle* handle) => Api.Table.PyNumber_Index((PyObject*)handle);

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.AtomicInt"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table([
            .. AtomicIntOperators.Slots(),
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                AtomicInt(value=0, /)
                --

                A 64-bit integer that all interpreters share, created in the current pool.

                Each operation is atomic. A result beyond 64 bits raises OverflowError and changes nothing. An AtomicInt is
                compared and hashed by identity, because its value can change; a comparison with a number raises TypeError, and
                so does arithmetic.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.Int, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&ToInt),
            Slot(PyTypeSlot.Index, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&ToInt),
            Slot(PyTypeSlot.Bool, (delegate* unmanaged[Cdecl]<PyObject*, int>)&ToBool),
            Slot(PyTypeSlot.GetSet, Table(
                Property("value"u8, (delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*>)&GetValue,
                    (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void*, int>)&SetValue, "The value."u8))),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__copy__"u8, &CopyShared,
                    "__copy__($self, /)\n--\n\nReturn a new AtomicInt in the same pool with the same value, for copy.copy()."u8),
                OneArg("__deepcopy__"u8, &CopyDeep, "__deepcopy__($self, memo, /)\n--\n\n"u8
                    + "Return a new AtomicInt in the same pool with the same value, for copy.deepcopy()."u8),
                OneArg("add"u8, &Add, "add($self, n, /)\n--\n\nAdd n and return the sum."u8),
                OneArg("exchange"u8, &Exchange, "exchange($self, value, /)\n--\n\nSet the value and return the previous one."u8),
                FastCall("compare_exchange"u8, &CompareExchange, "compare_exchange($self, expected, new, /)\n--\n\n"u8
                    + "Set the value to new if it equals expected. Return whether it was set."u8),
                FastCallKeywords("wait"u8, &Wait, "wait($self, /, value, timeout=None)\n--\n\n"u8
                    + "Wait until the integer is not value, and return it; TimeoutError if it did not change in time. An "u8
                    + "integer that is value again when the thread looks has not changed for it."u8)))]),
    });

    static AtomicCell* CellOf(Handle* handle) => (AtomicCell*)handle->Shared;

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        nint count = ((PyVarObject*)positional)->Size;
        if (!ThisProcess.Check() || !LiveMethods.RefuseNamed("AtomicInt", named)
            || !LiveMethods.CheckCount("AtomicInt", count, 0, 1)) return null;
        long value = 0;
        if (count == 1 && !LiveMethods.TryInteger(Tuples.Items(positional)[0], out value))
            return null;
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        return Create(interpreter, CurrentPool.Get(interpreter), type, value);
    }

    static PyObject* Create(InterpreterState interpreter, Pool pool, PyObject* type, long value)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        AtomicCell* cell = isDeleted ? null : Integer.Create(state->Me, heap, value);
        PyObject* handle = cell == null ? null : Handle.Adopt(state, (Header*)cell, type);
        section.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return cell == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    [Callback]
    private static partial PyObject* CopyShared(Handle* handle, PyObject* none) => Copy(handle);

    [Callback]
    private static partial PyObject* CopyDeep(Handle* handle, PyObject* memo)
    {
        PyObject* made = Copy(handle);
        if (made == null || LiveMethods.Remember(memo, (PyObject*)handle, made)) return made;
        References.Drop(made);
        return null;
    }

    static PyObject* Copy(Handle* handle)
    {
        if (!TryGet(handle, out long value)) return null;
        return Creation.TryPlaceOf(handle, out InterpreterState? interpreter, out Pool? pool)
            ? Create(interpreter, pool, handle->Head.Type, value) : null;
    }

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        long value = 0;
        bool lives = !LiveMethods.IsDeleted(handle) && Integer.Get(handle->State->Me, CellOf(handle), out value) == Status.Done;
        return Text.ToPython(lives ? $"AtomicInt({value})" : "<symplast.AtomicInt, deleted>");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* ToInt(PyObject* self) => TryGet((Handle*)self, out long value) ? Outgoing.Int(value) : null;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int ToBool(PyObject* self) => TryGet((Handle*)self, out long value) ? value != 0 ? 1 : 0 : -1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* GetValue(PyObject* self, void* closure) =>
        TryGet((Handle*)self, out long value) ? Outgoing.Int(value) : null;

    [Callback]
    private static partial int SetValue(Handle* handle, PyObject* o, void* closure)
    {
        if (o == null) Errors.Type("cannot delete the value of an AtomicInt");
        return o != null && LiveMethods.TryInteger(o, out long value) && LiveMethods.IsUsable(handle)
            && IsDone(handle, Integer.Set(handle->State->Me, CellOf(handle), value)) ? 0 : -1;
    }

    [Callback]
    private static partial PyObject* Add(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.TryInteger(o, out long n) || !LiveMethods.IsUsable(handle)) return null;
        return IsDone(handle, Integer.Add(handle->State->Me, CellOf(handle), n, out long sum)) ? Outgoing.Int(sum) : null;
    }

    [Callback]
    private static partial PyObject* Exchange(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.TryInteger(o, out long value) || !LiveMethods.IsUsable(handle)) return null;
        return IsDone(handle, Integer.Exchange(handle->State->Me, CellOf(handle), value, out long old))
            ? Outgoing.Int(old) : null;
    }

    [Callback]
    private static partial PyObject* CompareExchange(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("compare_exchange", count, 2, 2)) return null;
        if (!LiveMethods.TryInteger(arguments[0], out long expected) || !LiveMethods.TryInteger(arguments[1], out long value)
            || !LiveMethods.IsUsable(handle)) return null;
        Status status = Integer.CompareExchange(handle->State->Me, CellOf(handle), expected, value, out _);
        if (status == Status.Missing) return Api.Table._Py_FalseStruct;
        return IsDone(handle, status) ? Api.Table._Py_TrueStruct : null;
    }

    [Callback]
    private static partial PyObject* Wait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> given = stackalloc nint[2];
        return Arguments.Bind("wait", ["value", "timeout"], required: 1, positional: 2, arguments, count, keywords, given)
            && LiveMethods.TryInteger((PyObject*)given[0], out long value)
            && LockArguments.TryTimeout((PyObject*)given[1], out long deadline)
            ? CellWaits.Integers(handle, value, deadline) : null;
    }

    static bool TryGet(Handle* handle, out long value)
    {
        value = 0;
        return LiveMethods.IsUsable(handle) && IsDone(handle, Integer.Get(handle->State->Me, CellOf(handle), out value));
    }

    static bool IsDone(Handle* handle, Status status) => status == Status.Done || LiveErrors.Raise(handle, status) != null;
}
