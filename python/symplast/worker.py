"""What runs in a worker interpreter: take a task, run it, answer."""

import marshal
import sys

from symplast import _symplast, byvalue, transport
from symplast.byvalue import identity

RESULT = 0
EXCEPTION = 1


class InitializerFailed(Exception):
    """The initializer raised; the message is its traceback."""


def main(settings):
    """Serve the owner until it closes the channel."""
    sender = byvalue.Sender(reply=True)
    if settings["initializer"] is not None:
        _initialize(settings["initializer"])
    while True:
        try:
            data = _symplast.worker_take()
            if data is None:
                return
            _symplast.worker_answer(*_run(data, sender))
            del data
        except KeyboardInterrupt as exc:
            # An interrupt that was meant for the task but came before or after it.
            try:
                _symplast.worker_answer(EXCEPTION, *_dump_exception(exc, sender))
            except RuntimeError:
                continue


def _initialize(data):
    try:
        initializer, initargs = transport.loads(data)
        initializer(*initargs)
    except BaseException:
        import traceback

        raise InitializerFailed(traceback.format_exc()) from None


def _run(data, sender):
    try:
        fn, args, kwargs = transport.loads(data)
        return RESULT, *transport.pack(fn(*args, **kwargs), sender)
    except BaseException as exc:
        return EXCEPTION, *_dump_exception(exc, sender)


def _dump_exception(exc, sender):
    # The text goes along in any case: the exception may fail to unpickle where it arrives.
    import traceback  # Brings many modules with it, which a worker that never fails does not need.

    text = "".join(traceback.format_exception(exc))
    summary = "".join(traceback.format_exception_only(exc)).strip()
    try:
        data, parcel = transport.pack(exc, sender)
    except BaseException:
        data, parcel = None, 0
    return marshal.dumps((data, summary, text)), parcel


def boot(settings):
    """Called by the executor's boot code, which has set sys.path."""
    sys.argv[:] = settings["argv"]
    identity.MAIN.foreign = True
    try:
        main(settings)
    finally:
        _join_threads()


def _join_threads():
    # What threading._shutdown does when CPython ends the interpreter; but by then nothing may have to wait for another
    # interpreter to start or end, as 3.12 does that one at a time.
    threading = sys.modules.get("threading")
    if threading is None:
        return
    while threading._threading_atexits:
        threading._threading_atexits.pop()()
    # This thread is the main thread on 3.12 and a dummy from 3.13 on, where the main thread is that of the process. One that is just being
    # started is not alive yet; the thread that starts it is.
    others = (threading._MainThread, threading._DummyThread)
    while running := [thread for thread in threading.enumerate() if not isinstance(thread, others) and thread.is_alive()]:
        for thread in running:
            thread.join()
