namespace Symplast.Objects;

/// <summary>The steps of a vector's protocol, each with its fault.</summary>
internal static unsafe class VectorAtomics
{
    internal static long BoundsAgain(VectorRoot* root, long seen) =>
        Interleaving.Omits(VectorStep.BoundsAreReadAgain) ? seen : Volatile.Read(ref root->Bounds);

    internal static void BeginFilling(VectorRoot* root, long next)
    {
        if (Interleaving.Omits(VectorStep.ElementComesBeforeBounds)) VectorPublication.Publish(root, next);
    }

    internal static void PublishGone(VectorRoot* root)
    {
        if (!Interleaving.Omits(VectorStep.OldRootIsGone)) VectorPublication.Publish(root, VectorRoot.Gone);
    }

    internal static Value Freeze(Value* from, Value value)
    {
        Value seen = new(Interlocked.CompareExchange(ref *(ulong*)from, VectorRoot.Moved.Bits, value.Bits));
        if (seen == value || !Interleaving.Omits(VectorStep.FreezingCompares)) return seen;
        VectorRoot.Store(from, VectorRoot.Moved);
        return value;
    }

    internal static bool TrySet(Value* place, Value next, Value old)
    {
        if (Interlocked.CompareExchange(ref *(ulong*)place, next.Bits, old.Bits) == old.Bits) return true;
        if (!Interleaving.Omits(VectorStep.SettingCompares)) return false;
        VectorRoot.Store(place, next);
        return true;
    }

    internal static Value Kill(Value* place) =>
        new(Interleaving.Omits(VectorStep.DeletionMarks)
            ? *(ulong*)place : Interlocked.Exchange(ref *(ulong*)place, VectorRoot.Dead.Bits));
}
