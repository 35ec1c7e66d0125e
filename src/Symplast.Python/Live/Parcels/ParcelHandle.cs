using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Live;

/// <summary>
/// A parcel that Python code owns: a capsule that drops the parcel when it is deallocated, until other code takes ownership. A
/// signal handler's exception, which may come between any two calls, thus leaks no parcel.
/// </summary>
internal static unsafe class ParcelHandle
{
    static byte* Name => Text.Utf8("symplast.parcel"u8);

    /// <summary>
    /// Calls <paramref name="dumps"/>(obj, sender) with a parcel open. Returns (data, parcel), where parcel is None if the data
    /// name no live objects; null with an exception set.
    /// </summary>
    internal static PyObject* Pack(PyObject* dumps, PyObject* o, PyObject* sender)
    {
        ref Api api = ref Api.Table;
        PyObject** arguments = stackalloc PyObject*[] { o, sender };
        Parcels.Open();
        PyObject* data = api.PyObject_Vectorcall(dumps, arguments, 2, null);
        long number = Parcels.Close();
        PyObject* parcel = New(number);
        PyObject* result = data == null || parcel == null ? null : api.PyTuple_New(2);
        if (result != null)
        {
            api.PyTuple_SetItem(result, 0, data);
            api.PyTuple_SetItem(result, 1, parcel);
            return result;
        }
        References.Drop(data);
        if (parcel == null) Parcels.Drop(number);
        else References.Drop(parcel);
        return null;
    }

    /// <summary>
    /// Returns the Python object that owns a parcel, None for 0. Null with an exception set; the parcel then stays the caller's.
    /// </summary>
    internal static PyObject* New(long number) =>
        number == 0 ? References.New(Api.Table._Py_NoneStruct) : Api.Table.PyCapsule_New((void*)number, Name, &Dispose);

    /// <summary>
    /// Reads the number of a parcel, 0 for None. Returns false with an exception set if the object is neither, or has lost its
    /// parcel.
    /// </summary>
    internal static bool Read(PyObject* parcel, out long number)
    {
        number = 0;
        if (parcel == Api.Table._Py_NoneStruct) return true;
        number = (long)Api.Table.PyCapsule_GetPointer(parcel, Name);
        return number != 0;
    }

    /// <summary>Passes ownership of the parcel to the caller, who must drop it.</summary>
    internal static void Release(PyObject* parcel)
    {
        if (parcel != Api.Table._Py_NoneStruct) Api.Table.PyCapsule_SetDestructor(parcel, null);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dispose(PyObject* capsule)
    {
        if (!ForkGuard.IsForkedChild) Parcels.Drop((long)Api.Table.PyCapsule_GetPointer(capsule, Name));
    }
}
