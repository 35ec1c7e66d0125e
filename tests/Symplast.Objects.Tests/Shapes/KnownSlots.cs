using Symplast.Memory;

namespace Symplast.Objects.Tests.Shapes;

/// <summary>Reads attributes as the product does: by the slots that names have in shapes that were met before. Of one
/// thread.</summary>
internal sealed unsafe class KnownSlots
{
    readonly Dictionary<(ulong Shape, ulong Name), int> _slots = [];

    /// <summary>The value in a slot if the record has that shape, else Missing; the attribute may be there.</summary>
    internal static Status Load(Participant* me, Record* record, ulong shapeId, int slot, out Value value)
    {
        Epoch.Enter(me);
        RecordView view = RecordView.Of(record);
        Status status = view.Body == null ? Status.Deleted : view.ShapeId == shapeId ? Status.Done : Status.Missing;
        value = status == Status.Done ? RecordView.Load(view, slot) : default;
        Epoch.Exit(me);
        return status;
    }

    /// <summary>Sets the value in a slot if the record has that shape, else Missing.</summary>
    internal static Status Store(Participant* me, Record* record, ulong shapeId, int slot, Value value)
    {
        Epoch.Enter(me);
        Reference.Take(value);
        Status status = CachedSlots.Store(me, record, shapeId, slot, value);
        if (status != Status.Done) Reference.Drop(me, value);
        Epoch.Exit(me);
        return status;
    }

    internal Status Get(Participant* me, Record* record, Value name, out Value value)
    {
        Epoch.Enter(me);
        Status status = Status.Done;
        RecordView view = RecordView.Of(record);
        if (view.ShapeId != 0 && _slots.TryGetValue((view.ShapeId, name.Bits), out int slot)) value = RecordView.Load(view, slot);
        else
        {
            status = NamedAttributes.Get(me, record, Probe.Of(name), out value, out ulong shape, out slot);
            if (shape != 0 && slot >= 0) _slots[(shape, name.Bits)] = slot;
        }
        Epoch.Exit(me);
        return status;
    }
}
