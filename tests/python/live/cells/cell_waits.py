"""What tasks of the tests of waiting for atomics do in other interpreters."""

import threading


def await_int(number, value, *timeout):
    return number.wait(value, *timeout)


def await_ref(place, old, *timeout):
    return place.wait(old, *timeout)


def await_and_tell(shared, old, begun):
    begun.release()
    return shared.wait(old)


def await_as_daemon(number, value, begun, ended):
    """Starts a daemon thread that waits, and returns when it is about to."""

    def wait():
        try:
            begun.release()
            number.wait(value)
        finally:
            ended.release()

    threading.Thread(target=wait, daemon=True).start()
    begun.acquire()


def set_int(number, value):
    number.value = value


def set_ref(place, value):
    place.value = value


def pass_on(number, me, players, rounds):
    """Whoever's turn it is adds 1. Returns the last number that it has seen."""
    seen = number.value
    while seen < rounds:
        if seen % players == me:
            seen = number.add(1)
        else:
            seen = number.wait(seen, 60)
    return seen


def pass_ref_on(place, me, rounds):
    """Two who take turns in replacing a text."""
    for i in range(me, rounds, 2):
        while (seen := place.value) != str(i):
            place.wait(seen, 60)
        place.value = str(i + 1)
