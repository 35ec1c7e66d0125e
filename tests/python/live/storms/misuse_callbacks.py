"""Arguments whose every callback does something to the object whose method calls it: battery.act(target)."""

import math


class Raised(Exception):
    """What callbacks raise."""


class Callback:
    """Does something to the object at each of Python's callbacks."""

    def __init__(self, battery, target):
        object.__setattr__(self, "_about", (battery, target))

    def _act(self):
        battery, target = self._about
        battery.act(target)
        return battery._dice


def _callback(result):
    def method(self, *arguments, **named):
        return result(self._act())

    return method


for _names, _result in (
    ("__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __contains__", lambda dice: dice.random() < 0.5),
    ("__hash__ __index__ __int__ __length_hint__", lambda dice: dice.choice((0, 1, -1, 2**48, 2**63 - 1))),
    ("__len__", lambda dice: dice.choice((0, 1, 3))),
    ("__float__", lambda dice: dice.choice((0.5, math.nan))),
    ("__complex__", lambda dice: 1j),
    ("__str__ __repr__ __format__", lambda dice: "callback"),
    ("__bytes__", lambda dice: b"callback"),
    ("__iter__", lambda dice: iter(dice.choice(((1, "a"), ("ab", "cd"), ())))),
    ("__next__", lambda dice: dice.choice((1, "a", ("b", 2)))),
    ("__getitem__ __call__ __add__ __radd__ __or__ __ror__ __and__ __rand__ __sub__ __rsub__",
     lambda dice: dice.choice((1, "a", None))),
    ("keys", lambda dice: dice.choice((["a"], [1, 2], ()))),
    ("__getattr__", lambda dice: dice.choice((1, "a"))),
):
    for _name in _names.split():
        setattr(Callback, _name, _callback(_result))


def _dying(self):
    try:
        self._act()
    except Raised:
        pass


Callback.__del__ = _dying


class CallbackText(str):
    """Text with an opinion of its own."""

    def __eq__(self, other):
        raise Raised

    def __hash__(self):
        raise Raised


class CallbackInt(int):
    """A number with an opinion of its own."""

    __hash__ = CallbackText.__hash__
    __eq__ = CallbackText.__eq__

    def __index__(self):
        raise Raised
