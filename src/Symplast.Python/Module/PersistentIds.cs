using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;

namespace Symplast.Python;

/// <summary>
/// Pickles shared objects between interpreters of the process as persistent ids. An id states the address of the object and its
/// pool. Nothing is copied, whatever the size of the object.
/// </summary>
internal static unsafe class PersistentIds
{
    // The low bits of an id are the offset in the address range of 1 TiB (2^40 bytes), in units of 16 bytes. The high bits are
    // the low bits of the pool's number, so that an address that now belongs to another pool is not mistaken for the object that
    // was sent. Negative ids are tickets of live objects.
    const int PlaceBits = 36;
    const ulong PlaceMask = (1UL << PlaceBits) - 1;
    const long PoolMask = (1L << (64 - PlaceBits)) - 1;

    /// <summary>
    /// Returns the id of a shared object, or None for any other object. Raises DeletedError if the pool was deleted. Called for
    /// every object that is pickled.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* IdOf(PyObject* module, PyObject* o) =>
        AddressRange.Contains(o) ? IdOfShared(module, o) : Handle.MayBe(o) ? IdOfLive(module, o) : Api.Table._Py_NoneStruct;

    static PyObject* IdOfLive(PyObject* module, PyObject* o) =>
        Handle.Is(InterpreterState.Of(module).Live, o) ? Parcels.Address((Handle*)o) : Api.Table._Py_NoneStruct;

    static PyObject* IdOfShared(PyObject* module, PyObject* o)
    {
        Pool? pool = PoolTable.OwnerOf(o);
        if (pool is not { Deleted: false }) return InterpreterState.Of(module).RaiseDeleted(pool);
        ulong place = AddressRange.OffsetOf(o) >> 4;
        return Api.Table.PyLong_FromUnsignedLongLong((ulong)(pool.Id & PoolMask) << PlaceBits | place);
    }

    /// <summary>
    /// Returns the object with this id, and gives the calling interpreter a lease on its pool. A number that is not the id of a
    /// finished object raises an exception, so a damaged pickle cannot crash the process.
    /// </summary>
    internal static PyObject* Load(InterpreterState interpreter, PyObject* id)
    {
        if (id->Type != Api.Table.PyLong_Type) return Errors.Type($"a persistent id is an int, not {Text.TypeName(id)}");
        if (((PyLongObject*)id)->IsNegative)
        {
            long ticket = Api.Table.PyLong_AsLongLong(id);
            return ticket == -1 && Api.Table.PyErr_Occurred() != null ? null : Parcels.Collect(interpreter.Live, -ticket);
        }
        ulong number = Api.Table.PyLong_AsUnsignedLongLong(id);
        if (number == ulong.MaxValue && Api.Table.PyErr_Occurred() != null) return null;
        PyObject* o = (PyObject*)AddressRange.At((nuint)((number & PlaceMask) << 4));
        if (o == null) return Errors.Value("not the id of a shared object");
        Pool? pool = PoolTable.OwnerOf(o);
        if (pool is null || (pool.Id & PoolMask) != (long)(number >> PlaceBits)) return interpreter.RaiseDeleted(null);
        // The lease comes first, so that the memory cannot be freed while the mark is read.
        if (!interpreter.Receive(pool)) return null;
        if (ObjectMarks.Get(o) is ObjectMark.None or ObjectMark.InProgress) return Errors.Value("not the id of a shared object");
        return o;
    }
}
