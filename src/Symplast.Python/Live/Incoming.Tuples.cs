using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

// Tuples, and frozen sets as keys: values of values.
internal unsafe ref partial struct Incoming
{
    const int TypicalItems = 16;

    static KeyState OwnTuple(LiveState* state, PoolHeap* heap, PyObject* o, ref Incoming key)
    {
        if (Api.Table.PyObject_Hash(o) == -1) return KeyState.Failed;
        if (TryTuple(state, heap, o, isKey: true, 1, out Value tuple)) return key.Own(state, heap, tuple);
        return Api.Table.PyErr_Occurred() != null ? KeyState.Failed : KeyState.Foreign;
    }

    // A frozen set of values that need no identity. Others can be no key: comparing them could run Python code.
    static KeyState OwnSet(LiveState* state, PoolHeap* heap, PyObject* o, ref Incoming key)
    {
        if (TrySet(state, heap, o, 1, out Value set)) return key.Own(state, heap, set);
        return Api.Table.PyErr_Occurred() != null ? KeyState.Failed : KeyState.Foreign;
    }

    // False with an exception set, or without one if a member is something else.
    static bool TrySet(LiveState* state, PoolHeap* heap, PyObject* o, int depth, out Value set)
    {
        set = default;
        if (Api.Table.PyObject_Hash(o) == -1) return false;
        PyObject* members = Api.Table.PySequence_Tuple(o);
        bool made = members != null && TryTuple(state, heap, members, isKey: true, depth, out set, isSet: true);
        References.Drop(members);
        return made;
    }

    // Whether a value is equal to whatever looks the same.
    static bool IsPlain(Value value)
    {
        if (value.Kind is ValueKind.Object or ValueKind.Foreign) return false;
        // Recursion is bounded by TupleBlob.MaximumDepth.
        return value.Kind != ValueKind.Tuple || IsPlain(TupleBlob.Items((TupleBlob*)value.Pointer), TupleBlob.LengthOf(value));
    }

    static bool IsPlain(Value* values, nuint count)
    {
        while (count > 0 && IsPlain(values[count - 1])) count--;
        return count == 0;
    }

    // A tuple of keys, or of values of which none is a plain container. False with an exception set, or without one if an item is something else.
    static bool TryTuple(LiveState* state, PoolHeap* heap, PyObject* o, bool isKey, int depth, out Value tuple, bool isSet = false)
    {
        tuple = default;
        if (depth > TupleBlob.MaximumDepth) return Errors.Set(*Api.Table.PyExc_RecursionError, "the tuple is nested too deeply") != null;
        nuint length = (nuint)((PyVarObject*)o)->Size;
        Value* room = stackalloc Value[TypicalItems];
        Value* items = length <= TypicalItems ? room : (Value*)NativeMemory.Alloc(length, (nuint)sizeof(Value));
        nuint done = 0;
        while (done < length && TryMember(state, heap, ((PyObject**)((byte*)o + Layout.Current.TupleItems))[done], isKey, depth, out items[done])) done++;
        bool made = false;
        if (done == length && (!isSet || IsPlain(items, length)))
        {
            Epoch.Enter(state->Me);
            bool isDeleted = heap != null && PoolHeap.IsDeleted(heap);
            if (!isDeleted) tuple = isSet ? TupleBlob.CreateSet(state->Me, heap, items, length) : TupleBlob.Create(state->Me, heap, items, length);
            Epoch.Exit(state->Me);
            made = !tuple.IsEmpty;
            if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
            else if (!made) LiveErrors.RaiseNoMemory(state, heap);
        }
        if (!made)
        {
            while (done > 0) Discard(state, heap, items[--done]);
        }
        if (items != room) NativeMemory.Free(items);
        return made;
    }

    static bool TryMember(LiveState* state, PoolHeap* heap, PyObject* o, bool isKey, int depth, out Value value)
    {
        if (o->Type == Api.Table.PyTuple_Type && (isKey || !AddressRange.Contains(o))) return TryTuple(state, heap, o, isKey, depth + 1, out value);
        if (isKey && o->Type == Api.Table.PyFrozenSet_Type) return TrySet(state, heap, o, depth + 1, out value);
        if (!isKey) return TryValue(state, heap, o, out value);
        value = default;
        if (Key(state, heap, o, out Incoming key) != KeyState.Ready) return false;
        if (key._owned.IsEmpty) value = Store(state, heap, key);
        else
        {
            value = key._owned;
            key._owned = default;
        }
        key.Dispose(state);
        return !value.IsEmpty;
    }
}
