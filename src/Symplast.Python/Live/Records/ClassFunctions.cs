using Symplast.CPython;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The functions through which <c>symplast/classes.py</c> uses the tables of classes.</summary>
internal static unsafe partial class ClassFunctions
{
    /// <summary>The functions, for the module's table.</summary>
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        FastCall("_class_made"u8, &Made,
            "Note that a class of live objects was made, with its module and qualified name. Returns the one that goes by "u8
            + "these names so far, or None."u8),
        FastCall("_name_class"u8, &ByName,
            "Give a class that goes by module and qualified name its number, by two hashes of its definition. Returns "u8
            + "whether others have these names."u8),
        FastCall("_publish_class"u8, &Publish,
            "Leave the definition of a class, or why there is none; give it its number if it has none. Takes class, module, "u8
            + "name, token or None, version, bytes or text, parcel."u8),
        OneArg("_is_published"u8, &IsPublished, "Whether the class with a token has left its definition."u8),
        FastCall("_number_class"u8, &ByToken, "Give a class that goes by value its number. Takes class, module, name, token."u8),
        NoArgs("_unpublished_namesakes"u8, &Namesakes,
            "The classes that go by a name which has come to mean others as well, and have not left their definitions."u8),
        FastCall("_let_classes_go"u8, &LetGo,
            "For gc.callbacks: when the collector begins, do not hold classes that have no handle."u8),
        OneArg("_class_gone"u8, &Gone, "Callback of the weak references to classes."u8),
    };

    [Callback]
    private static partial PyObject* Made(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (!Fits(interpreter, arguments, count, 3))
            return Errors.Type("_class_made() takes a class of live objects and two texts");
        if (Classes.HasFields(arguments[0])) ObjectType.Close(arguments[0]);
        PyObject* old =
            InterpreterClasses.Of(interpreter).Supersede(Text.FromPython(arguments[1]), Text.FromPython(arguments[2]));
        return References.New(old == null ? Api.Table._Py_NoneStruct : old);
    }

    [Callback]
    private static partial PyObject* ByName(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (!Fits(interpreter, arguments, count, 5))
            return Errors.Type("_name_class() takes a class of live objects, two texts and two numbers");
        long content = Api.Table.PyLong_AsLongLong(arguments[3]);
        long stamp = Api.Table.PyLong_AsLongLong(arguments[4]);
        if (Api.Table.PyErr_Occurred() != null) return null;
        ClassTable.Identity identity =
            new(Text.FromPython(arguments[1]), Text.FromPython(arguments[2]), null, content, stamp);
        if (!InterpreterClasses.Of(interpreter).TryHold(arguments[0], out int number))
        {
            number = ClassTable.NumberOfName(identity, InterpreterClasses.Of(interpreter).Has);
            if (!InterpreterClasses.Of(interpreter).Add(arguments[0], number, mayBeLetGo: false)) return null;
        }
        InterpreterClasses.Of(interpreter).Name(arguments[0], identity.Module, identity.Name);
        return ClassTable.WantsDefinition(number) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* ByToken(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (!Fits(interpreter, arguments, count, 4))
            return Errors.Type("_number_class() takes a class of live objects and three texts");
        return Number(interpreter, arguments, out _) ? Api.Table._Py_NoneStruct : null;
    }

    [Callback]
    private static partial PyObject* Publish(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        ref Api api = ref Api.Table;
        if (!Fits(interpreter, arguments, count, 7))
            return Errors.Type(
            "_publish_class() takes a class of live objects, three texts, a number, bytes or text, and a parcel");
        long version = api.PyLong_AsLongLong(arguments[4]);
        if (version == -1 && api.PyErr_Occurred() != null || !ParcelHandle.Read(arguments[6], out long parcel)
            || !Number(interpreter, arguments, out int number)) return null;
        PyObject* definition = arguments[5];
        if (definition->Type == api.PyUnicode_Type) ClassTable.NoteFailure(number, Text.FromPython(definition));
        else if (definition->Type != api.PyBytes_Type) return Errors.Type("_publish_class() takes bytes or text");
        else
        {
            ReadOnlySpan<byte> data =
                new((byte*)definition + PyBytesObject.DataOffset, checked((int)((PyBytesObject*)definition)->Size));
            ClassTable.Publish(number, data, version, parcel, interpreter.Id);
            ParcelHandle.Release(arguments[6]);
        }
        return api._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* IsPublished(PyObject* module, PyObject* token)
    {
        if (token->Type != Api.Table.PyUnicode_Type) return Errors.Type("_is_published() takes a text");
        return ClassTable.IsPublished(Text.FromPython(token)) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* Namesakes(InterpreterState interpreter, PyObject* none)
    {
        InterpreterClasses classes = InterpreterClasses.Of(interpreter);
        PyObject* list = Api.Table.PyList_New(0);
        long seen = ClassTable.Namesakes;
        if (list == null || classes.SeenNamesakes == seen) return list;
        foreach (int number in classes.Numbers.Where(ClassTable.WantsDefinition).ToArray())
        {
            if (Api.Table.PyList_Append(list, classes.Find(number)) == 0) continue;
            References.Drop(list);
            return null;
        }
        classes.SeenNamesakes = seen;
        return list;
    }

    // Called directly by the collector. In a Python callback a signal handler's exception would be lost.
    [Callback]
    private static partial PyObject* LetGo(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        ref Api api = ref Api.Table;
        if (count != 2 || arguments[0]->Type != api.PyUnicode_Type || arguments[1]->Type != api.PyDict_Type)
            return Errors.Type("_let_classes_go() takes what callbacks of the collector get");
        PyObject* generation = api.PyDict_GetItemString(arguments[1], Text.Utf8("generation"u8));
        // Classes are in reference cycles, and are rarely as young as the objects of the youngest generation.
        bool isOld = generation != null && generation->Type == api.PyLong_Type && api.PyLong_AsLongLong(generation) > 0;
        if (isOld && interpreter.Live != null && Text.FromPython(arguments[0]) == "start")
            InterpreterClasses.Of(interpreter).LetGo();
        return api._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Gone(InterpreterState interpreter, PyObject* weak)
    {
        InterpreterClasses.Of(interpreter).Forget(weak);
        return Api.Table._Py_NoneStruct;
    }

    // Checks the arguments: a class of live objects and texts, two, or three if there is a fourth argument, which may be None.
    static bool Fits(InterpreterState interpreter, PyObject** arguments, nint count, nint expected)
    {
        ref Api api = ref Api.Table;
        return count == expected && api.PyType_IsSubtype(arguments[0]->Type, api.PyType_Type) != 0
            && api.PyType_IsSubtype(arguments[0], interpreter.Live->TypeOf(LiveKind.Object)) != 0
            && arguments[1]->Type == api.PyUnicode_Type && arguments[2]->Type == api.PyUnicode_Type
            && (expected is 3 or 5 || arguments[3]->Type == api.PyUnicode_Type || arguments[3] == api._Py_NoneStruct);
    }

    // The number of a class. A class without one gets it by its token. Returns false with an exception set.
    static bool Number(InterpreterState interpreter, PyObject** arguments, out int number)
    {
        if (InterpreterClasses.Of(interpreter).TryHold(arguments[0], out number)) return true;
        if (arguments[3] == Api.Table._Py_NoneStruct) return Errors.Type("the class has no number yet") != null;
        number = ClassTable.NumberOfToken(
            new(Text.FromPython(arguments[1]), Text.FromPython(arguments[2]), Text.FromPython(arguments[3]), 0, 0));
        return InterpreterClasses.Of(interpreter).Add(arguments[0], number, mayBeLetGo: true);
    }
}
