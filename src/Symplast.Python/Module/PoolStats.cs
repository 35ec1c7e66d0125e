using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The Python type <c>symplast.PoolStats</c>: a named tuple of what a pool holds.</summary>
internal static unsafe class PoolStats
{
    const int FieldCount = 12;

    // Those that are items of the tuple; the others are attributes only, so that it keeps its length.
    const int ItemCount = 8;

    /// <summary>What every interpreter makes its type from; built once a process.</summary>
    internal static PyStructSequenceDesc* Specification() => Table(new PyStructSequenceDesc
    {
        Name = Text.Utf8("symplast.PoolStats"u8),
        Doc = Text.Utf8("What a pool holds at one moment."u8),
        Fields = Table(
            Field("name"u8, "the pool's name"u8),
            Field("used_bytes"u8, "bytes of its objects, frozen and live; 0 once deleted"u8),
            Field("reserved_bytes"u8, "address space taken; what is untouched of it costs no memory"u8),
            Field("pending_bytes"u8, "bytes of a deleted pool that wait for interpreters which may still hold pointers to end"u8),
            Field("objects"u8, "number of frozen objects"u8),
            Field("interpreters"u8, "number of interpreters that were given pointers into the pool and have not ended"u8),
            Field("max_bytes"u8, "limit for used_bytes, or None"u8),
            Field("deleted"u8, "whether the pool was deleted"u8),
            Field("live_blocks"u8,
                "number of blocks that live objects consist of, their texts included; exact while nobody changes them"u8),
            Field("live_bytes"u8, "bytes of these blocks, which are part of used_bytes"u8),
            Field("live"u8, "a dict of the number of live objects by type; exact while nobody makes or drops any"u8),
            Field("handles"u8, "a dict of the number of handles into the pool by interpreter"u8)),
        VisibleFields = ItemCount,
    });

    /// <summary>A new PoolStats of <paramref name="pool"/>; null with an exception set.</summary>
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
