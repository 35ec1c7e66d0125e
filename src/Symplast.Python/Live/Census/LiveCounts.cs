using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The numbers of live objects in <c>pool.stats()</c>. Objects are counted on demand by walking the pool's pages, so that
/// creating and dropping them costs nothing extra.
/// </summary>
internal static unsafe class LiveCounts
{
    /// <summary>A dict of the number of live objects by the name of their type; null with an exception set.</summary>
    internal static PyObject* ByType(InterpreterState interpreter, Pool pool)
    {
        long[] counts = new long[(int)LiveKind.Limit + ClassTable.Count + 1];
        ObjectWalk.Count(interpreter.Live->Me, pool, &Kinds.NumberOf, counts);
        PyObject* dict = Api.Table.PyDict_New();
        for (int number = 0; dict != null && number < counts.Length; number++)
        {
            if (counts[number] == 0) continue;
            string name = Kinds.NameOf(number);
            long count = counts[number];
            // Classes of the same name are counted together.
            for (int later = number + 1; number >= (int)LiveKind.Limit && later < counts.Length; later++)
            {
                if (counts[later] == 0 || Kinds.NameOf(later) != name) continue;
                count += counts[later];
                counts[later] = 0;
            }
            if (!Add(dict, Text.ToPython(name), count)) dict = null;
        }
        return dict;
    }

    /// <summary>A dict of the number of handles by interpreter; null with an exception set.</summary>
    internal static PyObject* Handles(Pool pool)
    {
        PyObject* dict = Api.Table.PyDict_New();
        PoolHeap* heap = pool.KnownHeap;
        if (heap == null) return dict;
        foreach ((long id, long handles) in LiveStates.HandlesInto(heap))
        {
            if (dict != null && !Add(dict, Api.Table.PyLong_FromLongLong(id), handles)) dict = null;
        }
        return dict;
    }

    // Steals the reference to the key, which may be null with an exception set. Drops the dict if it fails.
    static bool Add(PyObject* dict, PyObject* key, long number)
    {
        PyObject* value = Api.Table.PyLong_FromLongLong(number);
        bool done = key != null && value != null && Api.Table.PyDict_SetItem(dict, key, value) == 0;
        References.Drop(key);
        References.Drop(value);
        if (!done) References.Drop(dict);
        return done;
    }
}
