using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>
/// Pool handles in pickles: the pool's number and a token of the process, since a number means nothing in another one.
/// </summary>
internal static unsafe class PoolReference
{
    /// <summary>The token of this process, which no other process has.</summary>
    internal static readonly string Process = Guid.NewGuid().ToString("N");

    /// <summary>The answer of <c>__reduce__</c>: (symplast._symplast._pool_by_id, (process, id)).</summary>
    internal static PyObject* Reduce(Pool pool) =>
        !StaysHere("Pool")
        ? null : Call("_pool_by_id"u8, [(nint)Text.ToPython(Process), (nint)Api.Table.PyLong_FromLongLong(pool.Id)]);

    /// <summary>
    /// Whether the pickle that is being made stays in this process, as far as can be told. False with an exception set. Runs
    /// Python code.
    /// </summary>
    internal static bool StaysHere(string kind)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.processes"u8));
        PyObject* refuse = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("refuse"u8));
        PyObject* name = refuse == null ? null : Text.ToPython(kind);
        PyObject* done = name == null ? null : api.PyObject_CallOneArg(refuse, name);
        References.Drop(name);
        References.Drop(refuse);
        References.Drop(module);
        References.Drop(done);
        return done != null;
    }

    /// <summary>
    /// A result of <c>__reduce__</c>: a function of the module and its arguments, whose references it takes over. Returns null
    /// with an exception set, also if an argument is null with an exception set.
    /// </summary>
    internal static PyObject* Call(ReadOnlySpan<byte> name, ReadOnlySpan<nint> arguments)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast._symplast"u8));
        PyObject* function = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        References.Drop(module);
        PyObject* tuple = api.PyTuple_New(arguments.Length);
        PyObject* result = api.PyTuple_New(2);
        bool complete = function != null && tuple != null && result != null;
        for (int i = 0; i < arguments.Length; i++)
        {
            complete &= arguments[i] != 0;
            // SetItem takes over the reference.
            if (tuple != null) api.PyTuple_SetItem(tuple, i, (PyObject*)arguments[i]);
            else References.Drop((PyObject*)arguments[i]);
        }
        if (result != null)
        {
            api.PyTuple_SetItem(result, 0, function);
            api.PyTuple_SetItem(result, 1, tuple);
        }
        else
        {
            References.Drop(function);
            References.Drop(tuple);
        }
        if (complete) return result;
        References.Drop(result);
        return null;
    }

    /// <summary>Returns the handle to which a reference refers, or null with an exception set.</summary>
    internal static PyObject* Resolve(InterpreterState interpreter, PyObject* process, PyObject* id)
    {
        if (process->Type != Api.Table.PyUnicode_Type || id->Type != Api.Table.PyLong_Type)
            return Errors.Type("_pool_by_id() takes a str and an int");
        if (Text.FromPython(process) != Process)
            return Errors.Set(interpreter.SymplastError, "a Pool can be unpickled only in the process that pickled it");
        long number = Api.Table.PyLong_AsLongLong(id);
        if (number == -1 && Api.Table.PyErr_Occurred() != null) return null;
        Pool? pool = PoolTable.Find(number);
        return pool is null ? interpreter.RaiseDeleted(null) : interpreter.HandleOf(pool);
    }
}
