using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>
/// Checks, after <c>default=</c> has run, that every container still has the parts that were copied. With <c>default=</c> the
/// memo has all objects, so the copy of each part can be looked up and compared.
/// </summary>
internal static unsafe class UnchangedCheck
{
    /// <summary>Returns false with RuntimeError set if a container has changed.</summary>
    internal static bool Passes(ref Freezer freezer)
    {
        for (nuint slot = 0; slot < freezer.Walk.Memo.Slots; slot++)
        {
            PyObject* original = freezer.Walk.Memo[slot].Original;
            if (original == null || Matches(ref freezer, original, freezer.Walk.Memo[slot].Copy)) continue;
            Errors.Runtime(
                $"{FreezeErrors.RootName(ref freezer)}: a {Text.TypeName(original)} changed while it was being frozen");
            return false;
        }
        return true;
    }

    // Also checks instances of subclasses that freeze as their built-in bases. An object that default= replaced may change.
    static bool Matches(ref Freezer freezer, PyObject* original, PyObject* copy)
    {
        ref Api api = ref Api.Table;
        PyObject* type = original->Type;
        if ((api.PyType_GetFlags(type) & PyTypeSpec.ListSubclass) != 0)
        {
            nint size = ((PyListObject*)original)->Size;
            if (size != ((PyVarObject*)copy)->Size) return false;
            PyObject** copies = Tuples.Items(copy);
            for (nint i = 0; i < size; i++)
            {
                if (!IsCopyOf(ref freezer, ((PyListObject*)original)->Items[i], copies[i])) return false;
            }
            return true;
        }
        if (type == api.PyByteArray_Type)
        {
            nint size = ((PyVarObject*)original)->Size;
            return size == ((PyBytesObject*)copy)->Size
                && new ReadOnlySpan<byte>(api.PyByteArray_AsString(original), checked((int)size))
                .SequenceEqual(new((byte*)copy + PyBytesObject.DataOffset, (int)size));
        }
        if (type == api.PyDict_Type) return DictMatches(ref freezer, original, copy);
        if (type == api.PyODict_Type) return OrderedDictMatches(ref freezer, original, copy);
        if (api.PyType_IsSubtype(type, api.PySet_Type) != 0) return SetMatches(ref freezer, (PySetObject*)original, copy);
        return !freezer.Interpreter.IsPlainDictSubclass(type) || DictMatches(ref freezer, original, copy);
    }

    static bool OrderedDictMatches(ref Freezer freezer, PyObject* original, PyObject* copy)
    {
        PyObject* plain = Api.Table.PyObject_CallOneArg(Api.Table.PyDict_Type, original);
        bool matches = plain != null && DictMatches(ref freezer, plain, copy);
        Api.Table.PyErr_Clear();
        References.Drop(plain);
        return matches;
    }

    static bool DictMatches(ref Freezer freezer, PyObject* original, PyObject* copy)
    {
        PyDictObject* dict = (PyDictObject*)((byte*)copy + (Layout.Current.HasFrozenDict ? 0 : FrozenDicts.ProxyToDict));
        if (((PyDictObject*)original)->Used != dict->Used) return false;
        bool strings = dict->Keys->Kind == PyDictKeys.Strings;
        byte* entries = PyDictKeys.Entries(dict->Keys);
        nint position = 0;
        PyObject* key;
        PyObject* value;
        for (nint i = 0; Api.Table.PyDict_Next(original, &position, &key, &value) != 0; i++)
        {
            PyObject* copiedKey = strings ? ((PyDictStringEntry*)entries)[i].Key : ((PyDictEntry*)entries)[i].Key;
            PyObject* copiedValue = strings ? ((PyDictStringEntry*)entries)[i].Value : ((PyDictEntry*)entries)[i].Value;
            if (!IsCopyOf(ref freezer, key, copiedKey) || !IsCopyOf(ref freezer, value, copiedValue)) return false;
        }
        return true;
    }

    static bool SetMatches(ref Freezer freezer, PySetObject* original, PyObject* copy)
    {
        for (nint i = 0; i <= original->Mask; i++)
        {
            PySetEntry entry = original->Table[i];
            if (entry.Key == null || entry.Hash == -1) continue;
            PyObject* member = CopyOf(ref freezer, entry.Key);
            if (member == null || Api.Table.PySet_Contains(copy, member) != 1) return false;
        }
        // Elements that conversions have made equal count once in the copy.
        return original->Used >= ((PySetObject*)copy)->Used;
    }

    static bool IsCopyOf(ref Freezer freezer, PyObject* original, PyObject* copy) => CopyOf(ref freezer, original) == copy;

    // The copy that Visit would return now, or null if Visit has not met the object.
    static PyObject* CopyOf(ref Freezer freezer, PyObject* o)
    {
        PyObject* copy = freezer.Walk.Memo.Find(o);
        if (copy != null) return copy;
        if (AddressRange.Contains(o)) return o;
        ref Api api = ref Api.Table;
        if (o->Type == api.PyLong_Type)
            return StaticObjects.SmallInt(((PyLongObject*)o)->IsCompact ? ((PyLongObject*)o)->CompactValue : long.MaxValue);
        bool isStatic = o == api._Py_NoneStruct || o->Type == api.PyBool_Type || o == api._Py_EllipsisObject
            || o == api._Py_NotImplementedStruct;
        return isStatic ? o : null;
    }
}
