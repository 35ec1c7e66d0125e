using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Cells = Symplast.Objects.AtomicReference;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.AtomicRef</c>: a reference that all interpreters share.</summary>
internal static unsafe partial class AtomicRefType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind()
    {
        return new Kind
        {
            Number = LiveKind.AtomicRef,
            Name = Text.Utf8("AtomicRef"u8),
            Header = HeaderKind.Cell,
            Type = Specification(),
            Includes = &IsReference,
            Await = &CellWaits.Await,
            ToPlain = &ToPlain,
        };
    }

    static bool IsReference(Header* shared) => AtomicCell.HoldsReference((AtomicCell*)shared);

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.AtomicRef"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                AtomicRef(value=None, /)
                --

                A place for one value that all interpreters share, created in the current pool.

                The value is a number, a text, or a frozen or live object; plain containers are copied into the pool as live ones.
                Each operation is atomic.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.GetSet, Table(
                Property("value"u8, (delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*>)&GetValue,
                    (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void*, int>)&SetValue, "The value."u8))),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__copy__"u8, &CopyShared,
                    "__copy__($self, /)\n--\n\nReturn a new AtomicRef in the same pool with the same value, for copy.copy()."u8),
                OneArg("__deepcopy__"u8, &CopyDeep, "__deepcopy__($self, memo, /)\n--\n\n"u8
                    + "Return a new AtomicRef in the same pool with a copy of the value, for copy.deepcopy()."u8),
                OneArg("exchange"u8, &Exchange, "exchange($self, value, /)\n--\n\nSet the value and return the previous one."u8),
                FastCall("compare_exchange"u8, &CompareExchange, "compare_exchange($self, expected, new, /)\n--\n\n"u8
                    + "Set the value to new if it equals expected; live objects are compared by identity. "u8
                    + "Return whether the value was set."u8),
                FastCallKeywords("wait"u8, &Wait, "wait($self, /, old, timeout=None)\n--\n\n"u8
                    + "Wait until the value does not equal old, as compare_exchange() compares, and return it; TimeoutError if "u8
                    + "it did not change in time. A value that equals old again when the thread looks has not changed for it."u8),
                Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class,
                    "See PEP 585"u8)))),
    });

    static AtomicCell* CellOf(Handle* handle) => (AtomicCell*)handle->Shared;

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        nint count = ((PyVarObject*)positional)->Size;
        if (!ThisProcess.Check() || !LiveMethods.RefuseNamed("AtomicRef", named)
            || !LiveMethods.CheckCount("AtomicRef", count, 0, 1)) return null;
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        PyObject* o = count == 1 ? Tuples.Items(positional)[0] : Api.Table._Py_NoneStruct;
        return Create(interpreter, CurrentPool.Get(interpreter), type, o);
    }

    static PyObject* Create(InterpreterState interpreter, Pool pool, PyObject* type, PyObject* o)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        if (PoolHeap.IsDeleted(heap)) return interpreter.RaiseDeleted(pool);
        PyObject* handle = null;
        AtomicCell* cell = null;
        bool isDeleted = false;
        bool made = Incoming.Item(state, heap, o, new Place(null, null, PlaceKind.Whole), out Incoming incoming);
        if (made)
        {
            Section section = PoolHeap.Enter(state->Me, heap, out isDeleted);
            Value value = isDeleted ? default : incoming.ToValue(state, heap);
            if (!value.IsEmpty)
            {
                cell = Cells.Create(state->Me, heap, value);
                Reference.Drop(state->Me, value);
                handle = cell == null ? null : Handle.Adopt(state, (Header*)cell, type);
            }
            section.Exit(state->Me);
        }
        incoming.Dispose(state);
        if (!made) return null;
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return cell == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    [Callback]
    private static partial PyObject* CopyShared(Handle* handle, PyObject* none)
    {
        PyObject* value = ToPlain(handle);
        PyObject* made = value == null ? null : CreateBeside(handle, value);
        References.Drop(value);
        return made;
    }

    [Callback]
    private static partial PyObject* CopyDeep(Handle* handle, PyObject* memo)
    {
        PyObject* value = ToPlain(handle);
        // The object may hold itself, so its copy is entered into the memo before its content is copied.
        PyObject* made = value == null ? null : CreateBeside(handle, Api.Table._Py_NoneStruct);
        PyObject* copy = made == null || !LiveMethods.Remember(memo, (PyObject*)handle, made)
            ? null : LiveMethods.CopyDeep(value, memo);
        Value old = default;
        bool done = copy != null && TryExchange((Handle*)made, copy, default, out old);
        if (done) LiveState.Drop(((Handle*)made)->State, old);
        References.Drop(copy);
        References.Drop(value);
        if (done) return made;
        References.Drop(made);
        return null;
    }

    static PyObject* CreateBeside(Handle* handle, PyObject* value) =>
        Creation.TryPlaceOf(handle, out InterpreterState? interpreter, out Pool? pool)
            ? Create(interpreter, pool, handle->Head.Type, value) : null;

    [Callback]
    private static partial PyObject* Repr(Handle* handle) => LiveMethods.Repr(handle);

    [Callback]
    private static partial PyObject* GetValue(Handle* handle, void* closure) => ToPlain(handle);

    /// <summary>Returns a new reference to the object's content; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PyObject* result;
        Status status;
        do
        {
            Section section = Section.Enter(state->Me);
            status = Cells.Get(state->Me, CellOf(handle), out Value value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        return status == Status.Done ? result : LiveErrors.Raise(handle, status);
    }

    [Callback]
    private static partial int SetValue(Handle* handle, PyObject* o, void* closure)
    {
        if (o == null) Errors.Type("cannot delete the value of an AtomicRef");
        if (o == null || !TryExchange(handle, o, default, out Value old)) return -1;
        LiveState.Drop(handle->State, old);
        return 0;
    }

    [Callback]
    private static partial PyObject* Exchange(Handle* handle, PyObject* o)
    {
        return TryExchange(handle, o, UnknownClasses.Guard(handle->State), out Value old)
            ? Outgoing.Give(handle->State, old) : null;
    }

    static bool TryExchange(Handle* handle, PyObject* o, in ValueGuard guard, out Value old)
    {
        old = default;
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        bool made = Incoming.Item(state, heap, o, Place.Attribute((PyObject*)handle, null), out Incoming incoming);
        Status status = Status.Done;
        while (made)
        {
            Section section = Section.Enter(state->Me);
            status = incoming.ToValue(state, heap, out Value value);
            if (status == Status.Done)
            {
                status = Cells.TakeExchange(state->Me, CellOf(handle), value, guard, out old);
                Reference.Drop(state->Me, value);
            }
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            if (status != Status.Refused) break;
            made = LiveState.Again(state);
        }
        incoming.Dispose(state);
        return made && (status == Status.Done || LiveErrors.Raise(handle, status) != null);
    }

    [Callback]
    private static partial PyObject* Wait(Handle* handle, PyObject** arguments, nint count, PyObject* keywords)
    {
        Span<nint> given = stackalloc nint[2];
        return Arguments.Bind("wait", ["old", "timeout"], required: 1, positional: 2, arguments, count, keywords, given)
            && LockArguments.TryTimeout((PyObject*)given[1], out long deadline)
            ? CellWaits.Values(handle, (PyObject*)given[0], deadline) : null;
    }

    [Callback]
    private static partial PyObject* CompareExchange(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("compare_exchange", count, 2, 2) || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Place place = Place.Attribute((PyObject*)handle, null);
        Status status = Status.Done;
        bool made = Incoming.Item(state, heap, arguments[0], place, out Incoming expected);
        Incoming desired = default;
        if (made && (made = Incoming.Item(state, heap, arguments[1], place, out desired)))
        {
            Section section = Section.Enter(state->Me);
            status = desired.ToValue(state, heap, out Value value);
            if (status == Status.Done)
            {
                status = Cells.CompareExchange(state->Me, CellOf(handle), expected.Probe, value, out _);
                Reference.Drop(state->Me, value);
            }
            section.Exit(state->Me);
        }
        desired.Dispose(state);
        expected.Dispose(state);
        if (!made) return null;
        if (status is Status.Done or Status.Missing)
            return status == Status.Done ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
        return LiveErrors.Raise(handle, status);
    }
}
