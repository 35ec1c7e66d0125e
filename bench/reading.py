"""Reading frozen data against reading the plain data it was made from (dicts, lists, sets …), in one interpreter."""

import random
import re
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import symplast

import data
from harness import Bar, Run, benchmark, cpu_seconds

# A mappingproxy, which frozen dicts are before 3.15, costs some nanoseconds a lookup.
BAR = Bar(1.05 if sys.version_info >= (3, 15) else 1.2)


def twin[F: Callable](function: F) -> F:
    """
    A copy of a function with code of its own. CPython specialises code for the types it meets; code that both sides ran would be
    specialised for neither.
    """
    if not isinstance(function, FunctionType):
        return function

    def copied(code: CodeType) -> CodeType:
        return code.replace(co_consts=tuple(copied(one) if isinstance(one, CodeType) else one for one in code.co_consts))

    return FunctionType(copied(function.__code__), function.__globals__)


def compare(run: Run, plain: Any, reads: dict[str, tuple]) -> None:
    """Calls each function with the frozen and with the plain data; the arguments after it are plain on both sides."""
    frozen = symplast.freeze(plain)
    for name, (read, *local) in reads.items():
        ours, theirs = twin(read), twin(read)
        ours_took, theirs_took = run.turns(
            name,
            lambda: cpu_seconds(ours, frozen, *local),
            lambda: cpu_seconds(theirs, plain, *local),
            seconds=1.2, least=7, most=200)
        run.row(name, ours_took, "plain data", theirs_took, bar=BAR)


@benchmark("dicts")
def reading_dicts(run: Run) -> None:
    words = data.strings(1_000)
    keys = [equal(word) for word in words] * 100
    missing = [word + "?" for word in words] * 100
    compare(run, {word: i for i, word in enumerate(words)}, {
        "d[key]": (by_key, keys),
        "d.get(key)": (by_get, keys),
        "d.get(key, default), key is missing": (by_get_default, missing),
        "key in d": (contains, keys),
        "for key in d": (iterate,),
        "for key, value in d.items()": (iterate_items,),
        "for value in d.values()": (iterate_values,),
        "dict(d)": (copy_dict,),
    })
    compare(run, {i * 7: word for i, word in enumerate(words)}, {"d[int]": (by_key, [i * 7 for i in range(1_000)] * 100)})
    compare(run, {(i * 7, word): i for i, word in enumerate(words)}, {
        "d[int, str]": (by_key, [(i * 7, equal(word)) for i, word in enumerate(words)] * 50),
    })


@benchmark("a large dict")
def reading_large_dict(run: Run) -> None:
    words = data.strings(run.either(500_000, 100_000))
    keys = [equal(word) for word in random.Random(6).sample(words, 50_000)]
    compare(run, {word: [i] for i, word in enumerate(words)}, {f"d[key][0], {len(words):,} keys": (by_key_and_index, keys)})


@benchmark("records")
def reading_records(run: Run) -> None:
    count = run.either(100_000, 20_000)
    compare(run, data.records(count), {f"walk {count:,} JSON records": (walk_records,)})
    # Dicts made by code have the constants of that code as keys, which are then found by identity.
    made = [{"name": f"User {i}", "rank": i, "parent": None if i % 2 else {"rank": i, "label": "even"}} for i in range(5_000)]
    compare(run, made, {"walk 5,000 records made by code": (walk_made,)})
    compare(run, data.tree(20_000), {"walk a tree of 20,000 nodes": (walk_tree,)})


@benchmark("lists and tuples")
def reading_sequences(run: Run) -> None:
    numbers = [i * 3 for i in range(1_000)]
    compare(run, numbers, {
        "data[i], was a list": (by_index,),
        "data[a:b], was a list": (by_slice,),
        "for x in data, was a list": (iterate,),
        "x in data, was a list": (search,),
    })
    compare(run, tuple(numbers), {"data[i], was a tuple": (by_index,), "for x in data, was a tuple": (iterate,)})
    compare(run, data.rows(20_000), {"for a, b, c in rows": (unpack_rows,)})


@benchmark("numbers")
def reading_numbers(run: Run) -> None:
    numbers = random.Random(7)
    compare(run, [numbers.random() for _ in range(10_000)], {
        "sum(floats)": (sum_often,),
        "max(floats)": (max_often,),
        "sorted(floats)": (sort_often,),
        "arithmetic with floats": (multiply,),
    })
    compare(run, [numbers.randrange(1 << 40) for _ in range(10_000)], {
        "sum(ints)": (sum_often,),
        "sorted(ints)": (sort_often,),
        "arithmetic with ints": (divide,),
    })


@benchmark("strings")
def reading_strings(run: Run) -> None:
    words = data.strings(2_000)
    lines = [" ".join(random.Random(i).sample(words, 12)) for i in range(1_000)]
    compare(run, lines, {
        "split": (split_lines,),
        "find, in, startswith": (find_in_lines,),
        "upper, replace": (change_lines,),
        "f-strings": (format_lines,),
        "join": (join_lines,),
        "encode": (encode_lines,),
        "line[i], line[a:b]": (index_lines,),
        "a regular expression": (match_lines, re.compile(r"\b(\w+)-(\d+)\b")),
    })
    compare(run, words, {"sorted(words)": (sort_often,), "==, <": (compare_words,), "set(words)": (hash_words,)})


@benchmark("sets")
def reading_sets(run: Run) -> None:
    words = data.strings(1_000)
    others = [equal(word) for word in words[:500]] + [word + "?" for word in words[:500]]
    compare(run, set(words), {
        "word in data, was a set": (contains, others * 100),
        "for word in data, was a set": (iterate,),
        "data & set, was a set": (intersect, set(others)),
    })
    # CPython is a little slower with its own frozensets than with sets.
    compare(run, frozenset(words), {"word in data, was a frozenset": (contains, others * 100)})


def equal(word: str) -> str:
    """An equal string that is another object, as keys are that come from a file or from a user."""
    return word[:1] + word[1:]


def by_key(d, keys):
    for key in keys:
        d[key]


def by_get(d, keys):
    for key in keys:
        d.get(key)


def by_get_default(d, keys):
    for key in keys:
        d.get(key, None)


def contains(members, keys):
    for key in keys:
        key in members


# How often iterate() does so.
ITERATIONS = 200


def iterate(items):
    for _ in range(ITERATIONS):
        for _ in items:
            pass


def iterate_items(d):
    for _ in range(100):
        for _key, _value in d.items():
            pass


def iterate_values(d):
    for _ in range(200):
        for _ in d.values():
            pass


def copy_dict(d):
    for _ in range(500):
        dict(d)


def by_key_and_index(d, keys):
    for key in keys:
        d[key][0]


def walk_records(records):
    total = length = 0
    for record in records:
        if record["active"]:
            total += record["score"] * record["visits"]
        for tag in record["tags"]:
            length += len(tag)
        if record["address"]["zip"].startswith("1"):
            length += 1
    return total, length


def walk_made(records):
    total = 0
    for _ in range(3):
        for record in records:
            total += record["rank"]
            parent = record["parent"]
            if parent is not None and parent["label"] == "even":
                total += parent["rank"]
    return total


def walk_tree(root):
    total, stack = 0, [root]
    while stack:
        key, left, right = stack.pop()
        total += key
        if left is not None:
            stack.append(left)
        if right is not None:
            stack.append(right)
    return total


def by_index(items):
    for _ in range(100):
        for i in range(1_000):
            items[i]


def by_slice(items):
    for _ in range(50):
        for i in range(990):
            items[i:i + 10]


def search(items):
    for i in range(0, 3_000, 7):
        i in items


def unpack_rows(rows):
    total = 0
    for _ in range(5):
        for number, weight, size in rows:
            total += number * weight + size
    return total


def sort_often(items):
    for _ in range(5):
        sorted(items)


def sum_often(numbers):
    for _ in range(100):
        sum(numbers)


def max_often(numbers):
    for _ in range(20):
        max(numbers)


def multiply(numbers):
    total = 0.0
    for _ in range(10):
        for number in numbers:
            total += number * number - 0.5
    return total


def divide(numbers):
    total = 0
    for _ in range(10):
        for number in numbers:
            total += number % 1_000
    return total


def split_lines(lines):
    for line in lines:
        for _ in range(5):
            line.split()


def find_in_lines(lines):
    for line in lines:
        for _ in range(10):
            line.find("zzz")
            "yyy" in line
            line.startswith("xx")


def change_lines(lines):
    for line in lines:
        for _ in range(10):
            line.upper()
            line.replace("-", "+")


def format_lines(lines):
    for line in lines:
        for _ in range(20):
            f"<{line}> {line:.10}"


def join_lines(lines):
    for _ in range(200):
        "\n".join(lines)


def encode_lines(lines):
    for line in lines:
        for _ in range(80):
            line.encode()


def match_lines(lines, pattern):
    for line in lines:
        pattern.findall(line)


def index_lines(lines):
    for line in lines:
        for i in range(30):
            line[i]
            line[i:40]


def compare_words(words):
    for a in words[:100]:
        for b in words:
            a == b
            a < b


def hash_words(words):
    for _ in range(30):
        set(words)


def intersect(members, others):
    for _ in range(100):
        members & others


