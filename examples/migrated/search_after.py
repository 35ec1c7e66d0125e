"""Searches a large index on all cores: after the migration. The index is in memory once, and workers start at once.

    python examples/migrated/search_after.py [documents]
"""

import collections
import random
import sys

import symplast


def build(documents):
    """Return the documents' numbers and weights by word, of documents that are made at random."""
    dice, words = random.Random(1), [f"word{n}" for n in range(2000)]
    built = collections.defaultdict(list)
    for number in range(documents):
        for word in dice.choices(words, k=20):
            built[word].append((number, dice.random()))
    return symplast.freeze(built)


def search(query):
    """Return the best documents for a query."""
    scores = collections.Counter()
    for word in query.split():
        for number, weight in index.get(word, ()):
            scores[number] += weight
    return query, sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:3]


index = build(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
dice = random.Random(2)
queries = [f"word{dice.randrange(2000)} word{dice.randrange(2000)}" for _ in range(200)]
with symplast.InterpreterPoolExecutor() as executor:
    for query, hits in executor.map(search, queries, chunksize=20):
        print(query, *(f"{number}:{score:.3f}" for number, score in hits))
