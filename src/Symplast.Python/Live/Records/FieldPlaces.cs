using System.Runtime.CompilerServices;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// A direct-mapped cache of classes with some property, by their versions. No two classes ever have the same version.
/// </summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal unsafe struct KnownClasses
{
    const int Classes = 4;

    fixed uint _versions[Classes];

    /// <summary>Whether the cache has the class with this version. No class has the version 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool KnowsClass(uint version) => _versions[version % Classes] == version && version != 0;

    /// <summary>Adds a class.</summary>
    internal void NoteClass(uint version) => _versions[version % Classes] = version;
}

/// <summary>
/// A field's cache of its attribute's place: by shape, the slot in which objects have the attribute, and the last step from one
/// shape to another by which objects got it. It is direct-mapped and part of the field, so that a class, its subclasses and the
/// objects' pools do not evict each other's entries.
/// </summary>
/// <remarks>No two shapes ever have the same number. Used with the interpreter's GIL held.</remarks>
internal unsafe struct FieldPlaces
{
    const int Shapes = 8;

    /// <summary>The slot of the attribute in objects of one shape.</summary>
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
    /// The shape that objects of another shape get with the attribute, or null if it is not known. It exists while an object of
    /// the other shape exists.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Shape* StepFrom(ulong shapeId) => _before == shapeId && shapeId != 0 ? _after : null;

    /// <summary>Records such a step.</summary>
    internal void NoteStep(ulong shapeId, Shape* extended)
    {
        _before = extended == null ? 0 : shapeId;
        _after = extended;
    }

    /// <summary>The slot in objects of a shape, or -1 if it is not known. The number 0 stands for no known shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // The last object's shape is compared before any look-up. By branch prediction the processor then loads the attribute without
    // waiting for the shape's number.
    internal int SlotOf(ulong shapeId) => _last.ShapeId == shapeId && shapeId != 0 ? (int)_last.Slot : SlotOfOther(shapeId);

    /// <summary>Records the slot in objects of a shape.</summary>
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
