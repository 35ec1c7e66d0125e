using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// Operators that apply the plain types' operators to plain copies, each of one moment. All return a new reference, or null with
/// an exception set.
/// </summary>
internal static unsafe class PlainForms
{
    /// <summary>A plain copy of a live object, or the object itself if it is not live.</summary>
    internal static PyObject* Of(LiveState* state, PyObject* o) =>
        Handle.Is(state, o) ? LiveObjects.ToPlain(state, o) : References.New(o);

    /// <summary>
    /// The slot <c>tp_richcompare</c>; <paramref name="isComparable"/> tells what the type can be compared with.
    /// </summary>
    internal static PyObject* Compare(
        PyObject* self, PyObject* other, int comparison, delegate*<LiveState*, PyObject*, bool> isComparable)
    {
        LiveState* state = ((Handle*)self)->State;
        if (!isComparable(state, other))
            return LiveMethods.CheckAlive((Handle*)self) ? Api.Table._Py_NotImplementedStruct : null;
        PyObject* result = TryBoth(state, self, other, out PyObject* first, out PyObject* second)
            ? Api.Table.PyObject_RichCompare(first, second, comparison) : null;
        References.Drop(first);
        References.Drop(second);
        return result;
    }

    /// <summary>
    /// The slot of an operator, a function of the C API, that takes what <paramref name="isOperand"/> says; one of the two is a
    /// live object of our own.
    /// </summary>
    internal static PyObject* Combine(
        PyObject* left, PyObject* right, PyObject* own, delegate*<LiveState*, PyObject*, bool> isOperand,
            delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> operation)
    {
        LiveState* state = ((Handle*)own)->State;
        if (isOperand(state, left) && isOperand(state, right)) return Combine(state, left, right, operation);
        return LiveMethods.CheckAlive((Handle*)own) ? Api.Table._Py_NotImplementedStruct : null;
    }

    /// <summary>Applies an operator of the C API to the plain forms of both operands.</summary>
    internal static PyObject* Combine(
        LiveState* state, PyObject* left, PyObject* right, delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*> operation)
    {
        PyObject* result = TryBoth(state, left, right, out PyObject* first, out PyObject* second)
            ? operation(first, second) : null;
        References.Drop(first);
        References.Drop(second);
        return result;
    }

    /// <summary>The slot <c>sq_repeat</c>.</summary>
    internal static PyObject* Repeat(PyObject* self, nint times)
    {
        PyObject* plain = LiveObjects.ToPlain(((Handle*)self)->State, self);
        PyObject* number = plain == null ? null : Api.Table.PyLong_FromLongLong(times);
        PyObject* result = number == null ? null : Api.Table.PyNumber_Multiply(plain, number);
        References.Drop(plain);
        References.Drop(number);
        return result;
    }

    // If both are the same object, one copy serves for both.
    static bool TryBoth(LiveState* state, PyObject* left, PyObject* right, out PyObject* first, out PyObject* second)
    {
        first = Of(state, left);
        second = first == null ? null : left == right ? References.New(first) : Of(state, right);
        return second != null;
    }
}
