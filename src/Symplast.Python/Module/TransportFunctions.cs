using Symplast.CPython;
using Symplast.Python.ByValue;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The module's functions for sending objects between interpreters.</summary>
internal static unsafe partial class TransportFunctions
{
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        OneArg("_persistent_id"u8, &PersistentId,
            "Pickler.persistent_id: return the id of a shared object, None for other objects."u8),
        OneArg("_persistent_load"u8, &PersistentLoad, "Unpickler.persistent_load: return the shared object with an id."u8),
        FastCall("_live_by_ticket"u8, &LiveByTicket, "Unpickle a live object."u8),
        FastCall("_contents"u8, &ContentsOf,
            "Return a record of the contents of a value; None if it holds an object that may change unseen; or a list of the "u8
            + "types that are missing in the second argument, a dict of plans by type. Shared objects are appended to the "u8
            + "third, a list."u8),
        FastCall("_holds_contents"u8, &HoldsContents, "Return whether a value has the contents that _contents() recorded."u8),
        OneArg("_containers_of"u8, &ContainersOf, "Return the ids of the objects that may change in a record of _contents()."u8),
        FastCall("_pack"u8, &Pack,
            "Call dumps(obj, sender), in which live objects may be pickled. Return the result, and the parcel that holds "u8
            + "these objects or None."u8),
        OneArg("_deposit_data"u8, &DepositData,
            "Store bytes in the open parcel, so that many messages can name them. Return their ticket."u8),
        OneArg("_deposited_data"u8, &DepositedData, "Return the bytes with a ticket."u8),
        OneArg("_attach_parcel"u8, &AttachParcel,
            "Make the open parcel hold another parcel, because its data also name that parcel's live objects."u8),
    };

    [Callback]
    private static partial PyObject* PersistentId(PyObject* module, PyObject* o) => PersistentIds.IdOf(module, o);

    [Callback]
    private static partial PyObject* PersistentLoad(InterpreterState interpreter, PyObject* id) =>
        ThisProcess.Check() ? PersistentIds.Load(interpreter, id) : null;

    [Callback]
    private static partial PyObject* LiveByTicket(InterpreterState interpreter, PyObject** arguments, nint count) =>
        ThisProcess.Check() ? LivePickles.Load(interpreter, arguments, count) : null;

    [Callback]
    private static partial PyObject* ContentsOf(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        return count == 3 && arguments[1]->Type == Api.Table.PyDict_Type && arguments[2]->Type == Api.Table.PyList_Type
            ? PlainContents.Of(interpreter.Live, arguments[0], arguments[1], arguments[2])
            : Errors.Type("_contents() takes a value, a dict of plans by type and a list");
    }

    [Callback]
    private static partial PyObject* HoldsContents(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 2) return Errors.Type("_holds_contents() takes a record and a value");
        bool holds = PlainContents.Holds(arguments[0], arguments[1]);
        return holds ? Api.Table._Py_TrueStruct : Api.Table.PyErr_Occurred() != null ? null : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* ContainersOf(PyObject* module, PyObject* record) => PlainContents.ContainersOf(record);

    [Callback]
    private static partial PyObject* Pack(PyObject* module, PyObject** arguments, nint count)
    {
        if (!ThisProcess.Check()) return null;
        return count == 3
            ? ParcelHandle.Pack(arguments[0], arguments[1], arguments[2])
            : Errors.Type("_pack() takes a function, an object and a sender");
    }

    [Callback]
    private static partial PyObject* DepositData(PyObject* module, PyObject* data)
    {
        if (data->Type != Api.Table.PyBytes_Type) return Errors.Type("_deposit_data() takes bytes");
        return Parcels.Deposit(
            new ReadOnlySpan<byte>((byte*)data + PyBytesObject.DataOffset, checked((int)((PyBytesObject*)data)->Size)));
    }

    [Callback]
    private static partial PyObject* DepositedData(PyObject* module, PyObject* number)
    {
        long ticket = Api.Table.PyLong_AsLongLong(number);
        return ticket == -1 && Api.Table.PyErr_Occurred() != null ? null : Parcels.Read(ticket);
    }

    [Callback]
    private static partial PyObject* AttachParcel(PyObject* module, PyObject* parcel)
    {
        if (!ParcelHandle.Read(parcel, out long number)) return null;
        Parcels.Attach(number);
        return Api.Table._Py_NoneStruct;
    }
}
