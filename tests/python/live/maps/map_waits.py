"""What tasks of the tests of waiting for keys do in other interpreters."""

import threading


def await_key(d, *arguments):
    return d.wait(*arguments)


def await_and_tell(d, key, begun):
    begun.release()
    return d.wait(key)


def await_as_daemon(d, key, begun, ended):
    """Starts a daemon thread that waits, and returns when it is about to."""

    def wait():
        try:
            begun.release()
            d.wait(key)
        finally:
            ended.release()

    threading.Thread(target=wait, daemon=True).start()
    begun.acquire()


def set_item(d, key, value):
    d[key] = value


def answer(d, rounds):
    """Takes each question out of the map and puts its answer in."""
    for i in range(rounds):
        d["answer", i] = d.wait(("question", i), timeout=60) * 2
        del d["question", i]


def pass_on(d, me, players, rounds):
    """Whoever's turn it is adds 1. Returns the last number that it has seen."""
    seen = d.wait("turn", timeout=60)
    while seen < rounds:
        if seen % players == me:
            seen = d.add("turn", 1)
        else:
            seen = d.wait("turn", seen, timeout=60)
    return seen
