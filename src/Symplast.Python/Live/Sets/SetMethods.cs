using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Sets = Symplast.Objects.OrderedSet;

namespace Symplast.Python.Live;

/// <summary>
/// The methods of Set. Those that make a plain set of the whole Set are applied by the plain type to a copy of one moment.
/// </summary>
internal static unsafe partial class SetMethods
{
    internal static PyMethodDef* Methods() => Table(
        OneArg("add"u8, &Add,
            "add($self, element, /)\n--\n\nAdd an element to the set. Has no effect if the element is already present."u8),
        OneArg("discard"u8, &Discard, "discard($self, element, /)\n--\n\nRemove an element from the set if it is a member."u8),
        OneArg("remove"u8, &Remove,
            "remove($self, element, /)\n--\n\n"u8
            + "Remove an element. KeyError if it is not a member. Of several callers one succeeds."u8),
        NoArgs("pop"u8, &Pop, "pop($self, /)\n--\n\n"u8
            + "Remove and return the element that was added first. KeyError if the set is empty. No two callers get the same."u8),
        NoArgs("clear"u8, &Clear, "clear($self, /)\n--\n\nAtomically remove all elements."u8),
        NoArgs("copy"u8, &Copy, "copy($self, /)\n--\n\nReturn a plain set of the elements at one moment."u8),
        NoArgs("__copy__"u8, &CopyShared,
            "__copy__($self, /)\n--\n\nReturn a new Set in the same pool with the elements of one moment, for copy.copy()."u8),
        OneArg("__deepcopy__"u8, &CopyDeep, "__deepcopy__($self, memo, /)\n--\n\n"u8
            + "Return a new Set in the same pool with copies of the elements of one moment, for copy.deepcopy()."u8),
        FastCall("update"u8, &Update, "update($self, /, *others)\n--\n\nAdd the elements of all others one after the other."u8),
        FastCall("intersection_update"u8, &IntersectionUpdate, "intersection_update($self, /, *others)\n--\n\n"u8
            + "Take the elements of one moment, and remove those that are not in all others one after the other."u8),
        FastCall("difference_update"u8, &DifferenceUpdate,
            "difference_update($self, /, *others)\n--\n\nRemove the elements of all others one after the other."u8),
        OneArg("symmetric_difference_update"u8, &SymmetricDifferenceUpdate,
            "symmetric_difference_update($self, other, /)\n--\n\n"u8
            + "For each element of other, remove it if it is a member, else add it."u8),
        FastCall("union"u8, &Union,
            "union($self, /, *others)\n--\n\nReturn a plain set with the elements of this set and of all others."u8),
        FastCall("intersection"u8, &Intersection,
            "intersection($self, /, *others)\n--\n\nReturn a plain set with the elements common to this set and all others."u8),
        FastCall("difference"u8, &Difference,
            "difference($self, /, *others)\n--\n\nReturn a plain set with the elements that are in none of the others."u8),
        OneArg("symmetric_difference"u8, &SymmetricDifference,
            "symmetric_difference($self, other, /)\n--\n\n"u8
            + "Return a plain set with the elements that are in exactly one of the sets."u8),
        OneArg("isdisjoint"u8, &IsDisjoint, "isdisjoint($self, other, /)\n--\n\nReturn whether there is no common element."u8),
        OneArg("issubset"u8, &IsSubset, "issubset($self, other, /)\n--\n\nReturn whether the other contains this set."u8),
        OneArg("issuperset"u8, &IsSuperset, "issuperset($self, other, /)\n--\n\nReturn whether this set contains the other."u8),
        Method("__class_getitem__"u8, Api.Table.Py_GenericAlias, PyMethodDef.OneArg | PyMethodDef.Class, "See PEP 585"u8));

    [Callback]
    private static partial PyObject* Add(Handle* self, PyObject* element) =>
        SetMembers.AddOne(self, element) is Status.Done or Status.Exists ? Api.Table._Py_NoneStruct : null;

    [Callback]
    private static partial bool Discard(Handle* handle, PyObject* element) =>
        SetMembers.RemoveOne(handle, element, setsAreFrozen: true) is Status.Done or Status.Missing;

    [Callback]
    private static partial bool Remove(Handle* handle, PyObject* element)
    {
        Status status = SetMembers.RemoveOne(handle, element, setsAreFrozen: true);
        return status == Status.Done || status == Status.Missing && LiveMethods.RaiseKey(element) != null;
    }

    [Callback]
    private static partial PyObject* Pop(Handle* handle, PyObject* none)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        Status status;
        Value element;
        PoolHeap* held;
        do
        {
            Section section = Section.Enter(state->Me);
            status = Sets.TakeFirst(state->Me, SetType.SetOf(handle), UnknownClasses.Guard(state), out element);
            held = status == Status.Done ? Outgoing.Hold(element) : null;
            UnknownClasses.Note(state, status);
            section.Exit(state->Me);
            if (status == Status.Refused && !LiveState.Again(state)) return null;
        } while (status == Status.Refused);
        if (status == Status.Missing) return Errors.Set(*Api.Table.PyExc_KeyError, "pop from an empty set");
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        return Outgoing.Give(state, element, held);
    }

    [Callback]
    private static partial bool Clear(Handle* handle, PyObject* none) => SetUpdates.RemoveEverything(handle);

    [Callback]
    private static partial PyObject* Copy(Handle* handle, PyObject* none) => SetType.ToPlain(handle);

    [Callback]
    private static partial PyObject* CopyShared(Handle* handle, PyObject* none) => Duplicate(handle, null);

    [Callback]
    private static partial PyObject* CopyDeep(Handle* handle, PyObject* memo) => Duplicate(handle, memo);

    // Copies the set. With a memo, the elements are copied, too.
    static PyObject* Duplicate(Handle* handle, PyObject* memo)
    {
        PyObject* elements = SetType.NewIterator(handle);
        PyObject* made = elements == null ? null : Creation.Beside(handle, &Sets.Create);
        bool done = made != null && (memo == null || LiveMethods.Remember(memo, (PyObject*)handle, made));
        PyObject* element;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && (element = Api.Table.PyIter_Next(elements)) != null; i++)
        {
            PyObject* copy = memo == null ? References.New(element) : LiveMethods.CopyDeep(element, memo);
            done = copy != null && SetMembers.AddOne((Handle*)made, copy) is Status.Done or Status.Exists;
            References.Drop(copy);
            References.Drop(element);
        }
        References.Drop(elements);
        if (done && Api.Table.PyErr_Occurred() == null) return made;
        References.Drop(made);
        return null;
    }

    [Callback]
    private static partial PyObject* Update(PyObject* self, PyObject** others, nint count) =>
        ForEach(self, others, count, &SetUpdates.AddAll);

    [Callback]
    private static partial PyObject* DifferenceUpdate(PyObject* self, PyObject** others, nint count) =>
        ForEach(self, others, count, &SetUpdates.RemoveAll);

    [Callback]
    private static partial PyObject* SymmetricDifferenceUpdate(PyObject* self, PyObject* other) =>
        ForEach(self, &other, 1, &SetUpdates.ToggleAll);

    [Callback]
    private static partial bool IntersectionUpdate(Handle* handle, PyObject** others, nint count) =>
        SetUpdates.KeepOnly(handle, others, count);

    [Callback]
    private static partial PyObject* Union(PyObject* self, PyObject** others, nint count) =>
        OfPlain(self, "union"u8, others, count);

    [Callback]
    private static partial PyObject* Intersection(PyObject* self, PyObject** others, nint count) =>
        OfPlain(self, "intersection"u8, others, count);

    [Callback]
    private static partial PyObject* Difference(PyObject* self, PyObject** others, nint count) =>
        OfPlain(self, "difference"u8, others, count);

    [Callback]
    private static partial PyObject* SymmetricDifference(PyObject* self, PyObject* other) =>
        OfPlain(self, "symmetric_difference"u8, &other, 1);

    [Callback]
    private static partial PyObject* IsDisjoint(Handle* handle, PyObject* other) => All(handle, other, isMember: false);

    [Callback]
    private static partial PyObject* IsSubset(PyObject* self, PyObject* other) => OfPlain(self, "issubset"u8, &other, 1);

    [Callback]
    private static partial PyObject* IsSuperset(Handle* handle, PyObject* other) => All(handle, other, isMember: true);

    // Whether all elements of another iterable are members at one moment, or, if isMember is false, none is. They are looked up
    // one by one, as set does, up to the first that decides.
    static PyObject* All(Handle* handle, PyObject* other, bool isMember)
    {
        PyObject* plain = SetType.ToPlain(handle);
        PyObject* iterator = plain == null ? null : Api.Table.PyObject_GetIter(other);
        int found = iterator == null ? -1 : isMember ? 1 : 0;
        bool goesOn = found >= 0;
        PyObject* element;
        for (nint i = 0; goesOn && (goesOn = LiveMethods.GoesOn(i)) && (element = Api.Table.PyIter_Next(iterator)) != null; i++)
        {
            found = Nesting.Allows(element) ? Api.Table.PySet_Contains(plain, element) : -1;
            References.Drop(element);
            goesOn = found == (isMember ? 1 : 0);
        }
        References.Drop(iterator);
        References.Drop(plain);
        if (Api.Table.PyErr_Occurred() != null) return null;
        return found == 1 == isMember ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    // Applies a method of set to a copy of one moment.
    static PyObject* OfPlain(PyObject* self, ReadOnlySpan<byte> name, PyObject** others, nint count)
    {
        PyObject* plain = SetType.ToPlain((Handle*)self);
        PyObject* result = plain == null ? null : Call(((Handle*)self)->State, plain, name, others, count);
        References.Drop(plain);
        return result;
    }

    /// <summary>Calls a method of a plain set with other iterables; null with an exception set.</summary>
    internal static PyObject* Call(LiveState* state, PyObject* plain, ReadOnlySpan<byte> name, PyObject** others, nint count)
    {
        PyObject* arguments = Api.Table.PyTuple_New(count);
        bool allowed = arguments != null;
        for (nint i = 0; allowed && i < count; i++)
        {
            PyObject* other = Nesting.Allowed(state, others[i], isPairs: false);
            allowed = other != null && Api.Table.PyTuple_SetItem(arguments, i, other) == 0;
        }
        PyObject* method = allowed ? Api.Table.PyObject_GetAttrString(plain, Text.Utf8(name)) : null;
        PyObject* result = method == null ? null : Api.Table.PyObject_CallObject(method, arguments);
        References.Drop(method);
        References.Drop(arguments);
        return result;
    }

    static PyObject* ForEach(PyObject* self, PyObject** others, nint count, delegate*<Handle*, PyObject*, bool> change)
    {
        if (!LiveMethods.CheckAlive((Handle*)self)) return null;
        for (nint i = 0; i < count; i++)
        {
            if (!change((Handle*)self, others[i])) return null;
        }
        return Api.Table._Py_NoneStruct;
    }
}
