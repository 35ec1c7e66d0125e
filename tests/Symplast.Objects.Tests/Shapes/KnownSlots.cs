using Symplast.Memory;
using Records = Symplast.Objects.Record;

namespace Symplast.Objects.Tests.Shapes;

/// <summary>Reads attributes as the product does: by the slots that names have in shapes that were met before. Of one
/// thread.</summary>
internal sealed unsafe class KnownSlots
{
    readonly Dictionary<(ulong Shape, ulong Name), int> _slots = [];

    internal Status Get(Participant* me, Record* record, Value name, out Value value)
    {
        Epoch.Enter(me);
        Status status = Status.Done;
        RecordView view = Records.View(record);
        if (view.ShapeId != 0 && _slots.TryGetValue((view.ShapeId, name.Bits), out int slot)) value = Records.Load(view, slot);
        else
        {
            status = Records.Get(me, record, Probe.Of(name), out value, out ulong shape, out slot);
            if (shape != 0 && slot >= 0) _slots[(shape, name.Bits)] = slot;
        }
        Epoch.Exit(me);
        return status;
    }
}
