using Symplast.Memory;

namespace Symplast.Objects.Tests;

// Arrays, which hold no references: as the one that is given, each has a number.
internal abstract unsafe partial class Battery
{
    sealed class Arrays : Battery
    {
        // So many that the array goes back at once where it can.
        const int Count = 20_000;

        internal override string Steps => "ArrayStep";

        internal override string[] Operations => ["get", "count", "kind", "exchange", "cas", "add", "export"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SharedArray* array = SharedArray.Create(me, heap, ElementKind.Int64, 'q', Count);
            if (array != null) SharedArray.Exchange(me, array, Count - 1, 5, out _);
            return (nint)array;
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SharedArray* array = (SharedArray*)structure;
            switch (operation)
            {
                case "get": return SharedArray.Get(me, array, -1, out _, out _);
                case "count": return SharedArray.Count(me, array, out _);
                case "kind": return SharedArray.Kind(me, array, out _);
                case "exchange": return SharedArray.Exchange(me, array, -1, 6, out _);
                case "cas": return SharedArray.CompareExchange(me, array, -1, 5, 7, out _);
                case "add": return SharedArray.Add(me, array, -1, 8, out _);
                default:
                    Status status = SharedArray.Export(me, array, out ArrayView view);
                    view.End();
                    return status;
            }
        }

        internal override Status Delete(Participant* me, nint array) => SharedArray.Delete(me, (SharedArray*)array);

        internal override bool IsValid(Participant* me, nint array) => SharedArray.IsValid((SharedArray*)array);

        internal override string Show(Participant* me, nint array) =>
            SharedArray.Get(me, (SharedArray*)array, -1, out ulong word, out _) == Status.Done
                ? $"{word}" : "deleted";
    }
}
