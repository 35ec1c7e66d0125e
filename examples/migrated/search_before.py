"""Searches a large index with a multiprocessing.Pool: before the migration.

    python examples/migrated/search_before.py [documents]
"""

import collections
import multiprocessing
import random
import sys

index = {}


def build(documents):
    """Return the documents' numbers and weights by word, of documents that are made at random."""
    dice, words = random.Random(1), [f"word{n}" for n in range(2000)]
    built = collections.defaultdict(list)
    for number in range(documents):
        for word in dice.choices(words, k=20):
            built[word].append((number, dice.random()))
    return dict(built)


def take_index(built):
    """Called in each worker: keep the index for the searches."""
    global index
    index = built


def search(query):
    """Return the best documents for a query."""
    scores = collections.Counter()
    for word in query.split():
        for number, weight in index.get(word, ()):
            scores[number] += weight
    return query, sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:3]


def main():
    built = build(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
    dice = random.Random(2)
    queries = [f"word{dice.randrange(2000)} word{dice.randrange(2000)}" for _ in range(200)]
    with multiprocessing.Pool(initializer=take_index, initargs=(built,)) as pool:
        for query, hits in pool.imap(search, queries, chunksize=20):
            print(query, *(f"{number}:{score:.3f}" for number, score in hits))


if __name__ == "__main__":
    main()
