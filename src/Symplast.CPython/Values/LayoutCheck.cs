namespace Symplast.CPython;

/// <summary>
/// Checks a few objects of the interpreter against the layouts and hashes that this library assumes. A CPython with other layouts
/// is therefore refused at import, before it can cause a crash.
/// </summary>
public static unsafe class LayoutCheck
{
    /// <summary>Returns null, or a description of the first mismatch. Called once a process, with the GIL held.</summary>
    public static string? Run()
    {
        ref Api api = ref Api.Table;
        PyObject* number = api.PyLong_FromLongLong(-(1L << 40) - 5);
        PyObject* real = api.PyFloat_FromDouble(-2.75e10);
        PyObject* text = Text.ToPython("symplast layout");
        PyObject* wide = Text.ToPython("symplast \u20AC");
        PyObject* tuple = api.PyTuple_New(3);
        PyObject* list = api.PyList_New(0);
        PyObject* dict = api.PyDict_New();
        if (number == null || real == null || text == null || wide == null || tuple == null || list == null || dict == null)
            return "no memory";
        api.PyTuple_SetItem(tuple, 0, References.New(number));
        api.PyTuple_SetItem(tuple, 1, References.New(real));
        api.PyTuple_SetItem(tuple, 2, References.New(text));
        api.PyList_Append(list, number);
        api.PyDict_SetItem(dict, text, number);
        api.PyDict_SetItem(dict, number, real);
        PyObject* set = api.PyFrozenSet_New(tuple);
        if (set == null) return "no memory";

        string? mismatch =
            !IsNumber(number, real) ? "numbers"
            : !IsText(text, wide) ? "str"
            : !IsSequence(tuple, list, number) ? "tuple and list"
            : !IsDict((PyDictObject*)dict, text, number) ? "dict"
            : !IsSet((PySetObject*)set, number) ? "set"
            : !IsType(text) ? "type"
            : *(void**)((byte*)api.PyThreadState_Get() + Layout.InterpreterOfThread) != api.PyInterpreterState_Get()
                ? "thread states"
            : null;
        ReadOnlySpan<nint> samples =
            [(nint)set, (nint)dict, (nint)list, (nint)tuple, (nint)wide, (nint)text, (nint)real, (nint)number];
        foreach (nint o in samples) References.Drop((PyObject*)o);
        return mismatch;
    }

    static bool IsNumber(PyObject* number, PyObject* real)
    {
        PyLongObject* digits = (PyLongObject*)number;
        return digits->DigitCount == 2 && digits->IsNegative && digits->Digit == 5
            && Hashes.OfInt(digits) == Api.Table.HashBuiltin(number)
            && ((PyFloatObject*)real)->Value == -2.75e10 && Hashes.OfFloat(-2.75e10) == Api.Table.HashBuiltin(real);
    }

    static bool IsType(PyObject* name)
    {
        ref Api api = ref Api.Table;
        // An attribute lookup gives a type its version.
        api._PyType_Lookup(api.PyLong_Type, name);
        api._PyType_Lookup(api.PyDict_Type, name);
        uint version = Layout.TypeVersion(api.PyLong_Type);
        bool isMade = Layout.NewSlot(api.PyList_Type) == api.PyType_GetSlot(api.PyList_Type, PyTypeSlot.New)
            && Layout.SetAttrSlot(api.PyList_Type) == api.PyType_GetSlot(api.PyList_Type, PyTypeSlot.SetAttr)
            && Layout.BaseOf(api.PyBool_Type) == api.PyLong_Type
                && *Layout.VectorcallSlot(api.PyList_Type) == api.PyVectorcall_Function(api.PyList_Type);
        return isMade && *Layout.GetAttrSlot(api.PyLong_Type) == api.PyObject_GenericGetAttr
            && Layout.TypeFlags(api.PyLong_Type) == api.PyType_GetFlags(api.PyLong_Type) && version != 0
            && version != Layout.TypeVersion(api.PyDict_Type);
    }

    static bool IsText(PyObject* text, PyObject* wide)
    {
        nint hash = Api.Table.HashBuiltin(text);
        PyAsciiObject* ascii = (PyAsciiObject*)text;
        PyCompactUnicodeObject* compact = (PyCompactUnicodeObject*)wide;
        const uint AsciiState = PyAsciiObject.Compact | PyAsciiObject.Ascii | PyAsciiObject.OneByte;
        return ascii->Hash == hash && ascii->Length == 15 && (ascii->State & 0x7F) == AsciiState
            && *((byte*)text + PyAsciiObject.DataOffset) == 's'
            && compact->Base.Length == 10 && compact->Base.Kind == 2 && compact->Utf8 == null
                && *(short*)((byte*)wide + PyCompactUnicodeObject.DataOffset) == 's';
    }

    static bool IsSequence(PyObject* tuple, PyObject* list, PyObject* number)
    {
        PyObject** items = Tuples.Items(tuple);
        nint hash = Api.Table.HashBuiltin(tuple);
        ulong expected = Hashes.StartTuple;
        for (int i = 0; i < 3; i++) expected = Hashes.AddItem(expected, Api.Table.HashBuiltin(items[i]));
        return ((PyVarObject*)tuple)->Size == 3 && items[0] == number && hash == Hashes.FinishTuple(expected, 3)
            && (!Layout.Current.TupleHasHash || *Tuples.Hash(tuple) == hash)
            && ((PyListObject*)list)->Size == 1 && ((PyListObject*)list)->Items[0] == number;
    }

    static bool IsDict(PyDictObject* dict, PyObject* text, PyObject* number)
    {
        PyDictKeys* table = dict->Keys;
        if (dict->Used != 2 || dict->Values != null || table->RefCount != 1 || table->Log2Size > 4
            || table->Kind != PyDictKeys.General) return false;
        PyDictEntry* entries = (PyDictEntry*)PyDictKeys.Entries(table);
        bool isTable = table->EntryCount == 2 && table->Usable == PyDictKeys.Capacity(table->Log2Size) - 2
            && table->Log2IndexBytes == PyDictKeys.IndexBytesLog2(table->Log2Size)
            && entries[0].Key == text && entries[0].Value == number && entries[1].Key == number
                && entries[1].Hash == Api.Table.HashBuiltin(number);
        return isTable && (!Layout.Current.HasFrozenDict || IsFrozenDict((PyObject*)dict));
    }

    static bool IsFrozenDict(PyObject* dict)
    {
        PyObject* frozen = Api.Table.PyFrozenDict_New(dict);
        if (frozen == null) return false;
        nint hash = Api.Table.HashBuiltin(frozen);
        PyDictEntry* entries = (PyDictEntry*)PyDictKeys.Entries(((PyDictObject*)frozen)->Keys);
        ulong expected = Hashes.StartSet;
        for (int i = 0; i < 2; i++)
        {
            ulong pair = Hashes.AddItem(
                Hashes.AddItem(Hashes.StartTuple, Api.Table.HashBuiltin(entries[i].Key)),
                Api.Table.HashBuiltin(entries[i].Value));
            expected = Hashes.AddMember(expected, Hashes.FinishTuple(pair, 2));
        }
        bool same = hash == Hashes.FinishSet(expected, 2) && ((PyFrozenDictObject*)frozen)->Hash == hash;
        References.Drop(frozen);
        return same;
    }

    static bool IsSet(PySetObject* set, PyObject* number)
    {
        bool found = false;
        for (nint i = 0; i <= set->Mask; i++)
            found |= set->Table[i].Key == number && set->Table[i].Hash == Api.Table.HashBuiltin(number);
        nint hash = Api.Table.HashBuiltin((PyObject*)set);
        return found && set->Used == 3 && set->Fill == 3 && set->Mask == 7 && set->Table == &set->SmallTable && set->Hash == hash;
    }
}
