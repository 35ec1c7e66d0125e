using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Tree = Symplast.Objects.SortedMap;

namespace Symplast.Python.Live;

/// <summary>Raises the errors for objects that have no place in the order of a SortedDict.</summary>
internal static unsafe class UnsortableKeys
{
    /// <summary>
    /// Raises the error that states why an object cannot be a key: it has no order, or is of another kind than the keys. The
    /// probe is empty if the object cannot be a value.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* Raise(Handle* handle, PyObject* o, in Probe probe)
    {
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        bool isDeleted = SharedObject.IsDeleted((SharedObject*)handle->Shared);
        OrderingClass kind = isDeleted ? OrderingClass.None : probe.Class;
        OrderingClass others = OrderingClass.None;
        if (!isDeleted && Tree.First(state->Me, (SortedMap*)handle->Shared, out Value first, out _) == Status.Done)
            others = Ordering.ClassOf(first);
        section.Exit(state->Me);
        if (isDeleted) return LiveErrors.RaiseDeleted(handle);
        string type = Text.TypeName(o);
        string place = Place.Item((PyObject*)handle, o).Describe();
        if (kind == OrderingClass.Tuple && others == OrderingClass.Tuple) return RaiseMixed(handle, place, probe);
        if (kind != OrderingClass.None)
            return Errors.Type($"{place}: the keys of this SortedDict are {Name(others)}, {type} cannot be sorted among them");
        if (IsNaN(o)) return Errors.Value($"{place}: NaN cannot be a key of a SortedDict, it has no place in an order");
        bool isTuple = (Layout.TypeFlags(o->Type) & PyTypeSpec.TupleSubclass) != 0;
        if (isTuple && HoldsNaN(o, 1))
            return Errors.Value($"{place}: a tuple with NaN in it cannot be a key of a SortedDict, it has no place in an order");
        return Errors.Type(isTuple
            ? $"{place}: a tuple with an item that has no order cannot be a key of a SortedDict"
            : $"{place}: the keys of a SortedDict are numbers, str, bytes or tuples of these, not {type}");
    }

    // Raises the error that names the key with which a tuple cannot be compared, if the map still has that key.
    static PyObject* RaiseMixed(Handle* handle, string place, in Probe probe)
    {
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        bool isMixed = IsMixed(handle, probe, out OrderingClass first, out OrderingClass second);
        section.Exit(state->Me);
        return Errors.Type(isMixed
            ? $"{place}: the keys of this SortedDict are tuples with {Name(first)} where this one has {Name(second)}, they "
                + "cannot be sorted"
            : $"{place}: this tuple cannot be sorted among the keys of this SortedDict");
    }

    // Whether a tuple has no order with a neighbour of its place. Called inside a section.
    static bool IsMixed(Handle* handle, in Probe probe, out OrderingClass first, out OrderingClass second)
    {
        first = second = OrderingClass.None;
        Participant* me = handle->State->Me;
        return Tree.Floor(me, (SortedMap*)handle->Shared, probe, out Value below, out _) == Status.Done
            && !Ordering.HaveOrder(below, probe.AsValue, out first, out second)
            || Tree.Ceiling(me, (SortedMap*)handle->Shared, probe, out Value above, out _) == Status.Done
                && !Ordering.HaveOrder(above, probe.AsValue, out first, out second);
    }

    /// <summary>Whether a bound of a range is a tuple that cannot be compared with all keys; an exception is set then.</summary>
    internal static bool RefusesBound(Handle* handle, PyObject* bound, in Probe probe)
    {
        if (probe.Kind != ValueKind.Tuple) return false;
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        bool isMixed = IsMixed(handle, probe, out _, out _);
        section.Exit(state->Me);
        return isMixed && Raise(handle, bound, probe) == null;
    }

    static bool IsNaN(PyObject* o) =>
        Api.Table.PyType_IsSubtype(o->Type, Api.Table.PyFloat_Type) != 0 && double.IsNaN(((PyFloatObject*)o)->Value);

    static bool HoldsNaN(PyObject* o, int depth)
    {
        if ((Layout.TypeFlags(o->Type) & PyTypeSpec.TupleSubclass) == 0) return IsNaN(o);
        for (nint i = 0; i < ((PyVarObject*)o)->Size && depth < TupleBlob.MaximumDepth; i++)
        {
            if (HoldsNaN(Tuples.Items(o)[i], depth + 1)) return true;
        }
        return false;
    }

    static string Name(OrderingClass kind) => kind switch
    {
        OrderingClass.Number => "numbers",
        OrderingClass.Text => "str",
        OrderingClass.Bytes => "bytes",
        OrderingClass.Tuple => "tuples",
        // The other keys have been removed meanwhile.
        _ => "of another kind",
    };
}
