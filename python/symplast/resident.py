"""The code of an interpreter that symplast.Interpreter() made: it serves requests until it is closed."""

import functools
import marshal
import sys

from symplast import _symplast, byvalue, transport, worker
from symplast.byvalue import identity
from symplast.byvalue.arrival import original
from symplast.byvalue.forms import label

# The first byte of a request.
EXEC, CALL, PREPARE = b"x", b"c", b"p"

# The kinds of answers.
DONE, FAILED, UNSENDABLE = range(3)

# Part of the text by which the extension module says that an interpreter could not be made.
NO_MEMORY = "there is no memory"


def boot(settings):
    """Called in a new interpreter, whose sys.path is set."""
    worker.boot(settings, serve)


def serve(settings):
    """Serve requests until the interpreter is closed."""
    _symplast._session_open()
    try:
        _serve(vars(sys.modules["__main__"]), worker._Essentials())
    finally:
        _symplast._session_leave()


def _serve(space, essentials):
    senders = {}
    while True:
        try:
            data = _symplast._session_take()
            if data is None:
                return
            answer = _run(data[:1], data[1:], space, senders)
            essentials.check()
            _symplast._session_answer(*answer)
            del data, answer
        except (KeyboardInterrupt, MemoryError) as error:
            # An interrupt for the code, which came before or after it ran; or the answer was too large.
            try:
                _symplast._session_answer(*_failure(error))
            except RuntimeError:
                continue


def _run(kind, data, space, senders):
    try:
        if kind == EXEC:
            exec(marshal.loads(data), space)
            return DONE, _NOTHING, None
        try:
            prefix, values = transport.loads(data)
        except Exception as error:
            return _unsendable("what was sent cannot be received", error)
        if kind == PREPARE:
            space.update(values)
            return DONE, _NOTHING, None
        fn, args, kwargs = values
        _calls.append(functools.partial(fn, *args, **kwargs))
        result = eval(_CALL, space)
    except BaseException as error:
        return _failure(error)
    if result is None:
        return DONE, _NOTHING, None
    sender = senders.get(prefix)
    if sender is None:
        sender = senders[prefix] = _Sender(prefix)
    try:
        return DONE, *transport.send(result, sender)
    except Exception as error:
        return _unsendable("the result cannot be sent", error)


_NOTHING = transport.dumps(None, None)

# Code that calls what _calls.pop() returns. Its frame is the caller's frame of the function, and has the namespace of __main__:
# so eval, exec, dir and the like, called directly, see __main__. The list takes the place of a constant.
_calls = []
_CALL = compile("0.5.pop()()", "<call>", "eval")
_CALL = _CALL.replace(co_consts=tuple(_calls if const == 0.5 else const for const in _CALL.co_consts))


class _Sender(byvalue.Sender):
    """Sends results to one caller. What has come from this caller is sent back by its token alone."""

    def __init__(self, prefix):
        super().__init__()
        self._prefix = prefix

    def reduce(self, obj):
        record = identity.known(obj)
        if record is not None and record.token >> identity.SENDER_SHIFT == self._prefix:
            return original, (record.token, label(obj))
        return super().reduce(obj)


def _unsendable(what, error):
    text = f"{what}: {worker._describe(error)[0]}"
    return UNSENDABLE, text.encode("utf-8", "surrogatepass"), None


def _failure(error):
    kind, names = type(error), vars(type)
    name, qualname, module = [names[each].__get__(kind) for each in ("__name__", "__qualname__", "__module__")]
    if type(module) is not str:
        module = None
    # The first frames are ours.
    traceback = error.__traceback__
    while traceback is not None and (traceback.tb_frame.f_code is _CALL or traceback.tb_frame.f_code is _run.__code__):
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    try:
        msg = str(error)
    except BaseException:
        msg = None
    formatted = qualname if module in (None, "builtins", "__main__") else f"{module}.{qualname}"
    if msg is not None:
        formatted = f"{formatted}: {msg}"
    display = worker._describe(error)[1].removesuffix("\n")
    return FAILED, marshal.dumps((name, qualname, module, msg, formatted, display)), None
