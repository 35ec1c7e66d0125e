"""
Random object graphs as programs: a list of nodes, each a value or a container of other nodes. What a program builds can have
sharing and cycles, and a failing program can be made smaller node by node until nothing more can be left out.
"""

import builtins
import collections
import datetime
import random
import sys
import types

OwnList = type("OwnList", (list,), {})
OwnTuple = type("OwnTuple", (tuple,), {})
OwnSet = type("OwnSet", (set,), {})
OwnFrozenSet = type("OwnFrozenSet", (frozenset,), {})


class Opaque:
    """What only default= can make freezable; it stands for its part."""

    def __init__(self, part):
        self.part = part


MAKERS = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "slice": lambda parts: slice(*parts),
    "dict": dict,
    "proxy": lambda pairs: types.MappingProxyType(dict(pairs)),
    "OwnList": OwnList,
    "OwnTuple": OwnTuple,
    "OwnSet": OwnSet,
    "OwnFrozenSet": OwnFrozenSet,
    "OrderedDict": collections.OrderedDict,
    "defaultdict": lambda pairs: collections.defaultdict(list, pairs),
    "Opaque": lambda parts: Opaque(parts[0]),
}
MUTABLE_SEQUENCES = {"list", "OwnList"}
MUTABLE_DICTS = {"dict", "OrderedDict", "defaultdict"}
DICTS = {"dict", "proxy", "OrderedDict", "defaultdict"}
SETS = {"set", "frozenset", "OwnSet", "OwnFrozenSet"}
HASHABLE = {"tuple", "frozenset", "slice", "OwnTuple", "OwnFrozenSet"}
PLAIN = ["list"] * 4 + ["tuple"] * 3 + ["dict"] * 4 + ["set", "frozenset", "slice", "proxy", "OrderedDict", "defaultdict"]
if sys.version_info >= (3, 15):
    MAKERS["frozendict"] = builtins.frozendict
    DICTS.add("frozendict")
    PLAIN.append("frozendict")
SUBCLASSES = ["OwnList", "OwnTuple", "OwnSet", "OwnFrozenSet"]


class Node:
    """Parts are indices of other nodes; of a dict, pairs of them. Only what can be filled late may refer to later nodes."""

    def __init__(self, kind, value=None, parts=()):
        self.kind, self.value, self.parts = kind, value, list(parts)

    def source(self):
        """Python for it, where n5 is node 5."""
        if self.kind == "value":
            return repr(self.value)
        if self.kind in DICTS:
            return f"{self.kind}({{{', '.join(f'n{key}: n{part}' for key, part in self.parts)}}})"
        return f"{self.kind}([{', '.join(f'n{part}' for part in self.parts)}])"


def generate(generator, size, kinds):
    """A random program of about `size` nodes; the last one is the root."""
    nodes, hashable = [], []
    for index in range(size):
        node = _random_node(generator, index, size, kinds, hashable)
        nodes.append(node)
        if node.kind == "value" and not isinstance(node.value, bytearray) or node.kind in HASHABLE and all(
                part in hashable for part in node.parts):
            hashable.append(index)
    # A root that reaches most of it.
    nodes.append(Node("list", parts=generator.sample(range(size), min(size, 12))))
    return nodes


def _random_node(generator, index, size, kinds, hashable):
    if index == 0 or generator.random() < 0.4:
        return Node("value", random_value(generator))
    kind = generator.choice(kinds)
    count = min(int(generator.expovariate(0.3)), 60)
    late = kind in MUTABLE_SEQUENCES or kind in MUTABLE_DICTS
    parts = [generator.randrange(size if late and generator.random() < 0.2 else index) for _ in range(count)]
    keys = [generator.choice(hashable) for _ in range(count)] if hashable else []
    if kind in DICTS:
        return Node(kind, parts=zip(keys, parts))
    if kind in SETS:
        return Node(kind, parts=keys)
    if kind == "slice":
        return Node(kind, parts=(parts + [0, 0, 0])[:3])
    if kind == "Opaque":
        return Node(kind, parts=[generator.randrange(index)])
    return Node(kind, parts=parts)


def random_value(generator):
    """A value without parts, with a taste for borders."""
    choice = generator.randrange(14)
    if choice == 0:
        return generator.choice([None, True, False, ..., 0, 1, -1, "", b"", ()])
    if choice <= 2:
        return generator.randrange(-10, 1100)
    if choice == 3:
        return generator.choice([1, -1]) * (
            2 ** generator.choice([29, 30, 31, 60, 62, 63, 64, 90, 500]) + generator.randrange(-2, 3))
    if choice == 4:
        return generator.choice([generator.random(), 0.0, -0.0, float("inf"), float("nan"), 1e300, 1.0, 2.0])
    if choice == 5:
        return complex(generator.randrange(3), generator.choice([0.0, -0.0, 1.5, float("nan")]))
    if choice <= 9:
        alphabet = generator.choice(["ab_", "abcé", "aÿĀ", "€日", "𝄞a", "a\ud800"])
        return "".join(generator.choice(alphabet) for _ in range(generator.choice([1, 2, 3, 8, 30])))
    if choice == 10:
        return generator.randbytes(generator.choice([0, 1, 2, 40]))
    if choice == 11:
        return bytearray(generator.randbytes(generator.choice([0, 1, 30])))
    if choice == 12:
        return range(generator.randrange(-5, 2000), generator.choice([5, 2**70]), generator.choice([1, 2, -3]))
    if sys.version_info < (3, 13):
        return generator.choice(["__init__", "name", "self"])
    return generator.choice(
        [
            datetime.datetime(2024, 2, 29, 1, 2, 3, generator.randrange(10**6)),
            datetime.datetime(2024, 1, 1, generator.randrange(24), tzinfo=datetime.timezone.utc),
            datetime.date(generator.randrange(1, 9999), 1, 1),
            datetime.time(generator.randrange(24), fold=1),
            datetime.timedelta(generator.randrange(-1000, 1000), 1),
            datetime.timezone.utc,
        ]
    )


def build(nodes):
    """The root object of a program."""
    objects = []
    for node in nodes:
        if node.kind == "value":
            objects.append(node.value)
        elif node.kind in MUTABLE_SEQUENCES or node.kind in MUTABLE_DICTS:
            objects.append(MAKERS[node.kind](()))
        elif node.kind in DICTS:
            objects.append(MAKERS[node.kind]([(objects[key], objects[part]) for key, part in node.parts]))
        else:
            objects.append(MAKERS[node.kind]([objects[part] for part in node.parts]))
    for node, o in zip(nodes, objects):
        if node.kind in MUTABLE_SEQUENCES:
            o.extend(objects[part] for part in node.parts)
        elif node.kind in MUTABLE_DICTS:
            for key, part in node.parts:
                o[objects[key]] = objects[part]
    return objects[-1]


def shrink(nodes, fails):
    """A smaller program that still fails; `fails` tells whether one does."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _reductions(nodes):
            if fails(candidate):
                nodes, smaller = candidate, True
                break
    return nodes


def _reductions(nodes):
    for index in range(len(nodes) - 1, -1, -1):
        if len(nodes) > 1:
            yield _without(nodes, index)
    for index, node in enumerate(nodes):
        for part in range(len(node.parts) - 1, -1, -1):
            if node.kind not in ("slice", "Opaque"):
                yield [*nodes[:index], Node(node.kind, node.value, node.parts[:part] + node.parts[part + 1 :]),
                       *nodes[index + 1 :]]
        if node.kind != "value" or node.value is not None:
            yield [*nodes[:index], Node("value", None), *nodes[index + 1 :]]


def _without(nodes, gone):
    """
    The program without one node: those that referred to it lose the part, or get another node for one that they cannot do
    without.
    """

    def moved(part):
        return part - (part > gone)

    result = []
    for index, node in enumerate(nodes):
        if index == gone:
            continue
        if node.kind in DICTS:
            parts = [(moved(key), moved(part)) for key, part in node.parts if gone not in (key, part)]
        elif node.kind in ("slice", "Opaque"):
            parts = [moved(part) if part != gone else 0 for part in node.parts]
        else:
            parts = [moved(part) for part in node.parts if part != gone]
        result.append(Node(node.kind, node.value, parts))
    return result


def source(nodes):
    """A program as text, to be pasted into a test."""
    return "\n".join(f"n{index} = {node.source()}" for index, node in enumerate(nodes))


def programs(seed, cases, kinds):
    """`cases` programs of growing and shrinking size, the same ones for the same seed."""
    for case in range(cases):
        generator = random.Random(seed * 1_000_003 + case)
        yield case, generate(generator, generator.choice([1, 2, 3, 5, 8, 20, 60, 150]), kinds)
