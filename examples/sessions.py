"""A session store that all workers share: every request finds the session, wherever the one before was served.

    python examples/sessions.py [requests]
"""

import random
import sys

import symplast


class Session(symplast.Object):
    """What the server knows of one visitor."""

    user: str
    basket: dict
    visits: int = 0


def serve(sessions, served, requests):
    """Handle requests in a worker; the sessions are the same objects in all of them."""
    for user, item in requests:
        session = sessions.get(user) or sessions.setdefault(user, Session(user=user, basket={}))
        symplast.add(session, "visits", 1)
        session.basket.add(item, 1)
        served.add(1)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    dice = random.Random(1)
    requests = [(f"user{dice.randrange(100)}", dice.choice(["tea", "milk", "bread", "jam"])) for _ in range(count)]
    sessions, served = symplast.Dict(), symplast.AtomicInt()
    with symplast.InterpreterPoolExecutor() as executor:
        chunks = [requests[i::8] for i in range(8)]
        list(executor.map(serve, [sessions] * 8, [served] * 8, chunks))

    assert served.value == count == sum(session.visits for session in sessions.values())
    assert count == sum(sum(session.basket.values()) for session in sessions.values())
    best = max(sessions.values(), key=lambda session: session.visits)
    print(f"{count} requests of {len(sessions)} visitors; {best.user} came most often: {best.visits} times, for "
          f"{best.basket.copy()}")


main()
