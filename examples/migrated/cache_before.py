"""Prices of journeys, with a cache that all processes share, by a multiprocessing.Manager: before the migration.

    python examples/migrated/cache_before.py [requests]
"""

import multiprocessing
import random
import sys


def price(start, end):
    """Compute the price of a journey, which takes long."""
    value = start * 31 + end
    for _ in range(2000):
        value = (value * 1103515245 + 12345) % 2**31
    return value % 500 / 10


def quote(cache, locks, hits, guard, request):
    """Return the price of a journey. Each price is computed once, also if several processes ask for it together."""
    start, end = request
    with locks[hash(request) % len(locks)]:
        if request in cache:
            with guard:
                hits.value += 1
            return cache[request]
        cache[request] = price(start, end)
        return cache[request]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    dice = random.Random(1)
    requests = [(dice.randrange(20), dice.randrange(20)) for _ in range(count)]
    with multiprocessing.Manager() as manager, multiprocessing.Pool() as pool:
        cache, hits, guard = manager.dict(), manager.Value("i", 0), manager.Lock()
        locks = [manager.Lock() for _ in range(16)]
        tasks = [(cache, locks, hits, guard, request) for request in requests]
        prices = pool.starmap(quote, tasks, chunksize=50)
        print(f"{len(prices)} journeys for {sum(prices):.1f}; {len(cache)} prices computed, {hits.value} found in the cache")


if __name__ == "__main__":
    main()
