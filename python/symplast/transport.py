"""
Pickling between interpreters of one process: shared objects, frozen and live, go by pointer, what only the sender can import goes
by value.
"""

import copyreg
import io
import pickle
import sys

from symplast import _symplast


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

    if sys.version_info < (3, 13):
        # CPython 3.12 does not load _datetime in workers. They have the module's Python form, whose classes name it as theirs.
        def find_class(self, module, name):
            return super().find_class("datetime" if module == "_pydatetime" else module, name)


def _reduce_timezone(zone):
    # Without the state that the Python form of datetime adds, which the other one does not take.
    return type(zone), zone.__getinitargs__()


# What most tasks return that are run for what they do.
_NONE = pickle.dumps(None, pickle.HIGHEST_PROTOCOL)


def dumps(obj, sender):
    """Pickle obj for another interpreter of this process."""
    if obj is None:
        return _NONE
    if sys.version_info < (3, 13) and "_pydatetime" in sys.modules:
        copyreg.pickle(sys.modules["_pydatetime"].timezone, _reduce_timezone)
    file = io.BytesIO()
    Pickler(file, sender).dump(obj)
    return file.getvalue()


def send(obj, sender):
    """dumps() for data that travel: returns them with the parcel that holds the live objects they name, which ends with its last
    reference, or None.

    The channel takes the parcel over with the data.
    """
    data, parcel = _symplast._pack(dumps, obj, sender)
    if parcel is not None and (classes := sys.modules.get("symplast.classes")) is not None:
        classes.renew()
    return data, parcel


def loads(data):
    """Unpickle what dumps() of another interpreter made."""
    return None if data == _NONE else Unpickler(io.BytesIO(data)).load()
