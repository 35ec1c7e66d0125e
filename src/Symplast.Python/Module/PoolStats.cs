using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The Python type <c>symplast.PoolStats</c>: a named tuple of the contents of a pool.</summary>
internal static unsafe class PoolStats
{
    const int FieldCount = 12;

    // The first fields are items of the tuple. The others are attributes only, so that the length of the tuple does not change.
    const int ItemCount = 8;

    /// <summary>The description from which every interpreter makes its type; built once a process.</summary>
    internal static PyStructSequenceDesc* Specification() => Table(new PyStructSequenceDesc
    {
        Name = Text.Utf8("symplast.PoolStats"u8),
        Doc = Text.Utf8("The contents of a pool at one moment."u8),
        Fields = Table(
            Field("name"u8, "the pool's name"u8),
            Field("used_bytes"u8, "bytes of its objects, frozen and live; 0 once deleted"u8),
            Field("reserved_bytes"u8, "bytes of reserved address space; pages that were never used cost no memory"u8),
            Field("pending_bytes"u8, "bytes of a deleted pool that stay until interpreters that may hold pointers have ended"u8),
            Field("objects"u8, "number of frozen objects"u8),
            Field("interpreters"u8, "number of interpreters that were given pointers into the pool and have not ended"u8),
            Field("max_bytes"u8, "limit for used_bytes, or None"u8),
            Field("deleted"u8, "whether the pool was deleted"u8),
            Field("live_blocks"u8,
                "number of memory blocks of live objects and their texts; exact while nothing changes"u8),
            Field("live_bytes"u8, "bytes of these blocks, which are part of used_bytes"u8),
            Field("live"u8, "a dict of the numbers of live objects by type; exact while none is made or freed"u8),
            Field("handles"u8, "a dict of the numbers of handles of the pool's objects by interpreter"u8)),
        VisibleFields = ItemCount,
    });

    /// <summary>Returns a new PoolStats of <paramref name="pool"/>, or null with an exception set.</summary>
    internal static PyObject* Create(InterpreterState interpreter, Pool pool)
    {
        ref Api api = ref Api.Table;
        PoolStatistics now = pool.Statistics();
        PyObject* stats = api.PyStructSequence_New(interpreter.PoolStatsType);
        if (stats == null) return null;
        PyObject** fields = stackalloc PyObject*[FieldCount];
        fields[0] = Text.ToPython(pool.Name);
        fields[1] = api.PyLong_FromLongLong(now.UsedBytes);
        fields[2] = api.PyLong_FromLongLong(now.ReservedBytes);
        fields[3] = api.PyLong_FromLongLong(now.PendingBytes);
        fields[4] = api.PyLong_FromLongLong(now.Objects);
        fields[5] = api.PyLong_FromLongLong(now.Interpreters);
        fields[6] = pool.MaxBytes == long.MaxValue ? api._Py_NoneStruct : api.PyLong_FromLongLong(pool.MaxBytes);
        fields[7] = pool.Deleted ? api._Py_TrueStruct : api._Py_FalseStruct;
        fields[8] = api.PyLong_FromLongLong(now.LiveBlocks);
        fields[9] = api.PyLong_FromLongLong(now.LiveBytes);
        fields[10] = LiveCounts.ByType(interpreter, pool);
        fields[11] = LiveCounts.Handles(pool);
        bool complete = true;
        for (int i = 0; i < FieldCount; i++)
        {
            complete &= fields[i] != null;
            api.PyStructSequence_SetItem(stats, i, fields[i]);
        }
        if (complete) return stats;
        References.Drop(stats);
        return null;
    }

    static PyStructSequenceField Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> doc) =>
        new() { Name = Text.Utf8(name), Doc = Text.Utf8(doc) };
}
