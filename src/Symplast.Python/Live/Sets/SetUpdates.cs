using Symplast.CPython;
using Symplast.Objects;
using Sets = Symplast.Objects.OrderedSet;

namespace Symplast.Python.Live;

/// <summary>Changes of a Set by all elements of another iterable. They are atomic for each member, not as a whole.</summary>
internal static unsafe class SetUpdates
{
    /// <summary>
    /// Adds one element after the other. As in set, those before a failure stay. Returns false with an exception set.
    /// </summary>
    internal static bool AddAll(Handle* handle, PyObject* other)
    {
        if (!LiveMethods.CheckAlive(handle)) return false;
        if (HasElements(other)) return AddListed(handle, other);
        PyObject* iterator = Api.Table.PyObject_GetIter(other);
        bool done = iterator != null;
        PyObject* element;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && (element = Api.Table.PyIter_Next(iterator)) != null; i++)
        {
            done = SetMembers.AddOne(handle, element) is Status.Done or Status.Exists;
            References.Drop(element);
        }
        References.Drop(iterator);
        return done && Api.Table.PyErr_Occurred() == null;
    }

    // Whether an object's elements can be listed without running Python code. Listing them first then has no visible effect.
    static bool HasElements(PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        return type == api.PyList_Type || type == api.PyTuple_Type || type == api.PySet_Type || type == api.PyFrozenSet_Type
            || type == api.PyDict_Type;
    }

    static bool AddListed(Handle* handle, PyObject* other)
    {
        PyObject* elements = LiveMethods.Hidden(Api.Table.PySequence_List(other));
        if (elements == null) return false;
        nint index = 0;
        bool done = MapFilling.Set(handle, elements, &SetMembers.TryKey, ref index);
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && index < ((PyListObject*)elements)->Size; i++)
            done = SetMembers.AddOne(handle, ((PyListObject*)elements)->Items[index++]) is Status.Done or Status.Exists;
        References.Drop(elements);
        return done;
    }

    /// <summary>Removes each element of another iterable. Returns false with an exception set.</summary>
    internal static bool RemoveAll(Handle* handle, PyObject* other)
    {
        if (other == (PyObject*)handle) return RemoveEverything(handle);
        PyObject* iterator = LiveMethods.CheckAlive(handle) ? Api.Table.PyObject_GetIter(other) : null;
        bool done = iterator != null;
        PyObject* element;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && (element = Api.Table.PyIter_Next(iterator)) != null; i++)
        {
            done = SetMembers.RemoveOne(handle, element, setsAreFrozen: false) is Status.Done or Status.Missing;
            References.Drop(element);
        }
        References.Drop(iterator);
        return done && Api.Table.PyErr_Occurred() == null;
    }

    /// <summary>Removes each element of another iterable that is a member, and adds each that is not.</summary>
    internal static bool ToggleAll(Handle* handle, PyObject* other)
    {
        if (other == (PyObject*)handle) return RemoveEverything(handle);
        // Each element is toggled once, however often the other iterable yields it.
        PyObject* allowed = LiveMethods.CheckAlive(handle) ? Nesting.Allowed(handle->State, other, isPairs: false) : null;
        PyObject* plain = allowed == null ? null : Api.Table.PySet_New(allowed);
        References.Drop(allowed);
        PyObject* iterator = plain == null ? null : Api.Table.PyObject_GetIter(plain);
        bool done = iterator != null;
        PyObject* element;
        while (done && (element = Api.Table.PyIter_Next(iterator)) != null)
        {
            Status status;
            // Repeated if another thread has added the element after it was found missing.
            do
            {
                status = SetMembers.RemoveOne(handle, element, setsAreFrozen: false);
                if (status == Status.Missing) status = SetMembers.AddOne(handle, element);
            } while (status == Status.Exists);
            done = status == Status.Done;
            References.Drop(element);
        }
        References.Drop(iterator);
        References.Drop(plain);
        return done && Api.Table.PyErr_Occurred() == null;
    }

    /// <summary>Removes the members that are not in another iterable. Returns false with an exception set.</summary>
    internal static bool KeepOnly(Handle* handle, PyObject* other) => KeepOnly(handle, &other, 1);

    /// <summary>
    /// Removes the members that are not in all of some iterables. Elements that other threads add meanwhile stay, since the
    /// operation did not consider them.
    /// </summary>
    internal static bool KeepOnly(Handle* handle, PyObject** others, nint count)
    {
        PyObject* plain = SetType.ToPlain(handle);
        PyObject* kept = plain == null ? null : SetMethods.Call(handle->State, plain, "intersection"u8, others, count);
        PyObject* gone = kept == null ? null : Api.Table.PyNumber_Subtract(plain, kept);
        References.Drop(plain);
        References.Drop(kept);
        bool done = gone != null && RemoveAll(handle, gone);
        References.Drop(gone);
        return done;
    }

    /// <summary>Removes all members at one moment.</summary>
    internal static bool RemoveEverything(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = Sets.Clear(handle->State->Me, SetType.SetOf(handle));
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }
}
