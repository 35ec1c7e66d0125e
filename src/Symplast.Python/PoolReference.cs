using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>Pool handles in pickles: the pool's number and a token of the process, since a number means nothing in another one.</summary>
internal static unsafe class PoolReference
{
    static readonly string Process = Guid.NewGuid().ToString("N");

    /// <summary>The answer of <c>__reduce__</c>: (symplast._symplast._pool_by_id, (process, id)).</summary>
    internal static PyObject* Reduce(Pool pool)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast._symplast"u8));
        if (module == null) return null;
        PyObject* function = api.PyObject_GetAttrString(module, Text.Utf8("_pool_by_id"u8));
        References.Drop(module);
        PyObject* process = Text.ToPython(Process);
        PyObject* id = api.PyLong_FromLongLong(pool.Id);
        PyObject* arguments = api.PyTuple_New(2);
        PyObject* result = api.PyTuple_New(2);
        if (function == null || process == null || id == null || arguments == null || result == null) return null;
        // SetItem takes over the reference.
        api.PyTuple_SetItem(arguments, 0, process);
        api.PyTuple_SetItem(arguments, 1, id);
        api.PyTuple_SetItem(result, 0, function);
        api.PyTuple_SetItem(result, 1, arguments);
        return result;
    }

    /// <summary>The handle that a reference means; null with an exception set.</summary>
    internal static PyObject* Resolve(InterpreterState interpreter, PyObject* process, PyObject* id)
    {
        if (process->Type != Api.Table.PyUnicode_Type || id->Type != Api.Table.PyLong_Type) return Errors.Type("_pool_by_id() takes a str and an int");
        if (Text.FromPython(process) != Process)
            return Errors.Set(interpreter.SymplastError, "a Pool can be unpickled only in the process that pickled it");
        long number = Api.Table.PyLong_AsLongLong(id);
        if (number == -1 && Api.Table.PyErr_Occurred() != null) return null;
        Pool? pool = PoolTable.Find(number);
        return pool is null ? interpreter.RaiseDeleted(null) : interpreter.HandleOf(pool);
    }
}
