using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Keeps an object whose class is not known in this interpreter in its structure until the class is found. An object that is
/// removed must have a handle here, or it is lost. If the class cannot be imported, the operation fails and has changed nothing.
/// </summary>
internal static unsafe class UnknownClasses
{
    /// <summary>Refuses objects whose class is not known. After a refusal, call <see cref="Note"/>.</summary>
    internal static ValueGuard Guard(LiveState* state) => new(&IsKnown, state);

    /// <summary>
    /// If the operation was refused, tells <see cref="LiveState.Again"/> which class is missing; the operation must then be
    /// repeated. Called inside the operation's section.
    /// </summary>
    internal static void Note(LiveState* state, Status status)
    {
        // The refused object may have died since, or its block may hold another object now; then the operation is just repeated.
        if (status == Status.Refused && Reference.TryTake(state->Refused)) state->Unresolved = state->Refused;
    }

    // Called inside a structure: changes only the interpreter's own state.
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
