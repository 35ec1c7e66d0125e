"""Pickling between interpreters of one process: shared objects go by pointer, what only the sender can import goes by value."""

import io
import pickle

from symplast import _symplast, byvalue


class Pickler(pickle.Pickler):
    """A pickler for a worker or its owner."""

    # A builtin is not bound to the instance: it is called with the object alone, for every object, without a Python frame.
    persistent_id = _symplast._persistent_id

    def __init__(self, file, sender, protocol=pickle.HIGHEST_PROTOCOL):
        super().__init__(file, protocol)
        # As an attribute it saves a frame for each object.
        self.reducer_override = sender.reduce


class Unpickler(pickle.Unpickler):
    """The other end of Pickler. Taking in a shared object gives this interpreter a lease on its pool."""

    persistent_load = _symplast._persistent_load


def dumps(obj, sender):
    """Pickle obj for another interpreter of this process."""
    file = io.BytesIO()
    Pickler(file, sender).dump(obj)
    return file.getvalue()


def loads(data):
    """Unpickle what dumps() of another interpreter made."""
    return Unpickler(io.BytesIO(data)).load()
