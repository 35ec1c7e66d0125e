using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What is taken out of a structure must have a handle here, or it is lost. Therefore an object whose class this interpreter does
/// not know yet stays where it is, until the class is found; if it cannot be imported, the operation fails and has changed
/// nothing.
/// </summary>
internal static unsafe class UnknownClasses
{
    /// <summary>Refuses objects whose class is not known; after a refusal, <see cref="Note"/>.</summary>
    internal static ValueGuard Guard(LiveState* state) => new(&IsKnown, state);

    /// <summary>
    /// Tells <see cref="LiveState.Again"/> which class is missing, if the operation was refused; then it is to be done again.
    /// Inside the operation's section.
    /// </summary>
    internal static void Note(LiveState* state, Status status)
    {
        // It may have died since, or another one may be there now.
        if (status == Status.Refused && Reference.TryTake(state->Refused)) state->Unresolved = state->Refused;
    }

    // Called inside a structure: changes nothing but the interpreter's own state.
    static bool IsKnown(void* context, Value value)
    {
        LiveState* state = (LiveState*)context;
        if (value.Kind == ValueKind.Object)
        {
            Header* o = value.Head;
            if (PoolHeap.IsDeleted(Heap.Of(o)) || Kinds.Of(o) != LiveKind.Object || state->ClassOf((Record*)o) != null)
                return true;
            state->Refused = o;
            return false;
        }
        if (value.Kind != ValueKind.Tuple) return true;
        // Recursion is bounded by TupleBlob.MaximumDepth.
        for (nuint i = 0; i < TupleBlob.LengthOf(value); i++)
        {
            if (!IsKnown(context, TupleBlob.Items((TupleBlob*)value.Pointer)[i])) return false;
        }
        return true;
    }
}
