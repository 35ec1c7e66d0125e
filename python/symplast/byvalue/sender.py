"""The reducer for the objects of tasks and answers."""

import pickle

from symplast import _symplast, signals
from symplast.byvalue.arrival import original, rebuild, rebuild_large
from symplast.byvalue.forms import BY_VALUE, form, label
from symplast.byvalue.identity import Recent, known, register


class Sender:
    """Decides how objects are sent from this interpreter to the workers of an executor.

    With *reply*, decides how they are sent from a worker to its owner. A pickler calls reduce() as its reducer_override, and
    symplast._symplast._persistent_id as its persistent_id. Thread-safe.
    """

    def __init__(self, reply=False):
        self._reply = reply
        self._definitions = Recent()

    def __reduce__(self):
        raise TypeError("cannot pickle what belongs to one interpreter: an executor")

    def reduce(self, obj):
        """Return the reduce value of obj, or NotImplemented for pickle's own form.

        PicklingError names what cannot be sent, and the reason.
        """
        found = form(obj) if obj is not rebuild and obj is not rebuild_large else NotImplemented
        if found is not BY_VALUE:
            return found
        record = known(obj) or register(obj)
        if self._reply and record.foreign:
            return original, (record.token, label(obj))
        kept = self._definitions.get(record.token)
        definition = kept[1] if kept is not None and kept[1].is_fresh() else self._define(obj, record)
        if definition.parcel is not None:
            _symplast._attach_parcel(definition.parcel)
        if definition.ticket is not None:
            return rebuild_large, (record.token, definition.version, definition.ticket)
        return rebuild, (record.token, definition.version, definition.data)

    def _define(self, obj, record):
        # Imported late, because most workers never write a definition.
        from symplast.byvalue import writer

        try:
            definition = writer.define_parcelled(obj, self._reply)
        except pickle.PicklingError as error:
            signals.let_through(error)
            where = "from" if self._reply else "to"
            raise pickle.PicklingError(f"cannot send {label(obj)} {where} a worker: {error}") from error.__cause__
        self._definitions.keep(record.token, definition, len(definition.data))
        return definition
