"""An order book that many workers trade on: prices in order, the best ones at the ends, no lock anywhere.

    python examples/orders.py [orders]
"""

import random
import sys

import symplast


def trade(bids, asks, volume, seed, count):
    """Place random orders; what meets an order of the other side is traded at once."""
    dice = random.Random(seed)
    for i in range(count):
        price, amount = dice.randint(90, 110), dice.randint(1, 9)
        buys = dice.random() < 0.5
        mine, others = (bids, asks) if buys else (asks, bids)
        while amount:
            # Taken out, the best order of the other side is ours alone.
            try:
                key, offered = others.pop_first()
            except KeyError:
                break
            if (key[0] > price) if buys else (-key[0] < price):
                others[key] = offered
                break
            traded = min(amount, offered)
            volume.add(traded)
            amount -= traded
            if offered > traded:
                others[key] = offered - traded
                break
        if amount:
            # Ordered by price, best first, then by arrival; the last number makes it unique.
            mine[(-price if buys else price, i, seed)] = amount


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    bids, asks, volume = symplast.SortedDict(), symplast.SortedDict(), symplast.AtomicInt()
    with symplast.InterpreterPoolExecutor() as executor:
        list(executor.map(trade, [bids] * 4, [asks] * 4, [volume] * 4, range(4), [count // 4] * 4))

    placed = sum(amount for seed in range(4) for amount in amounts(seed, count // 4))
    assert placed == 2 * volume.value + sum(bids.values()) + sum(asks.values())
    print(f"{count} orders: {volume.value} traded, {len(bids)} bids and {len(asks)} asks left, the best at "
          f"{-bids.first()[0][0]} and {asks.first()[0][0]}")


def amounts(seed, count):
    """What trade() placed with this seed, to check that nothing was lost."""
    dice = random.Random(seed)
    for _ in range(count):
        _, amount, _ = dice.randint(90, 110), dice.randint(1, 9), dice.random()
        yield amount


main()
