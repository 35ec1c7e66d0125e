using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Symplast.Python.Live;

/// <summary>
/// One interpreter's caches of classes of live objects and of their attributes. They lie in its <see cref="LiveState"/>.
/// </summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal unsafe struct ClassCaches
{
    /// <summary>The places of objects' attributes.</summary>
    internal AttributeCache Attributes;

    /// <summary>The fields of classes by their names.</summary>
    internal FieldTable Fields;

    /// <summary>The plans by which objects are created.</summary>
    internal CreationPlans Plans;

    /// <summary>Classes without fields, whose objects take any attribute.</summary>
    internal KnownClasses OpenClasses;

    /// <summary>The caches of an interpreter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ClassCaches* Of(LiveState* state) => (ClassCaches*)state->ClassWords;

    /// <summary>Creates an interpreter's caches.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static void Begin(LiveState* state)
    {
        Debug.Assert(sizeof(ClassCaches) <= LiveState.MostClassWords * sizeof(ulong));
        Of(state)->Attributes.Create();
        Of(state)->Fields.Create();
        Of(state)->Plans.Create();
    }

    /// <summary>Frees an interpreter's caches.</summary>
    internal static void End(LiveState* state)
    {
        Of(state)->Attributes.Dispose();
        Of(state)->Fields.Dispose();
        Of(state)->Plans.Dispose();
    }
}
