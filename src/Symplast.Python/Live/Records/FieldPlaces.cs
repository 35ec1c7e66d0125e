using System.Runtime.CompilerServices;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Classes of which something is known, by their versions, of which no two classes ever have the same. Direct-mapped.
/// </summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal unsafe struct KnownClasses
{
    const int Classes = 4;

    fixed uint _versions[Classes];

    /// <summary>Whether the class with this version is one; false if that is not known. No class has the version 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool KnowsClass(uint version) => _versions[version % Classes] == version && version != 0;

    /// <summary>Notes that it is.</summary>
    internal void NoteClass(uint version) => _versions[version % Classes] = version;
}

/// <summary>
/// What a field remembers of shapes: in which slot their objects have the attribute. Direct-mapped and a part of the field, so
/// that a class, its subclasses and the pools that objects lie in do not push each other out. And by which step from which shape
/// objects got the attribute last.
/// </summary>
/// <remarks>No two shapes ever have the same number. Used with the interpreter's GIL held.</remarks>
internal unsafe struct FieldPlaces
{
    const int Shapes = 8;

    /// <summary>Where objects of one shape have the attribute.</summary>
    struct Place
    {
        internal ulong ShapeId;
        internal long Slot;
    }

    [InlineArray(Shapes)]
    struct Places
    {
        Place _first;
    }

    Place _last;
    Places _places;
    ulong _before;
    Shape* _after;

    /// <summary>
    /// The shape that objects of another get with the attribute, or null if it is not known. It exists as long as there is an
    /// object of the other.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Shape* StepFrom(ulong shapeId) => _before == shapeId && shapeId != 0 ? _after : null;

    /// <summary>Notes it.</summary>
    internal void NoteStep(ulong shapeId, Shape* extended)
    {
        _before = extended == null ? 0 : shapeId;
        _after = extended;
    }

    /// <summary>The slot in objects of a shape, or -1 if it is not known. No shape that can be known has the number 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // The shape of the object before is compared, not looked up: so the processor loads the attribute without waiting for the
    // number.
    internal int SlotOf(ulong shapeId) => _last.ShapeId == shapeId && shapeId != 0 ? (int)_last.Slot : SlotOfOther(shapeId);

    /// <summary>Notes it.</summary>
    internal void NoteSlot(ulong shapeId, int slot)
    {
        if (shapeId != 0) _last = _places[(int)(shapeId % Shapes)] = new Place { ShapeId = shapeId, Slot = slot };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int SlotOfOther(ulong shapeId)
    {
        Place place = _places[(int)(shapeId % Shapes)];
        if (place.ShapeId != shapeId || shapeId == 0) return -1;
        _last = place;
        return (int)place.Slot;
    }
}
