using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.ByValue;

/// <summary>The shapes of the types of which a record has objects. It owns a reference to each type.</summary>
internal unsafe struct ShapeTable
{
    // The types of members that hold a reference: _Py_T_OBJECT and Py_T_OBJECT_EX.
    const int Reference = 6, ReferenceOrUnset = 16;

    NativeList<Shape> _shapes;
    NativeList<nint> _offsets;

    /// <summary>A shape, by the number that Add returned.</summary>
    internal readonly Shape* this[int number] => _shapes[number];

    /// <summary>The offsets of the members of a shape.</summary>
    internal readonly ReadOnlySpan<nint> MembersOf(Shape* shape) =>
        shape->Members == 0 ? [] : new ReadOnlySpan<nint>(_offsets[shape->FirstMember], shape->Members);

    /// <summary>Adds the shape of a type and returns its number.</summary>
    internal int Add(PyObject* type, Parts parts)
    {
        _shapes.Add(new Shape { Type = type, Parts = parts, FirstMember = _offsets.Count });
        References.Take(type);
        return _shapes.Count - 1;
    }

    /// <summary>
    /// Adds the shape of a type and returns its number, or -1 if the plan is not a tuple of the parts' bits and of the
    /// descriptors of the members.
    /// </summary>
    internal int Add(PyObject* type, PyObject* plan)
    {
        ref Api api = ref Api.Table;
        if (plan->Type != api.PyTuple_Type || ((PyVarObject*)plan)->Size == 0) return -1;
        PyObject** items = Tuples.Items(plan);
        if (items[0]->Type != api.PyLong_Type) return -1;
        int number = Add(type, (Parts)api.PyLong_AsLongLong(items[0]));
        for (nint i = 1; i < ((PyVarObject*)plan)->Size; i++)
        {
            if (items[i]->Type != api.PyMemberDescr_Type) return -1;
            PyMemberDef* member = ((PyMemberDescrObject*)items[i])->Member;
            if (member->Type != Reference && member->Type != ReferenceOrUnset) return -1;
            _offsets.Add(member->Offset);
            _shapes[number]->Members++;
        }
        return number;
    }

    /// <summary>Drops the references to the types, and frees the table.</summary>
    internal void Free()
    {
        for (int i = 0; i < _shapes.Count; i++) References.Drop(_shapes[i]->Type);
        _shapes.Dispose();
        _offsets.Dispose();
    }
}
