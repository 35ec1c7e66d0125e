using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;

namespace Symplast.Python;

// Functions for live objects: on their attributes; and what the package itself calls, for their classes, their way between
// interpreters, and tests.
public static unsafe partial class Module
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Add(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            return ObjectType.Add(arguments, count);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CompareExchange(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            return ObjectType.CompareExchange(arguments, count);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Pack(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            return count == 3
                ? ParcelHandle.Pack(arguments[0], arguments[1], arguments[2])
                : Errors.Type("_pack() takes a function, an object and a sender");
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* DepositData(PyObject* module, PyObject* data)
    {
        try
        {
            if (data->Type != Api.Table.PyBytes_Type) return Errors.Type("_deposit_data() takes bytes");
            return Parcels.Deposit(
                new ReadOnlySpan<byte>((byte*)data + PyBytesObject.DataOffset, checked((int)((PyBytesObject*)data)->Size)));
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* DepositedData(PyObject* module, PyObject* number)
    {
        try
        {
            long ticket = Api.Table.PyLong_AsLongLong(number);
            return ticket == -1 && Api.Table.PyErr_Occurred() != null ? null : Parcels.Read(ticket);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* AttachParcel(PyObject* module, PyObject* parcel)
    {
        try
        {
            if (!ParcelHandle.Read(parcel, out long number)) return null;
            Parcels.Attach(number);
            return Api.Table._Py_NoneStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LiveByTicket(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            return ThisProcess.Check() ? LivePickles.Load(InterpreterState.Of(module), arguments, count) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Leaks(PyObject* module, PyObject* o)
    {
        try
        {
            if (!ThisProcess.Check()) return null;
            InterpreterState interpreter = InterpreterState.Of(module);
            if (o == Api.Table._Py_NoneStruct) return LeakList.Create(interpreter, null);
            if (o->Type != interpreter.PoolType) return Errors.Type($"leaks() takes a Pool or None, not {Text.TypeName(o)}");
            Pool pool = PoolHandle.PoolOf(o);
            return pool.Deleted ? interpreter.RaiseDeleted(pool) : LeakList.Create(interpreter, pool);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* LiveBlocks(PyObject* module, PyObject* o)
    {
        try
        {
            if (o->Type != InterpreterState.Of(module).PoolType) return Errors.Type("_live_blocks() takes a Pool");
            return Api.Table.PyLong_FromLongLong(PoolHandle.PoolOf(o).Statistics().LiveBlocks);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* FailAt(PyObject* module, PyObject* o)
    {
        try
        {
            long n = Api.Table.PyLong_AsLongLong(o);
            if (n == -1 && Api.Table.PyErr_Occurred() != null) return null;
            bool hasFailed = HeapDebug.HasFailed;
            HeapDebug.FailAt(n);
            return hasFailed ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* DeleteAt(PyObject* module, PyObject** arguments, nint count)
    {
        try
        {
            if (count != 3 || arguments[0]->Type != InterpreterState.Of(module).PoolType)
                return Errors.Type("_delete_at() takes a Pool, a number and a bool");
            long n = Api.Table.PyLong_AsLongLong(arguments[1]);
            if (n == -1 && Api.Table.PyErr_Occurred() != null) return null;
            PoolDebug.DeleteAt(PoolHandle.PoolOf(arguments[0]), n, fails: arguments[2] == Api.Table._Py_TrueStruct);
            return Api.Table._Py_NoneStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }
}
