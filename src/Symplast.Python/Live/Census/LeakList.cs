using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>A <see cref="Census"/> as Python objects, from which <c>symplast.leaks()</c> is made.</summary>
internal static unsafe class LeakList
{
    /// <summary>
    /// A list of tuples (type, pool, size, references, interpreters with a handle, held by, created), one for each live object of
    /// a pool, or of all pools if it is null. Returns null with an exception set.
    /// </summary>
    internal static PyObject* Create(InterpreterState interpreter, Pool? wanted)
    {
        PyObject* list = Api.Table.PyList_New(0);
        if (LiveMethods.Hidden(list) == null) return null;
        bool complete;
        using (Census census = Census.Take(interpreter.Live->Me)) complete = Fill(interpreter, census, wanted, list);
        if (complete)
        {
            Api.Table.PyObject_GC_Track(list);
            return list;
        }
        References.Drop(list);
        return null;
    }

    static bool Fill(InterpreterState interpreter, in Census census, Pool? wanted, PyObject* list)
    {
        for (int i = 0; i < census.Count; i++)
        {
            if (!LiveMethods.GoesOn(i)) return false;
            if (!census.TryDescribe(i, out Pool? pool, out string type, out long size, out int references, out string? place))
                continue;
            if (wanted is not null && wanted != pool) continue;
            PyObject* item = Tuple(
            [
                (nint)Text.ToPython(type),
                (nint)interpreter.HandleOf(pool!),
                (nint)Api.Table.PyLong_FromLongLong(size),
                (nint)Api.Table.PyLong_FromLongLong(references),
                (nint)Holders(census[i]),
                (nint)Text.ToPython(census.HolderOf(i).ToString().ToLowerInvariant()),
                (nint)(place is null ? Api.Table._Py_NoneStruct : Text.ToPython(place)),
            ]);
            int failed = item == null ? -1 : Api.Table.PyList_Append(list, item);
            References.Drop(item);
            if (failed != 0) return false;
        }
        return true;
    }

    static PyObject* Holders(Header* o)
    {
        const int Usual = 64;
        Span<long> interpreters = stackalloc long[Usual];
        int count = LiveStates.HoldersOf(o, interpreters);
        if (count > Usual)
        {
            interpreters = new long[count];
            count = Math.Min(LiveStates.HoldersOf(o, interpreters), count);
        }
        nint[] numbers = new nint[count];
        for (int i = 0; i < count; i++) numbers[i] = (nint)Api.Table.PyLong_FromLongLong(interpreters[i]);
        return Tuple(numbers);
    }

    // Steals the references. If one is null with an exception set, returns null.
    static PyObject* Tuple(ReadOnlySpan<nint> items)
    {
        PyObject* tuple = Api.Table.PyTuple_New(items.Length);
        bool complete = tuple != null;
        for (int i = 0; i < items.Length; i++)
        {
            complete &= items[i] != 0;
            if (tuple != null) Api.Table.PyTuple_SetItem(tuple, i, (PyObject*)items[i]);
            else References.Drop((PyObject*)items[i]);
        }
        if (complete) return tuple;
        References.Drop(tuple);
        return null;
    }
}
