using System.Text;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;

namespace Symplast.Python.Freezing;

// Errors that name the place. All slow paths: the path is read off the stack when it is needed.
internal unsafe ref partial struct Freezer
{
    PyObject* RaiseNotShareable(string message)
    {
        Errors.Set(_interpreter.NotShareableError, $"{Path(_walk.Stack.Count)}: {message}");
        return null;
    }

    /// <summary>The original of the top container is not what it was when it was begun.</summary>
    bool RaiseChanged()
    {
        FreezeFrame* frame = _walk.Stack.Last;
        Errors.Runtime($"{Path(_walk.Stack.Count - 1)}: {Text.TypeName(frame->Original)} changed while it was being frozen");
        return false;
    }

    bool RaiseBadKey(bool unhashable)
    {
        FreezeFrame* frame = _walk.Stack.Last;
        string role = frame->Kind == FrameKind.Set ? "member" : "key";
        RaiseNotShareable(
            unhashable ? $"the frozen form of a {role} is not hashable" : $"the frozen form of a {role} contains itself");
        return false;
    }

    /// <summary>Adds the place to the exception that default= raised.</summary>
    PyObject* AddPathNote()
    {
        PyObject* exception = Api.Table.PyErr_GetRaisedException();
        // With no exception set: the path asks for texts.
        Errors.SetWithNote(exception, $"while freezing {Path(_walk.Stack.Count)}");
        return null;
    }

    /// <summary>
    /// What leads from the root through the outermost <paramref name="frames"/> containers, as Python would write it.
    /// </summary>
    readonly string Path(int frames)
    {
        StringBuilder path = new(RootName());
        for (int i = 0; (i = Limits.NextShown(path, i, frames)) < frames; i++)
        {
            FreezeFrame* frame = _walk.Stack[i];
            // A container whose child is being worked on has moved on to the next place already.
            nint index = i == _walk.Stack.Count - 1 || frame->AtValue ? frame->Index : frame->Index - 1;
            switch (frame->Kind)
            {
                case FrameKind.Dict: AppendKey(path, frame, index, i == _walk.Stack.Count - 1); break;
                case FrameKind.Set: path.Append("{member}"); break;
                case FrameKind.Slice: path.Append(index switch { 0 => ".start", 1 => ".stop", _ => ".step" }); break;
                default: path.Append('[').Append(index).Append(']'); break;
            }
        }
        return path.ToString();
    }

    readonly void AppendKey(StringBuilder path, FreezeFrame* frame, nint index, bool isTop)
    {
        PyDictKeys* table = ((PyDictObject*)frame->Original)->Keys;
        PyObject* key = null;
        if (table == frame->Table && index >= 0 && index < table->EntryCount)
        {
            byte* entries = PyDictKeys.Entries(table);
            key = table->Kind == PyDictKeys.General
                ? ((PyDictEntry*)entries)[index].Key : ((PyDictStringEntry*)entries)[index].Key;
        }
        if (key == null)
        {
            path.Append("[…]");
            return;
        }
        bool isKey = isTop ? !frame->AtValue : frame->AtValue;
        if (isKey) path.Append(".keys(): ").Append(Text.Repr(key));
        else if (frame->IsAttributes && key->Type == Api.Table.PyUnicode_Type) path.Append('.').Append(Text.FromPython(key));
        else path.Append('[').Append(Text.Repr(key)).Append(']');
    }

    /// <summary>
    /// The name by which the calling code knows the root, so that the path reads like its own source; "obj" if it has none.
    /// </summary>
    readonly string RootName() => _name ?? CallingCode.NameOf(_root) ?? "obj";

    static bool IsAttributesOf(PyObject* o, PyObject* result)
    {
        if (result->Type != Api.Table.PyDict_Type) return false;
        PyObject* attributes = Api.Table.PyObject_GetAttrString(o, Text.Utf8("__dict__"u8));
        if (attributes == null) Api.Table.PyErr_Clear();
        References.Drop(attributes);
        return attributes == result;
    }

    /// <summary>
    /// After default= has run: whether every container is still what was copied. False with RuntimeError set. Everything was
    /// remembered, so the copy of each part can be looked up and compared.
    /// </summary>
    readonly bool IsUnchanged()
    {
        for (nuint slot = 0; slot < _walk.Memo.Slots; slot++)
        {
            PyObject* original = _walk.Memo[slot].Original;
            if (original == null || Matches(original, _walk.Memo[slot].Copy)) continue;
            Errors.Runtime($"{RootName()}: a {Text.TypeName(original)} changed while it was being frozen");
            return false;
        }
        return true;
    }

    // Subclasses included that freeze as what they are underneath; what default= replaced may change as it likes.
    readonly bool Matches(PyObject* original, PyObject* copy)
    {
        ref Api api = ref Api.Table;
        PyObject* type = original->Type;
        if ((api.PyType_GetFlags(type) & ListSubclass) != 0)
        {
            nint size = ((PyListObject*)original)->Size;
            if (size != ((PyVarObject*)copy)->Size) return false;
            PyObject** copies = Tuples.Items(copy);
            for (nint i = 0; i < size; i++)
            {
                if (!IsCopyOf(((PyListObject*)original)->Items[i], copies[i])) return false;
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
        if (type == api.PyDict_Type) return DictMatches(original, copy);
        if (type == api.PyODict_Type) return OrderedDictMatches(original, copy);
        if (api.PyType_IsSubtype(type, api.PySet_Type) != 0) return SetMatches((PySetObject*)original, copy);
        return !_interpreter.IsPlainDictSubclass(type) || DictMatches(original, copy);
    }

    readonly bool OrderedDictMatches(PyObject* original, PyObject* copy)
    {
        PyObject* plain = Api.Table.PyObject_CallOneArg(Api.Table.PyDict_Type, original);
        bool matches = plain != null && DictMatches(plain, copy);
        Api.Table.PyErr_Clear();
        References.Drop(plain);
        return matches;
    }

    readonly bool DictMatches(PyObject* original, PyObject* copy)
    {
        PyDictObject* dict = (PyDictObject*)(Layout.Current.HasFrozenDict ? copy : (PyObject*)((byte*)copy + ProxyToDict));
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
            if (!IsCopyOf(key, copiedKey) || !IsCopyOf(value, copiedValue)) return false;
        }
        return true;
    }

    readonly bool SetMatches(PySetObject* original, PyObject* copy)
    {
        for (nint i = 0; i <= original->Mask; i++)
        {
            PySetEntry entry = original->Table[i];
            if (entry.Key == null || entry.Hash == -1) continue;
            PyObject* member = CopyOf(entry.Key);
            if (member == null || Api.Table.PySet_Contains(copy, member) != 1) return false;
        }
        // Members that conversions made equal count once in the copy.
        return original->Used >= ((PySetObject*)copy)->Used;
    }

    readonly bool IsCopyOf(PyObject* original, PyObject* copy) => CopyOf(original) == copy;

    // What Visit would return now; null if it never saw the object.
    readonly PyObject* CopyOf(PyObject* o)
    {
        PyObject* copy = _walk.Memo.Find(o);
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
