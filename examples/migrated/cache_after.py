"""Prices of journeys, with a cache that all workers share: after the migration. There is no server, and no pickling.

    python examples/migrated/cache_after.py [requests]
"""

import random
import sys

import symplast


def price(start, end):
    """Compute the price of a journey, which takes long."""
    value = start * 31 + end
    for _ in range(2000):
        value = (value * 1103515245 + 12345) % 2**31
    return value % 500 / 10


def quote(request):
    """Return the price of a journey. Each price is computed once, also if several workers ask for it together."""
    start, end = request
    with locks[hash(request) % len(locks)]:
        if request in cache:
            hits.add(1)
            return cache[request]
        cache[request] = price(start, end)
        return cache[request]


count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
dice = random.Random(1)
requests = [(dice.randrange(20), dice.randrange(20)) for _ in range(count)]
cache, hits = symplast.Dict(), symplast.AtomicInt()
locks = [symplast.Lock() for _ in range(16)]
with symplast.InterpreterPoolExecutor() as executor:
    prices = list(executor.map(quote, requests, chunksize=50))
print(f"{len(prices)} journeys for {sum(prices):.1f}; {len(cache)} prices computed, {hits.value} found in the cache")
