"""Made-up data of the kinds that programs hold in memory, always the same for the same size."""

import json
import random


def records(count: int) -> list[dict]:
    """What json.loads makes of a file of records: 12 values in each, of all types that JSON has."""
    numbers = random.Random(1)
    return json.loads(json.dumps([
        {
            "id": i,
            "name": f"User {i}",
            "email": f"user{i}@example.com",
            "score": numbers.random() * 100,
            "visits": numbers.randrange(100_000),
            "active": i % 3 == 0,
            "referrer": None if i % 5 else i // 5,
            "tags": [f"tag{numbers.randrange(500)}" for _ in range(3)],
            "address": {"street": f"{i % 977} Main Street", "zip": f"{i % 90_000:05}"},
        }
        for i in range(count)
    ]))


def tree(count: int) -> list:
    """A binary search tree of lists [key, left, right]: as deep as chance makes it, some fifty levels for 200,000 keys."""
    numbers = random.Random(2)
    root = [0.5, None, None]
    for _ in range(count - 1):
        key = numbers.random()
        node = root
        while True:
            side = 1 if key < node[0] else 2
            if node[side] is None:
                node[side] = [key, None, None]
                break
            node = node[side]
    return root


def strings(count: int) -> list[str]:
    """Distinct words of 3 to 12 characters."""
    numbers = random.Random(3)
    return [f"{numbers.getrandbits(numbers.randrange(1, 33)):x}-{i:x}" for i in range(count)]


def rows(count: int) -> list[tuple[int, float, int]]:
    """Tuples of numbers."""
    numbers = random.Random(4)
    return [(i, numbers.random(), numbers.randrange(1 << 40)) for i in range(count)]


def index(count: int) -> dict[str, list[int]]:
    """From words to the places where they are: lists of 1 to 20 numbers below 100,000."""
    numbers = random.Random(5)
    return {word: [numbers.randrange(100_000) for _ in range(numbers.randrange(1, 21))] for word in strings(count)}


def catalogue(count: int) -> dict[str, dict]:
    """
    Records of four fields by their keys: every key, name and tag a text of its own, made by the program and not by a parser.
    """
    return {f"k{i}": {"id": i, "name": f"name {i}", "price": i * 0.25, "tags": ["a", "b", str(i)]} for i in range(count)}


def points(count: int) -> list[dict[str, float]]:
    """Small dicts with the same keys."""
    numbers = random.Random(6)
    return [{"x": numbers.random(), "y": numbers.random()} for _ in range(count)]


def prices(count: int) -> dict[int, float]:
    """One large dict of numbers."""
    numbers = random.Random(7)
    return {number: numbers.random() for number in range(0, 3 * count, 3)}


def sets(count: int) -> list[set[str]]:
    """Sets of 3 to 12 words, of which there are a thousand."""
    numbers = random.Random(8)
    words = strings(1_000)
    return [set(numbers.sample(words, numbers.randrange(3, 13))) for _ in range(count)]


def texts(count: int) -> list[str]:
    """Texts that are long enough to be copied as a whole."""
    words = " ".join(strings(1_000))
    return [f"{i} {words}"[:5_000] for i in range(count)]
