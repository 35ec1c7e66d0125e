using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Searches an Array for a number. The elements are exported meanwhile, since Python code may run.
/// </summary>
internal static unsafe partial class ArraySearch
{
    [Callback]
    internal static partial int Contains(Handle* self, PyObject* o)
    {
        if (!ArrayType.TryExport(self, out ArrayView view)) return -1;
        try
        {
            nint found = Find(view, o, 0, view.Count);
            return found == Failed ? -1 : found != Absent ? 1 : 0;
        }
        finally
        {
            view.End();
        }
    }

    [Callback]
    internal static partial PyObject* IndexOf(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("index", count, 1, 3)) return null;
        nint start = 0;
        nint stop = nint.MaxValue;
        if (count > 1 && !TryBound(arguments[1], out start) || count > 2 && !TryBound(arguments[2], out stop)) return null;
        if (!ArrayType.TryExport(handle, out ArrayView view)) return null;
        try
        {
            if (start < 0) start = Math.Max(0, start + view.Count);
            if (stop < 0) stop += view.Count;
            nint found = Find(view, arguments[0], start, Math.Min(stop, view.Count));
            return found == Failed
                ? null : found == Absent ? Errors.Value("array.index(x): x not in array") : Api.Table.PyLong_FromLongLong(found);
        }
        finally
        {
            view.End();
        }
    }

    // A bound of a range. A number that is too large counts as the end.
    static bool TryBound(PyObject* o, out nint bound)
    {
        bound = Api.Table.PyNumber_AsSsize_t(o, null);
        return bound != -1 || Api.Table.PyErr_Occurred() == null;
    }

    [Callback]
    internal static partial PyObject* CountOf(Handle* handle, PyObject* o)
    {
        if (!ArrayType.TryExport(handle, out ArrayView view)) return null;
        try
        {
            long count = 0;
            nint found = -1;
            while ((found = Find(view, o, found + 1, view.Count)) >= 0) count++;
            return found == Failed ? null : Api.Table.PyLong_FromLongLong(count);
        }
        finally
        {
            view.End();
        }
    }

    const nint Absent = -1;
    const nint Failed = -2;

    // The index of the first element in a range that equals an object, as Python compares them; Absent, or Failed with an
    // exception set.
    static nint Find(in ArrayView view, PyObject* o, nint start, nint stop)
    {
        byte* place = view.Data + start * view.Size;
        if (ArrayNumbers.TryPlain(view.Kind, o, out ulong word, out double real))
        {
            bool isReal = Elements.IsReal(view.Kind);
            for (nint i = start; i < stop; i++, place += view.Size)
            {
                ulong found = Elements.At(place, view.Size);
                if (isReal ? Elements.Real(view.Kind, found) == real : found == word) return i;
            }
            return Absent;
        }
        for (nint i = start; i < stop; i++, place += view.Size)
        {
            PyObject* item = ArrayNumbers.ToPython(view.Kind, Elements.At(place, view.Size));
            int equal = item == null ? -1 : Api.Table.PyObject_RichCompareBool(item, o, Comparison.Equal);
            References.Drop(item);
            if (equal < 0 || !LiveMethods.GoesOn(i)) return Failed;
            if (equal > 0) return i;
        }
        return Absent;
    }
}
