using System.Runtime.CompilerServices;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>A look at what an operation is about to take out of a structure.</summary>
internal unsafe interface IGlance
{
    /// <summary>What is there now, without references; Done if there is something. Inside a section.</summary>
    Status Look(Participant* me, out Value first, out Value second);
}

/// <summary>
/// Before an object is taken out of a structure, its class is looked for: one whose class cannot be imported in this interpreter would be lost, because there is no handle
/// to give. Interpreters that know all classes of the process do not look.
/// </summary>
/// <remarks>If another thread puts an object of such a class there between the look and the taking, that object is lost all the same.</remarks>
internal static unsafe class UnknownClasses
{
    /// <summary>Whether there are classes in the process that an interpreter does not know.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool MayMeet(LiveState* state) => state->KnownClasses != Classes.Count;

    /// <summary>Finds the classes of what is there; false with an exception set if one cannot be found, or the interpreter has no room. Outside sections; may run Python code.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool Find<TGlance>(LiveState* state, in TGlance glance) where TGlance : struct, IGlance
    {
        while (true)
        {
            Epoch.Enter(state->Me);
            bool found = glance.Look(state->Me, out Value first, out Value second) != Status.Done || !IsUnknown(state, first) && !IsUnknown(state, second);
            Epoch.Exit(state->Me);
            if (found) return true;
            if (!LiveState.Again(state)) return false;
        }
    }

    // If so, it is noted for Again, with a reference.
    static bool IsUnknown(LiveState* state, Value value)
    {
        if (value.Kind == ValueKind.Object)
        {
            Header* o = value.Head;
            if (PoolHeap.IsDeleted(Heap.Of(o)) || LiveKinds.Of(o) != LiveKind.Object || state->ClassOf((Record*)o) != null || !Reference.TryTake(o)) return false;
            state->Unresolved = o;
            return true;
        }
        if (value.Kind != ValueKind.Tuple) return false;
        // Recursion is bounded by TupleBlob.MaximumDepth.
        for (nuint i = 0; i < TupleBlob.LengthOf(value); i++)
        {
            if (IsUnknown(state, TupleBlob.Items((TupleBlob*)value.Pointer)[i])) return true;
        }
        return false;
    }
}
