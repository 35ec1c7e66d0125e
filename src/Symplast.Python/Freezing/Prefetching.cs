using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Symplast.CPython;

namespace Symplast.Python.Freezing;

/// <summary>Prefetches originals, which are scattered over the heap, into the cache before they are visited.</summary>
internal static unsafe class Prefetching
{
    /// <summary>
    /// Prefetches items that will be visited soon: the header of an item further ahead, and the table or items of a nearer item
    /// whose header is already in the cache.
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

    /// <summary>Prefetches the tables or items of the first few items, whose headers are already in the cache.</summary>
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
