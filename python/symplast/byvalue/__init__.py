"""What goes by value between interpreters: functions and classes that the other one cannot import, those of `__main__` first of
all.

    sender.py       tells the pickler of an executor, for each object, how it goes
    forms.py        the decision for a single object: as pickle has it, or by value
    identity.py     tokens: the same object stays the same object, in tasks and answers
    writer.py       the definition of what goes by value, with everything that it reaches; names.py: the globals that code names
    definition.py   a definition that was written, and whether it still holds
    arrival.py      the other end: reads definitions, and fills `__main__`
    shells.py       classes, enums and other things that are no functions, at both ends
"""

from symplast.byvalue.sender import Sender

__all__ = ["Sender"]
