"""Sending by value: functions and classes that the receiving interpreter cannot import, above all those of `__main__`.

    sender.py       the reducer of an executor's pickler: decides for each object how it is sent
    forms.py        the form of a single object: pickle's own, another reduce value, or by value
    identity.py     tokens: an object that is sent again, or sent back, arrives as the same object
    writer.py       writes the definition of an object, with all by-value objects that it reaches
    names.py        finds the globals that code names
    apart.py        large values, which definitions share
    parts.py        what objects hold, so that changes are found without pickling
    crossings.py    warns of large data that cross again and again
    tasks.py        the parts of a task, as messages name them
    definition.py   a written definition, and the check that it is still up to date
    arrival.py      the receiving end: reads definitions, and fills `__main__`
    shells.py       classes, enums and other objects that are not functions, at both ends
"""

from symplast.byvalue.sender import Sender

__all__ = ["Sender"]
