using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What is to be known of a kind of live objects by those who work on any of them. The room of each type declares its own;
/// <see cref="Kinds"/> has them all.
/// </summary>
internal unsafe struct Kind
{
    /// <summary>Which kind it is.</summary>
    internal LiveKind Number;

    /// <summary>The name of the Python type, as UTF-8 with a zero at the end.</summary>
    internal byte* Name;

    /// <summary>What the blocks of its objects are.</summary>
    internal HeaderKind Header;

    /// <summary>Whether such a block is an object of this kind, asked inside a section; null if all of them are.</summary>
    internal delegate*<Header*, bool> Includes;

    /// <summary>What every interpreter makes the Python type from; null if it has none.</summary>
    internal PyTypeSpec* Type;

    /// <summary>The name that the type has in the module, if not <see cref="Name"/>.</summary>
    internal byte* NameInModule;

    /// <summary>
    /// Makes further types that go with it, as that of its iterators; false with an exception set. Null if there are none.
    /// </summary>
    internal delegate*<PyObject*, InterpreterState, bool> MakeTypes;

    /// <summary>
    /// What an object holds at one moment, in a plain object: a new reference; null with an exception set. Null if there is no
    /// plain form.
    /// </summary>
    internal delegate*<Handle*, PyObject*> ToPlain;

    /// <summary>The same in built-in types alone, for freezing; null if <see cref="ToPlain"/> gives that.</summary>
    internal delegate*<Handle*, PyObject*> ToBuiltIn;

    /// <summary>
    /// Module and qualified name of the class that has a number, if objects of this kind are of classes; null for one without
    /// name. Null if they are not.
    /// </summary>
    internal delegate*<int, string?> NameOfClass;

    /// <summary>
    /// Finds the class with a number for an interpreter; false with an exception set. Runs Python code. Null if there are no
    /// classes.
    /// </summary>
    internal delegate*<LiveState*, int, bool> FindClass;

    /// <summary>
    /// Learns of classes that have changed elsewhere; false with an exception set. Runs Python code. Null if there are no
    /// classes.
    /// </summary>
    internal delegate*<LiveState*, bool> RefreshClasses;

    /// <summary>
    /// Copies an object of the interpreter that becomes one of this kind where values are stored, but is no container of values:
    /// the copy, with one reference; null if it is not for this kind, or with an exception set. Null if there are no such
    /// objects.
    /// </summary>
    internal delegate*<LiveState*, PoolHeap*, PyObject*, Header*> Carry;

    /// <summary>Prepares what an interpreter needs for this kind, and ends it. Null if that is nothing.</summary>
    internal delegate*<LiveState*, void> Begin, End;
}
