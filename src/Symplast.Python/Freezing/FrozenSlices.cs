using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Freezes slices. Slices cache no hash, and a slice in a cycle stays open until the cycle is finished.</summary>
internal static unsafe class FrozenSlices
{
    internal static PyObject* Begin(ref Freezer freezer, PyObject* o)
    {
        byte* block = freezer.Allocate((nuint)(Layout.GcHeadSize + sizeof(PySliceObject)));
        if (block == null) return null;
        PyObject* copy = (PyObject*)(block + Layout.GcHeadSize);
        copy->Type = Api.Table.PySlice_Type;
        freezer.Push(FrameKind.Slice, o, copy, 3, ObjectMark.Object);
        return copy;
    }

    internal static bool Step(ref Freezer freezer)
    {
        int depth = freezer.Walk.Stack.Count - 1;
        while (freezer.Walk.Stack[depth]->Index < 3)
        {
            // A slice is immutable, so its parts need no check for changes.
            FreezeFrame* frame = freezer.Walk.Stack[depth];
            PyObject* copy = freezer.Visit((&((PySliceObject*)frame->Original)->Start)[frame->Index]);
            if (copy == null) return false;
            frame = freezer.Walk.Stack[depth];
            (&((PySliceObject*)frame->Copy)->Start)[frame->Index++] = copy;
            if (freezer.Pushed) return true;
        }
        return freezer.Pop();
    }

    /// <summary>
    /// Keeps a slice open that leads to a container in progress. It cannot be hashed yet, and it has no field for the hash of a
    /// cycle. So the slice itself stays marked as in progress, with that container's stack index in its header. A container that
    /// refers to the slice then counts as part of the cycle, too.
    /// </summary>
    internal static void KeepOpen(ref Freezer freezer, PyObject* slice, int opening)
    {
        slice->RefCount = (ulong)opening;
        freezer.InnermostOpening = Math.Max(freezer.InnermostOpening, opening);
        freezer.OpenSlices.Add((nint)slice);
    }

    /// <summary>
    /// Called after a container was popped. Finishes the open slices that lead to it. If the container is itself an open slice
    /// that leads to <paramref name="opening"/>, these slices then lead there instead; otherwise <paramref name="opening"/> is
    /// <see cref="Freezer.Nothing"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Close(ref Freezer freezer, int opening)
    {
        freezer.InnermostOpening = -1;
        for (int i = freezer.OpenSlices.Count - 1; i >= 0; i--)
        {
            PyObject* slice = (PyObject*)(*freezer.OpenSlices[i]);
            int leadsTo = (int)slice->RefCount;
            if (leadsTo >= freezer.Walk.Stack.Count && opening == Freezer.Nothing)
            {
                slice->RefCount = freezer.Immortal;
                ObjectMarks.Set(slice, ObjectMark.Object);
                freezer.OpenSlices.RemoveAtUnordered(i);
                continue;
            }
            if (leadsTo >= freezer.Walk.Stack.Count) slice->RefCount = (ulong)(leadsTo = opening);
            freezer.InnermostOpening = Math.Max(freezer.InnermostOpening, leadsTo);
        }
    }

    /// <summary>
    /// The hash of a finished slice that leads to no container in progress, or -1 if it is unhashable. Nested slices are hashed
    /// by iteration and memoized, because they may be deep or shared.
    /// </summary>
    internal static nint Hash(ref Freezer freezer, PyObject* copy)
    {
        PyObject* known = freezer.SliceHashes.Find(copy);
        if (known != null) return (nint)known;
        NativeList<nint> todo = default;
        todo.Add((nint)copy);
        nint hash = -1;
        while (todo.Count > 0)
        {
            PyObject* slice = (PyObject*)(*todo.Last);
            int waiting = todo.Count;
            PyObject** parts = &((PySliceObject*)slice)->Start;
            for (int i = 0; i < 3; i++)
            {
                if (parts[i]->Type == Api.Table.PySlice_Type && freezer.SliceHashes.Find(parts[i]) == null)
                    todo.Add((nint)parts[i]);
            }
            if (todo.Count > waiting) continue;
            todo.RemoveLast();
            if (freezer.SliceHashes.Find(slice) != null) continue;
            nint start = HashOfPart(ref freezer, parts[0]);
            nint stop = HashOfPart(ref freezer, parts[1]);
            nint step = HashOfPart(ref freezer, parts[2]);
            hash = start == -1 || stop == -1 || step == -1 ? -1 : Hashes.OfSlice(start, stop, step);
            // The memo returns null for an unknown slice, so a hash of 0 is stored as -1. A tuple that holds the slice then
            // computes its hash each time.
            if (hash == 0) hash = -1;
            freezer.SliceHashes.Add(slice, (PyObject*)hash);
        }
        todo.Dispose();
        return hash;
    }

    static nint HashOfPart(ref Freezer freezer, PyObject* part)
    {
        if (part->Type == Api.Table.PySlice_Type) return (nint)freezer.SliceHashes.Find(part);
        return FrozenHashes.HasHash(ref freezer, part) ? FrozenHashes.OfPart(ref freezer, part) : -1;
    }
}
