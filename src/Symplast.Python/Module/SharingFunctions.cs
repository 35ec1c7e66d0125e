using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Freezing;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The module's functions for freezing, thawing and deleting, and for asking whether an object is shared.</summary>
internal static unsafe partial class SharingFunctions
{
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        FastCallKeywords("freeze"u8, &Freeze, """
            freeze($module, /, obj, default=None)
            --

            Return current_pool().freeze(obj, default).
            """u8),
        OneArg("thaw"u8, &Thaw, """
            thaw($module, obj, /)
            --

            Copy a frozen or live object and everything it holds to plain, mutable objects of this interpreter.

            Frozen lists, dicts, sets and bytearrays become mutable again. Identity, sharing and cycles are kept. Each live object
            is copied as it is at one moment: Dict and SortedDict become dict, List list, Set set, Array array.array, AtomicInt
            int, AtomicRef its value, and an Object a dict of its attributes. A plain list, dict or tuple that holds live objects
            at any depth is copied with these objects thawed. Any other object that is neither frozen nor live is returned as it
            is. Raises DeletedError if an object or its pool was deleted.
            """u8),
        OneArg("is_shared"u8, &IsShared, """
            is_shared($module, obj, /)
            --

            Return whether obj is the same object in all interpreters.

            Such an object is a frozen or live object in a pool, or one of CPython's process-wide constants (None, True, small
            ints, '' and the like).
            """u8),
        OneArg("is_frozen"u8, &IsFrozen, """
            is_frozen($module, obj, /)
            --

            Return whether obj is shared and immutable, like the results of freeze().
            """u8),
        OneArg("delete"u8, &Delete, """
            delete($module, obj, /)
            --

            Delete a live object.

            The deletion takes effect at once. Every later use of the object raises DeletedError, in every interpreter, and so
            does a second call. Objects to which only this object referred are freed. Frozen objects are deleted with their pool.
            """u8),
        FastCall("add"u8, &Add, """
            add($module, obj, name, n, /)
            --

            Atomically add n to a number, the attribute name of a live object, and return the sum.
            """u8),
        FastCall("compare_exchange"u8, &CompareExchange, """
            compare_exchange($module, obj, name, expected, new, /)
            --

            Atomically set the attribute name of a live object to new if it equals expected. Return whether it was set.
            """u8),
    };

    [Callback]
    private static partial PyObject* Freeze(InterpreterState interpreter, PyObject** arguments, nint count, PyObject* keywords) =>
        FreezeCall(interpreter, null, "freeze", arguments, count, keywords);

    [Callback]
    private static partial PyObject* Thaw(InterpreterState interpreter, PyObject* o)
    {
        if (!ThisProcess.Check()) return null;
        return LiveThawer.IsFor(interpreter, o) ? LiveThawer.Thaw(interpreter, o) : Thawer.Thaw(interpreter, o);
    }

    [Callback]
    private static partial PyObject* IsShared(PyObject* module, PyObject* o) =>
        AddressRange.Contains(o) || StaticObjects.Includes(o) || Handle.Is(InterpreterState.Of(module).Live, o)
            ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* IsFrozen(PyObject* module, PyObject* o) =>
        AddressRange.Contains(o) || StaticObjects.Includes(o) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* Delete(InterpreterState interpreter, PyObject* o) =>
        ThisProcess.Check() ? LiveObjects.Delete(interpreter.Live, o) : null;

    [Callback]
    private static partial PyObject* Add(PyObject* module, PyObject** arguments, nint count) =>
        ObjectUpdates.Add(arguments, count);

    [Callback]
    private static partial PyObject* CompareExchange(PyObject* module, PyObject** arguments, nint count) =>
        ObjectUpdates.CompareExchange(arguments, count);

    /// <summary>Implements freeze() and Pool.freeze(). With a null <paramref name="pool"/>, freezes into the current
    /// pool.</summary>
    internal static PyObject* FreezeCall(
        InterpreterState interpreter, Pool? pool, string function, PyObject** arguments, nint count, PyObject* keywords)
    {
        if (!ThisProcess.Check()) return null;
        PyObject* o;
        PyObject* convert = null;
        if (count == 1 && keywords == null)
        {
            o = arguments[0];
        }
        else
        {
            Span<nint> values = stackalloc nint[2];
            if (!Arguments.Bind(function, ["obj", "default"], required: 1, positional: 2, arguments, count, keywords, values))
                return null;
            o = (PyObject*)values[0];
            convert = (PyObject*)values[1];
            if (convert == Api.Table._Py_NoneStruct) convert = null;
            if (convert != null && Api.Table.PyCallable_Check(convert) == 0)
                return Errors.Type($"default must be callable or None, not {Text.TypeName(convert)}");
        }
        pool ??= CurrentPool.Get(interpreter);
        if (convert == null) convert = interpreter.Defaults.Of(pool);
        // The reference is borrowed, and the program may set another default meanwhile.
        if (convert != null) References.Take(convert);
        PyObject* frozen = Freezer.Freeze(interpreter, pool, o, convert);
        References.Drop(convert);
        return frozen;
    }
}
