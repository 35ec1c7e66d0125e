namespace Symplast.Objects;

/// <summary>The steps of an array's protocol, each with its fault.</summary>
internal static unsafe class ArrayAtomics
{
    internal static bool Delete(SharedArray* array)
    {
        if (!Interleaving.Omits(ArrayStep.DeletionIsOneStep))
            return Interlocked.Exchange(ref array->Object.Head.DeletedFlag, 1) == 0;
        bool first = array->Object.Head.DeletedFlag == 0;
        Interleaving.Point();
        array->Object.Head.DeletedFlag = 1;
        return first;
    }

    internal static ulong StoreSum(byte* place, int size, ulong sum, ulong seen)
    {
        if (!Interleaving.Omits(ArrayStep.AdditionCompares)) return SharedArray.CompareExchange(place, size, sum, seen);
        SharedArray.CompareExchange(place, size, sum, SharedArray.Read(place, size));
        return seen;
    }
}
