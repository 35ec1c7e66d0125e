using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The module's functions for pools and, for tests, their memory.</summary>
internal static unsafe partial class PoolFunctions
{
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        OneArg("pool_of"u8, &PoolOf, """
            pool_of($module, obj, /)
            --

            Return the Pool in which obj lies, or None.
            """u8),
        NoArgs("current_pool"u8, &GetCurrentPool, """
            current_pool($module, /)
            --

            Return the Pool in which this context allocates: that of the innermost allocating() block, or else the default pool.
            """u8),
        NoArgs("pools"u8, &Pools, """
            pools($module, /)
            --

            Return a list of the pools of this process that are not deleted, oldest first.
            """u8),
        NoArgs("get_pending_limit"u8, &GetPendingLimit, """
            get_pending_limit($module, /)
            --

            The bytes of deleted pools that may wait for interpreters to end before a PendingMemoryWarning is given, or None for
            no limit.

            At first what the environment variable SYMPLAST_PENDING_LIMIT says ("none" for no limit), or 256 MiB. One for the
            process.
            """u8),
        OneArg("set_pending_limit"u8, &SetPendingLimit, """
            set_pending_limit($module, limit, /)
            --

            Set the limit that get_pending_limit() returns. The warning, which is given once, can be given once more.
            """u8),
        FastCall("_pool_by_id"u8, &PoolById, "Unpickle a Pool."u8),
        OneArg("_leaks"u8, &Leaks,
            "Return a tuple for each live object of a Pool, or of all pools if the argument is None."u8),
        OneArg("_live_blocks"u8, &LiveBlocks, "For tests: return the number of blocks of live objects in a Pool."u8),
        OneArg("_waiters"u8, &WaitersOf, "For tests: return how many threads and event loops wait at a live object."u8),
        OneArg("_fail_at"u8, &FailAt,
            "For tests: make the n-th allocation of live objects from now on fail; 0 ends this. Return whether the "u8
            + "allocation chosen before has failed."u8),
        FastCall("_delete_at"u8, &DeleteAt,
            "For tests: delete a Pool during the n-th allocation of live objects from now on, as another thread might. The "u8
            + "allocation fails if the third argument is true. _fail_at(0) ends this."u8),
    };

    [Callback]
    private static partial PyObject* PoolOf(InterpreterState interpreter, PyObject* o)
    {
        if (!ThisProcess.Check()) return null;
        Pool? pool = AddressRange.Contains(o) ? PoolTable.OwnerOf(o) : LiveObjects.PoolOf(interpreter.Live, o);
        return pool is null ? Api.Table._Py_NoneStruct : interpreter.HandleOf(pool);
    }

    [Callback]
    private static partial PyObject* GetCurrentPool(InterpreterState interpreter, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        return interpreter.HandleOf(CurrentPool.Get(interpreter));
    }

    [Callback]
    private static partial PyObject* Pools(InterpreterState interpreter, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        PyObject* list = Api.Table.PyList_New(0);
        if (list == null) return null;
        foreach (Pool pool in PoolTable.Live())
        {
            PyObject* handle = interpreter.HandleOf(pool);
            int failed = handle == null ? -1 : Api.Table.PyList_Append(list, handle);
            References.Drop(handle);
            if (failed == 0) continue;
            References.Drop(list);
            return null;
        }
        return list;
    }

    [Callback]
    private static partial PyObject* GetPendingLimit(PyObject* module, PyObject* none) => PendingMemory.Limit;

    [Callback]
    private static partial PyObject* SetPendingLimit(PyObject* module, PyObject* limit) => PendingMemory.SetLimit(limit);

    [Callback]
    private static partial PyObject* PoolById(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (!ThisProcess.Check()) return null;
        return count == 2
            ? PoolReference.Resolve(interpreter, arguments[0], arguments[1])
            : Errors.Type("_pool_by_id() takes 2 arguments");
    }

    [Callback]
    private static partial PyObject* Leaks(InterpreterState interpreter, PyObject* o)
    {
        if (!ThisProcess.Check()) return null;
        if (o == Api.Table._Py_NoneStruct) return LeakList.Create(interpreter, null);
        if (o->Type != interpreter.PoolType) return Errors.Type($"leaks() takes a Pool or None, not {Text.TypeName(o)}");
        Pool pool = PoolHandle.PoolOf(o);
        return pool.Deleted ? interpreter.RaiseDeleted(pool) : LeakList.Create(interpreter, pool);
    }

    [Callback]
    private static partial PyObject* LiveBlocks(InterpreterState interpreter, PyObject* o)
    {
        if (o->Type != interpreter.PoolType) return Errors.Type("_live_blocks() takes a Pool");
        return Api.Table.PyLong_FromLongLong(PoolHandle.PoolOf(o).Statistics().LiveBlocks);
    }

    [Callback]
    private static partial PyObject* WaitersOf(InterpreterState interpreter, PyObject* o)
    {
        const int AddressBits = 48;
        if (!Handle.Is(interpreter.Live, o)) return Errors.Type("_waiters() takes a live object");
        if (!LiveMethods.IsUsable((Handle*)o)) return null;
        // Each event is the address of a field, or that of the object with the number of a key above.
        void* shared = ((Handle*)o)->Shared;
        return Outgoing.Int(ParkingLot.Count((nuint)shared, Heap.SizeOf(shared), ((nuint)1 << AddressBits) - 1));
    }

    [Callback]
    private static partial PyObject* FailAt(PyObject* module, PyObject* o)
    {
        long n = Api.Table.PyLong_AsLongLong(o);
        if (n == -1 && Api.Table.PyErr_Occurred() != null) return null;
        bool hasFailed = HeapDebug.HasFailed;
        HeapDebug.FailAt(n);
        return hasFailed ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* DeleteAt(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (count != 3 || arguments[0]->Type != interpreter.PoolType)
            return Errors.Type("_delete_at() takes a Pool, a number and a bool");
        long n = Api.Table.PyLong_AsLongLong(arguments[1]);
        if (n == -1 && Api.Table.PyErr_Occurred() != null) return null;
        PoolDebug.DeleteAt(PoolHandle.PoolOf(arguments[0]), n, fails: arguments[2] == Api.Table._Py_TrueStruct);
        return Api.Table._Py_NoneStruct;
    }
}
