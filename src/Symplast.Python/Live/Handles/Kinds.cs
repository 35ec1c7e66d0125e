using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The kinds of live objects. Filled once a process, before there is any; read by all threads.</summary>
internal static unsafe class Kinds
{
    const int HeaderKinds = 32;

    [InlineArray((int)LiveKind.Count)]
    struct Table
    {
        Kind _first;
    }

    // The kinds of the blocks with each kind of header: the first, and which is the next after each. A blittable struct without
    // initialiser has no class constructor.
    struct State
    {
        internal Table Kinds;
        internal fixed byte First[HeaderKinds];
        internal fixed byte Next[(int)LiveKind.Count];
    }

    static State _state;

    /// <summary>Adds a kind.</summary>
    internal static void Add(in Kind kind)
    {
        _state.Kinds[(int)kind.Number] = kind;
        _state.Next[(int)kind.Number] = _state.First[(int)kind.Header];
        _state.First[(int)kind.Header] = (byte)kind.Number;
    }

    /// <summary>What is to be known of a kind.</summary>
    internal static ref readonly Kind Of(LiveKind kind) => ref _state.Kinds[(int)kind];

    /// <summary>The kind of a block, inside a section.</summary>
    internal static LiveKind Of(Header* shared)
    {
        int kind = _state.First[(int)shared->Kind % HeaderKinds];
        while (kind != 0 && _state.Kinds[kind].Includes != null && !_state.Kinds[kind].Includes(shared)) kind = _state.Next[kind];
        return (LiveKind)kind;
    }

    /// <summary>
    /// A number for the type of an object, inside a section: the kind, or for classes of live objects one after all kinds.
    /// </summary>
    internal static int NumberOf(Header* shared)
    {
        LiveKind kind = Of(shared);
        return Of(kind).NameOfClass != null ? (int)LiveKind.Count + ((SharedObject*)shared)->Tag : (int)kind;
    }

    /// <summary>
    /// The name of the Python type of an object, inside a section: of a class of live objects module and qualified name.
    /// </summary>
    internal static string TypeNameOf(Header* shared) => NameOf(NumberOf(shared));

    /// <summary>
    /// What a number of <see cref="NumberOf"/> stands for. The class of an object that is just being made is not known yet.
    /// </summary>
    internal static string NameOf(int number)
    {
        if (number < (int)LiveKind.Count)
            return Marshal.PtrToStringUTF8((nint)_state.Kinds[number].Name) ?? nameof(LiveKind.None);
        ref readonly Kind objects = ref Of(LiveKind.Object);
        return objects.NameOfClass(number - (int)LiveKind.Count) ?? Marshal.PtrToStringUTF8((nint)objects.Name)!;
    }

    /// <summary>
    /// Makes a type of an interpreter and adds it to the module, if it has a name there: a borrowed reference, as the
    /// interpreter's state keeps the type; null with an exception set.
    /// </summary>
    internal static PyObject* MakeType(
        PyObject* module, InterpreterState interpreter, PyTypeSpec* specification, PyObject* parent, byte* name)
    {
        PyObject* type = Api.Table.PyType_FromModuleAndSpec(module, specification, parent);
        if (type == null) return null;
        interpreter.Keep(type);
        return name == null || Api.Table.PyModule_AddObjectRef(module, name, type) == 0 ? type : null;
    }
}
