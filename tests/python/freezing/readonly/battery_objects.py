"""What one does with objects: hash, compare, look up, slice, convert, format; all on frozen ones."""

import collections
import copy
import functools
import gc
import itertools
import marshal
import operator
import pickle
import sys
import weakref

import symplast
from battery_data import everything, group, hashable


@group
def hashing_and_keys(data):
    for value in hashable(data):
        assert hash(value) == hash(value)
        table = {value: 1}
        assert table[value] == 1 and value in table and value in {value} and value in frozenset([value])
        table[value] = 2
        assert table.pop(value) == 2 and table.setdefault(value, 3) == 3 and dict.fromkeys([value])
        assert {(value, 1): 1}[value, 1] == 1
    table = dict.fromkeys(hashable(data), 1)
    table |= {value: 2 for value in hashable(data)}
    for value in list(hashable(data)):
        table.pop(value, None)
    assert len(set(hashable(data)) | frozenset(hashable(data))) > 10
    collections.Counter(hashable(data)).most_common(3)
    collections.defaultdict(list)[data["name"]].append(data)
    collections.OrderedDict.fromkeys(data["names"]).move_to_end(data["names"][0])
    functools.lru_cache()(lambda *args, **kwargs: 1)(*hashable(data), **data["keywords"])


@group
def values_in_containers(data):
    holder = list(everything(data))
    nested = [holder, tuple(holder), {"k": holder}, collections.deque(holder, 5), {i: value for i, value in enumerate(holder)}]
    holder *= 3
    holder.reverse()
    holder.remove(data["names"])
    assert data["names"] in holder and holder.count(data["lists"]) >= 2
    holder[2:50] = everything(data)
    del nested, holder[::2]
    assert (data["tuples"][2],) * 3 == tuple([data["tuples"][2]] * 3)
    assert data["lists"][1] * 3 == (3, 1, 2) * 3


@group
def mappings(data):
    for frozen in [*data["dicts"], data["keywords"], data["records"][0]]:
        assert len(frozen) == len(list(frozen)) == len(frozen.keys()) == len(frozen.values()) == len(frozen.items())
        assert all(frozen[key] is frozen.get(key) and key in frozen and key in frozen.keys() for key in frozen)
        assert list(reversed(frozen)) == list(frozen)[::-1] and len(list(frozen.items())) == len(frozen)
        frozen.get("missing"), frozen.get(("missing",), 5), "missing" in frozen
        plain = dict(frozen)
        assert plain == frozen and frozen == plain and not frozen != plain and {**frozen} == plain
        assert dict(frozen.items()) == plain
        for changed in (dict(frozen), plain, {} | frozen, collections.ChainMap({}, frozen).new_child()):
            changed["new"] = 1
            changed["another"] = frozen
        assert (frozen | {"new": 1})["new"] == 1 and ({"new": 1} | dict(frozen))["new"] == 1
        assert frozen.keys() & {"a", 1} <= set(frozen) and frozen.keys() | {"z"} and frozen.copy() == frozen
        try:
            frozen["new"] = 1
            raise AssertionError
        except TypeError:
            pass
        collections.OrderedDict(frozen), collections.Counter(frozen.keys())
        [collections.UserDict(frozen)[key] for key in frozen]
        sorted(frozen, key=repr), min(frozen, key=repr, default=None), list(zip(frozen, frozen.values()))
        list(enumerate(frozen.items()))
    assert data["ring"][1]["ring"] is data["ring"]


@group
def sets(data):
    for frozen in data["sets"]:
        assert frozen | {5} >= frozen and frozen & frozen == frozen and frozen - frozen == set() and frozen ^ set() == frozen
        assert {5} | frozen and set() - frozen == set() and frozen.union([1], (2,)) and frozen.isdisjoint([object()])
        assert frozen <= frozen and not frozen < frozen and frozen == set(frozen) and frozen.copy() == frozen
        plain = set(frozen)
        plain.update(frozen), plain.add(frozen), plain.difference_update(frozen), plain.symmetric_difference_update(frozen)
        plain |= frozen
        plain &= frozen
        assert sorted(map(repr, frozen)) == sorted(map(repr, plain)) and len(list(iter(frozen))) == len(frozen)
        assert frozenset(frozen) == frozen and {frozen: 1}[frozen] == 1 and frozen in {frozen}
        for name in ("add", "discard", "clear", "pop", "update"):
            assert not hasattr(frozen, name)


@group
def sequences(data):
    for frozen in [*data["tuples"], *data["lists"]]:
        assert frozen[:] == frozen and frozen[::-1][::-1] == frozen and list(frozen[1:]) == list(frozen)[1:]
        assert frozen + (1,) > frozen and (0,) + frozen and frozen * 2 == frozen + frozen and frozen.count(5) >= 0
        assert list(reversed(frozen)) == list(frozen)[::-1] and len(list(iter(frozen))) == len(frozen)
        assert [*frozen] == list(frozen)
        assert (frozen == list(frozen)) is False and frozen == tuple(frozen) and frozen <= frozen and not frozen < frozen
        local = list(frozen)
        local += frozen
        local.extend(frozen)
        local[1:1] = frozen
        tuple(frozen), list(frozen), [frozen.index(value) for value in frozen[-1:]]
        operator.itemgetter(slice(0, 2))(frozen), collections.deque(frozen), (frozen,) + frozen
        grown = frozen
        grown += (1, 2)
        grown *= 2
        for change in (lambda: operator.setitem(frozen, 0, 1), lambda: operator.delitem(frozen, 0)):
            try:
                change()
                raise AssertionError
            except TypeError:
                pass
    assert sorted(data["lists"][1]) == [1, 2, 3] and sorted(data["lists"][2], key=str.upper, reverse=True) == ["c", "b", "a"]
    assert min(data["lists"][4]) == 0 and max(data["lists"][2]) == "c" and sum(data["lists"][4]) == 499500
    assert sum(data["lists"][3], ()) == (1, 2, 3, 4) and any(data["constants"]) and not all(data["constants"][:1])
    rows = sorted(data["records"], key=operator.itemgetter("score"), reverse=True)
    rows.sort(key=lambda row: (row["tags"], row["id"]))
    assert "xyz"[data["slices"][0]] == "yz" and data["lists"][1][data["slices"][1]] == (2, 1, 3)
    assert data["slices"][0].indices(10) == (1, 3, 1)
    for frozen in data["ranges"]:
        assert frozen[0] in frozen and len(frozen[::2]) and list(frozen[:3]) and frozen.index(frozen[1]) == 1
        assert frozen == frozen[:]
        frozen[data["slices"][0]], reversed(frozen), frozen.start + frozen.stop + frozen.step, frozen.count(3)


@group
def numbers(data):
    for value in data["ints"]:
        results = [value + 1, value - 1, value * 3, value // 7, value % 7, -value, +value, ~value, abs(value), value**2]
        results += [value << 5, value >> 2, value & 255, value | 1, value ^ 3]
        results += [value / 1e5, divmod(value, 7), int(value), float(value), complex(value), bool(value), str(value), hex(value)]
        results += [oct(value), bin(value)]
        results += [value.bit_length(), value.bit_count(), value.to_bytes(100, "big", signed=True), round(value, -1)]
        results += [value.as_integer_ratio(), value.conjugate(), value.numerator]
        results += [value == value, value != 0, value < 5, value >= 5, pow(value, 3, 1000), operator.index(value)]
        results += [int.from_bytes(b"\1\2"), f"{value:,}", format(value, "x")]
        grown = value
        grown += 1
        grown *= 2
        grown -= value
        grown //= 3
        grown <<= 1
        grown &= -2
        assert sum([value, value]) == value * 2 and grown == ((value + 1) * 2 - value) // 3 << 1 & -2
        range(value, value + 3)[1], slice(value), min(value, 5), max(value, 5), list(range(5))[value if 0 <= value < 5 else 0]
    for value in data["floats"]:
        results = [value + 1, value * 2, -value, abs(value), value**0.5, value == value, value < 1, repr(value), str(value)]
        results += [f"{value:.3f}", value.is_integer(), value.hex(), bool(value)]
        if value == value and abs(value) < 1e301:
            results += [int(value), round(value, 1), divmod(value, 3), value // 2, value % 3, value.as_integer_ratio()]
        grown = value
        for _ in range(100):
            grown += value
            grown *= 0.5
            grown -= value
            grown /= 2
    for value in data["complexes"]:
        value + 1, value * value, value / 2, value**2, abs(value), value.real, value.imag, value.conjugate(), repr(value), -value
        value == 1
    for value in data["constants"]:
        assert value is value and repr(value) and str(value) and (value == value)


@group
def copying(data):
    for value in [*hashable(data), data["lists"], data["tuples"], data["ints"], data["sets"]]:
        copy.copy(value), copy.deepcopy(value), copy.deepcopy([value, {"k": value}])
    for value in data["dicts"]:
        copy.copy(dict(value)), copy.deepcopy({key: repr(part) for key, part in value.items()})
    if sys.version_info >= (3, 15):
        assert copy.deepcopy(data["records"]) == data["records"]
        return
    try:
        copy.copy(data)
        raise AssertionError
    except TypeError:
        # As of any mappingproxy.
        pass


@group
def pickling(data):
    for value in [*hashable(data), data["lists"], data["tuples"], data["names"], [data["name"], data["lists"]],
                  {data["name"]: data["tuples"]}]:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            pickle.loads(pickle.dumps(value, protocol))
            pickle._loads(pickle._dumps(value, protocol))
    for value in [*data["texts"], *data["bytes"], *data["ints"], *data["tuples"], data["lists"], *data["sets"], data["names"]]:
        for version in range(marshal.version + 1):
            marshal.loads(marshal.dumps(value, version))

    class Instance:
        def __init__(self, state):
            self.__dict__.update(state)

    globals()["Instance"] = Instance
    Instance.__module__, Instance.__qualname__ = __name__, "Instance"
    state = {name: value for name, value in data["keywords"].items()}
    assert vars(pickle.loads(pickle.dumps(Instance(state)))) == state


@group
def iterators(data):
    rows, numbers, words = data["records"], data["lists"][4], data["names"]
    results = [itertools.chain(rows, numbers, *data["lists"]), itertools.islice(itertools.cycle(words), 50)]
    results += [itertools.product(words, numbers[:5]), itertools.groupby(words, len), itertools.permutations(words[:4])]
    results += [itertools.combinations(words, 2), itertools.accumulate(numbers), itertools.pairwise(words)]
    results += [itertools.zip_longest(words, numbers), itertools.starmap(pow, [data["tuples"][1] * 2])]
    results += [itertools.compress(words, numbers), itertools.batched(words, 3), itertools.repeat(data["name"], 3)]
    results += [itertools.filterfalse(None, numbers), itertools.takewhile(bool, words), itertools.dropwhile(bool, words)]
    results += [*itertools.tee(words), zip(words, numbers, strict=False), map(len, words), filter(None, data["texts"])]
    results += [enumerate(words), reversed(numbers), iter(data["sets"][2]), iter(data["dicts"][3].items())]
    results += [iter(data["ranges"][1]), iter(data["name"]), iter(data["bytes"][2])]
    for result in results:
        list(result)
    iterator = iter(words)
    next(iterator), iterator.__length_hint__(), copy.copy(iterator), pickle.loads(pickle.dumps(iterator))
    functools.reduce(operator.add, data["lists"][3]), functools.partial(max, *words)(key=len)
    functools.cmp_to_key(lambda a, b: 0)(words)
    operator.attrgetter(words[0]), operator.methodcaller("index", words[1])(words)
    operator.itemgetter(*words[:1])(dict.fromkeys(words))
    cached = functools.cache(lambda *args: args)
    for value in hashable(data):
        assert cached(value)[0] == value
    functools.singledispatch(lambda o: o)(data)


@group
def garbage_collection(data):
    class Node:
        pass

    ring = Node()
    ring.self, ring.data, ring.list, ring.tuple = ring, data, [data] * 10, (data, ring)
    ring.dict = {"data": data, data["name"]: 1}
    setattr(ring, data["name"], data["records"])
    for generation in range(3):
        gc.collect(generation)
    gc.get_objects(), [gc.get_objects(generation) for generation in range(3)]
    for value in everything(data):
        gc.is_tracked(value), gc.is_finalized(value)
        # The dict behind a mappingproxy is not for the user's hands; looking at it is all right.
        gc.get_referents(value)
    gc.get_referrers(data), gc.get_referrers(data["name"], data["lists"])
    gc.freeze(), gc.collect(), gc.unfreeze()
    del ring
    gc.collect()
    locals_only = [(value,) for value in everything(data)]
    gc.collect()
    del locals_only
    gc.collect()


@group
def system_questions(data):
    for value in everything(data):
        sys.getrefcount(value), sys.getsizeof(value), id(value), type(value), isinstance(value, (tuple, str)), callable(value)
        dir(value)[:3], value is None
        value.__class__, value.__doc__, value.__reduce_ex__, value.__sizeof__(), value.__dir__()
        for change in (lambda: setattr(value, "attribute", 1), lambda: delattr(value, "attribute"),
                       lambda: setattr(value, "__class__", int)):
            try:
                change()
                raise AssertionError
            except (AttributeError, TypeError):
                pass
        # Of the types that can be frozen only frozenset allows weak references; see the limits in the documentation.
        if type(value) is not frozenset:
            try:
                weakref.ref(value)
                raise AssertionError
            except TypeError:
                pass
        symplast.is_shared(value), symplast.pool_of(value), symplast.is_frozen(value)
    for value in data["names"]:
        assert sys.intern(value) == value
        sys.intern("".join(list(value)))


@group
def freezing_and_thawing_again(data):
    assert symplast.freeze(data) is data
    thawed = symplast.thaw(data)
    again = symplast.freeze(thawed)
    assert list(again) == list(data) and again["texts"] == data["texts"]
    with symplast.Pool("other") as other:
        copied = other.freeze([data])
        assert copied[0]["records"] == data["records"]
        other.freeze([object()], default=lambda o: data)


@group
def dates_and_times(data):
    for value in data.get("datetimes", ()):
        value == value, hash(value), str(value), repr(value), {value: 1}[value], pickle.loads(pickle.dumps(value))
        copy.deepcopy(value)
        if hasattr(value, "isoformat"):
            value.isoformat(), f"{value:%Y %H}", value.replace()
        if hasattr(value, "timetuple"):
            value.timetuple(), value.isocalendar(), value.weekday(), value - value, value + data["datetimes"][4], value <= value
        if hasattr(value, "astimezone"):
            value.astimezone(), value.utcoffset(), value.timestamp(), value.date(), value.timetz()
        if hasattr(value, "total_seconds"):
            value.total_seconds(), value * 2, value / 3, -value, abs(value), value // value
