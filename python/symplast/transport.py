"""Pickling between interpreters of one process.

Frozen and live objects are sent by pointer. Functions and classes that only the sender can import are sent by value.
"""

import copyreg
import io
import pickle
import sys

from symplast import _symplast


class Pickler(pickle.Pickler):
    """The pickler of a worker or its owner."""

    # A builtin function does not become a bound method, so it is called for every object without a Python frame.
    persistent_id = _symplast._persistent_id

    def __init__(self, file, sender, protocol=pickle.HIGHEST_PROTOCOL):
        super().__init__(file, protocol)
        # As an instance attribute, it saves a Python frame for each object.
        self.reducer_override = sender.reduce


class Unpickler(pickle.Unpickler):
    """The counterpart of Pickler. Loading a shared object gives this interpreter a lease on the object's pool."""

    persistent_load = _symplast._persistent_load

    if sys.version_info < (3, 13):
        # CPython 3.12 may use datetime's Python form in workers, whose classes give _pydatetime as their module.
        def find_class(self, module, name):
            return super().find_class("datetime" if module == "_pydatetime" else module, name)


def _reduce_timezone(zone):
    # The Python form of datetime adds a state, which the C form does not accept, so the state is left out.
    return type(zone), zone.__getinitargs__()


# Tasks that are run for their effects return None.
_NONE = pickle.dumps(None, pickle.HIGHEST_PROTOCOL)


def dumps(obj, sender):
    """Return obj pickled for another interpreter of this process."""
    if obj is None:
        return _NONE
    if sys.version_info < (3, 13) and "_pydatetime" in sys.modules:
        copyreg.pickle(sys.modules["_pydatetime"].timezone, _reduce_timezone)
    file = io.BytesIO()
    Pickler(file, sender).dump(obj)
    return file.getvalue()


def send(obj, sender):
    """Pickle obj for sending. Returns the data and a parcel, or None in place of the parcel.

    The parcel holds references to the live objects that the data name, until its last reference ends. The channel takes the
    parcel over with the data.
    """
    data, parcel = _symplast._pack(dumps, obj, sender)
    if parcel is not None and (classes := sys.modules.get("symplast.classes")) is not None:
        classes.renew()
    return data, parcel


def loads(data):
    """Unpickle data that dumps() of another interpreter made."""
    return None if data == _NONE else Unpickler(io.BytesIO(data)).load()
