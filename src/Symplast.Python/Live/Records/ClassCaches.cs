using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Python.Live;

/// <summary>
/// What one interpreter remembers of classes of live objects and of their attributes: in its <see cref="LiveState"/>.
/// </summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal unsafe struct ClassCaches
{
    /// <summary>Where the attributes of objects are.</summary>
    internal AttributeCache Attributes;

    /// <summary>Which names are fields of which classes.</summary>
    internal FieldTable Fields;

    /// <summary>How objects of classes are made.</summary>
    internal CreationPlans Plans;

    /// <summary>Classes without fields, whose objects take any attribute.</summary>
    internal KnownClasses OpenClasses;

    /// <summary>Those of an interpreter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ClassCaches* Of(LiveState* state) => (ClassCaches*)state->ClassWords;

    /// <summary>Makes them.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static void Begin(LiveState* state)
    {
        Debug.Assert(sizeof(ClassCaches) <= LiveState.MostClassWords * sizeof(ulong));
        Of(state)->Attributes.Create();
        Of(state)->Fields.Create();
        Of(state)->Plans.Create();
    }

    /// <summary>Frees them.</summary>
    internal static void End(LiveState* state)
    {
        Of(state)->Attributes.Dispose();
        Of(state)->Fields.Dispose();
        Of(state)->Plans.Dispose();
    }
}
