using Symplast.CPython;

namespace Symplast.Python.ByValue;

/// <summary>The parts of an object that its pickle is made of. python/symplast/byvalue/shapes.py has the same numbers.</summary>
[Flags]
internal enum Parts
{
    /// <summary>The items of a dict.</summary>
    Dict = 1,

    /// <summary>The items of a list.</summary>
    List = 2,

    /// <summary>The items of a tuple.</summary>
    Tuple = 4,

    /// <summary>The members of a set.</summary>
    Set = 8,

    /// <summary>The attributes in the object's <c>__dict__</c>.</summary>
    Attributes = 16,

    /// <summary>The bytes that the object gives by the buffer protocol, and nothing else.</summary>
    Buffer = 32,

    /// <summary>The object to which a built-in method is bound.</summary>
    Receiver = 64,

    /// <summary>The time zone of a datetime.</summary>
    ZoneOfDateTime = 128,

    /// <summary>The time zone of a time.</summary>
    ZoneOfTime = 256,

    /// <summary>All parts are set when the object is made, so only what they hold can change.</summary>
    Fixed = 512,
}

/// <summary>What the objects of a type hold.</summary>
internal unsafe struct Shape
{
    /// <summary>The type.</summary>
    internal PyObject* Type;

    /// <summary>The parts.</summary>
    internal Parts Parts;

    /// <summary>The place of the first member's offset in the list of offsets.</summary>
    internal int FirstMember;

    /// <summary>The number of members, which are slots that hold an object or null.</summary>
    internal int Members;
}
