using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Symplast.CPython;

namespace Symplast.Python.Freezing;

/// <summary>Brings originals into the cache before they are visited: they are scattered over the heap.</summary>
internal static unsafe class Prefetching
{
    /// <summary>
    /// Brings items that will be visited soon into the cache: the head of one further ahead, the table or items behind the head
    /// of a nearer one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void LookAhead(PyObject** items, nint index, nint size)
    {
        const nint Far = 6;
        const nint Near = 3;
        if (index + Far >= size) return;
        Fetch(items[index + Far]);
        FetchParts(items[index + Near]);
    }

    /// <summary>The same for the first of some items, whose heads are in the cache already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void LookInside(PyObject** items, nint from, nint size)
    {
        const nint Most = 4;
        size = Math.Min(size, from + Most);
        for (nint i = from; i < size; i++) FetchParts(items[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FetchParts(PyObject* o)
    {
        PyObject* type = o->Type;
        if (type == Api.Table.PyDict_Type)
        {
            byte* table = (byte*)((PyDictObject*)o)->Keys;
            Fetch(table);
            Fetch(table + 64);
        }
        else if (type == Api.Table.PyList_Type) Fetch(((PyListObject*)o)->Items);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Fetch(void* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}
