"""The frozen objects that the battery works on, and its list of groups."""

import sys

GROUPS = {}

PROGRAM = """
def function(alpha, beta_2=5, *, key='v'):
    total = alpha + beta_2
    return total, key, 'a constant', (1, 2.5, 'b')
value = function(1)
"""


def group(function):
    """Enters a function that takes the frozen data into the battery."""
    GROUPS[function.__name__] = function
    return function


def original():
    """Something of every type; names and texts that the operations of the battery need."""
    data = {
        "name": "frozen_name",
        "names": ["alpha", "beta_2", "_private", "__dunder__", "__len__", "__getattr__", "__call__", "__slots__", "self", "x",
                  "größe", "长度"],
        "texts": ["", "a", "é", "some plain text, with words", "naïve € text", "𝄞 music", "\ud800 lone"]
        + ["MiXeD Case", "  padded  ", "1234567890", "a,b;c d\te\n"],
        "sources": ["1 + 2 * 3", "lambda x: (x, 'constant', 1.5, 10**20)", "[i for i in range(5)]", "f'{1}{2!r:>5}'"],
        "program": PROGRAM,
        "bytes": [b"", b"x", b"some bytes", bytes(range(256)), bytearray(b"was an array")],
        "ints": [0, 5, -5, 256, 257, 1000, 1025, 2**31, 2**62, 2**64, 10**40, -(10**40), 3**200],
        "floats": [0.0, -0.0, 1.5, -2.25, 1e300, float("inf"), float("nan")],
        "complexes": [1 + 2j, complex(0, -1.5)],
        "constants": [None, True, False, ..., NotImplemented],
        "ranges": [range(10), range(5, 500, 7), range(2**70, 2**70 + 3)],
        "slices": [slice(1, 3), slice(None, None, -1), slice("a", (1, 2), None)],
        "tuples": [(), (1,), (1, "two", 3.0), (1, (2, (3, ("four",)))), tuple(range(100))],
        "lists": [[], [3, 1, 2], ["b", "c", "a"], [[1, 2], [3, 4]], list(range(1000))],
        "sets": [set(), {1, 2, 3}, {"a text", "b text", (1, 2)}, frozenset({1, "x"}), set(range(300))],
        "dicts": [{}, {"a": 1, "b": [2]}, {1: "i", (2, 3): "t", None: "n", 1.5: "f", b"b": "b"},
                  {f"key_{i}": i for i in range(300)}],
        "keywords": {"alpha": 1, "beta_2": "two", "größe": 3},
        "namespace": {"attribute": 5, "__slots__": ("one", "two"), "__doc__": "text of a doc string", "größe": 6},
        "records": [{"id": i, "name": f"name {i}", "tags": [f"tag{i % 7}", "common"], "score": i / 3} for i in range(200)],
        "format": "%s and %r",
        "template": "{0} {name!r:>10} {1:08.3f}",
        "pattern": r"(?P<word>\w+)\s+(\d+)?",
        "module": "string",
        "path": "data/frozen_path.txt",
    }
    ring = [1]
    ring.append({"ring": ring})
    data["ring"] = ring
    if sys.version_info >= (3, 13):
        import datetime as dt

        data["datetimes"] = [dt.datetime(2024, 2, 29, 1, 2, 3), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)]
        data["datetimes"] += [dt.date(2024, 1, 1), dt.time(1, 2), dt.timedelta(1, 2, 3)]
    return data


def hashable(data):
    """Every frozen object of the data that can be a key; NaN, which equals nothing, left out."""
    for kind in ("names", "texts", "bytes", "ints", "complexes", "constants", "ranges", "tuples", "sets", "datetimes"):
        yield from data.get(kind, ())
    yield from data["floats"][:-1]
    yield from data["slices"][:2]


def everything(data):
    """Every frozen object of the data that is no scalar's part."""
    for value in data.values():
        yield value
        if isinstance(value, tuple):
            yield from value


def run(module, data, phase):
    """Runs a module's groups, each three times: the second and third time find caches filled. Says which are done."""
    __import__(module)
    for name, function in GROUPS.items():
        if function.__module__ == module:
            for _ in range(3):
                function(data)
            sys.__stdout__.write(f"{phase} {name}\n")
            sys.__stdout__.flush()


def groups_of(module):
    """The names of a module's groups, in their order."""
    __import__(module)
    return [name for name, function in GROUPS.items() if function.__module__ == module]
