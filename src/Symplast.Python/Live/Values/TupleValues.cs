using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Tuples as values and keys, and frozen sets as keys.</summary>
internal static unsafe class TupleValues
{
    const int TypicalItems = 16;

    /// <summary>A tuple as a key. Without a heap, a key for lookups only.</summary>
    internal static KeyState OwnTuple(LiveState* state, PoolHeap* heap, PyObject* o, int depth, ref Incoming key)
    {
        KeyState made = TryTuple(state, heap, o, isKey: true, depth, out Value tuple);
        return made == KeyState.Ready ? key.Own(tuple) : made;
    }

    /// <summary>
    /// A frozen set as a key, if its members need no identity. With other members it cannot be one, since comparing them could
    /// run Python code.
    /// </summary>
    internal static KeyState OwnSet(LiveState* state, PoolHeap* heap, PyObject* o, int depth, ref Incoming key)
    {
        KeyState made = TrySet(state, heap, o, depth, out Value set);
        return made == KeyState.Ready ? key.Own(set) : made;
    }

    static KeyState TrySet(LiveState* state, PoolHeap* heap, PyObject* o, int depth, out Value set)
    {
        set = default;
        // A subclass may have any iterator, so its members are copied to a plain frozen set first.
        PyObject* plain = o->Type == Api.Table.PyFrozenSet_Type ? References.New(o) : Api.Table.PyFrozenSet_New(o);
        PyObject* members = plain == null ? null : Api.Table.PySequence_Tuple(plain);
        KeyState made = members == null
            ? KeyState.Failed : TryTuple(state, heap, members, isKey: true, depth, out set, isSet: true);
        References.Drop(members);
        References.Drop(plain);
        return made;
    }

    // Whether a value equals every value with the same contents.
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

    /// <summary>
    /// A tuple of keys, or of values that are no plain containers. Each item is hashed, as hash() does for the tuple.
    /// </summary>
    internal static KeyState TryTuple(
        LiveState* state, PoolHeap* heap, PyObject* o, bool isKey, int depth, out Value tuple, bool isSet = false)
    {
        tuple = default;
        if (depth > TupleBlob.MaximumDepth) return isSet ? Nesting.Refuse("frozenset") : Nesting.Refuse(o);
        nuint length = (nuint)((PyVarObject*)o)->Size;
        Value* room = stackalloc Value[TypicalItems];
        Value* items = length <= TypicalItems ? room : (Value*)NativeMemory.Alloc(length, (nuint)sizeof(Value));
        nuint done = 0;
        KeyState made = KeyState.Ready;
        for (nuint i = 0; i < length && made != KeyState.Failed; i++)
        {
            KeyState known = TryMember(state, heap, Tuples.Items(o)[i], isKey, depth, out Value item);
            if (known == KeyState.Ready && made == KeyState.Ready) items[done++] = item;
            else if (known == KeyState.Ready) Incoming.Discard(state, heap, item);
            else if (made != KeyState.Foreign || known == KeyState.Failed) made = known;
            if (!isKey && made != KeyState.Ready) break;
        }
        if (made == KeyState.Ready && isSet && !IsPlain(items, length)) made = KeyState.Foreign;
        if (made == KeyState.Ready) made = Create(state, heap, items, length, isSet, out tuple);
        if (made != KeyState.Ready)
        {
            while (done > 0) Incoming.Discard(state, heap, items[--done]);
        }
        if (items != room) NativeMemory.Free(items);
        return made;
    }

    static KeyState Create(LiveState* state, PoolHeap* heap, Value* items, nuint length, bool isSet, out Value tuple)
    {
        tuple = default;
        Section section = Section.Enter(state->Me);
        bool isDeleted = heap != null && PoolHeap.IsDeleted(heap);
        if (!isDeleted)
            tuple = isSet
            ? TupleBlob.CreateSet(state->Me, heap, items, length) : TupleBlob.Create(state->Me, heap, items, length);
        section.Exit(state->Me);
        if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
        else if (tuple.IsEmpty) LiveErrors.RaiseNoMemory(state, heap);
        return tuple.IsEmpty ? KeyState.Failed : KeyState.Ready;
    }

    static KeyState TryMember(LiveState* state, PoolHeap* heap, PyObject* o, bool isKey, int depth, out Value value)
    {
        if (o->Type == Api.Table.PyTuple_Type && (isKey || !AddressRange.Contains(o)))
            return TryTuple(state, heap, o, isKey, depth + 1, out value);
        if (isKey && o->Type == Api.Table.PyFrozenSet_Type) return TrySet(state, heap, o, depth + 1, out value);
        if (!isKey) return Incoming.TryValue(state, heap, o, out value)
            ? KeyState.Ready : Api.Table.PyErr_Occurred() != null ? KeyState.Failed : KeyState.Foreign;
        value = default;
        KeyState known = heap == null
            ? Incoming.Lookup(state, o, depth + 1, out Incoming key) : Incoming.Key(state, heap, o, out key);
        if (known != KeyState.Ready) return known;
        value = key.TakeValue(state, heap);
        key.Dispose(state);
        return value.IsEmpty ? KeyState.Failed : KeyState.Ready;
    }
}
