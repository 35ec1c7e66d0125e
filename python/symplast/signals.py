"""Exceptions of signal handlers. A timeout that an alarm raises is meant for the code that waits, not for the code that it
happens to interrupt.

CPython runs handlers in the main thread of the main interpreter, between two bytecodes of any Python code. Where this package
catches exceptions of the user's code, it lets the exceptions of handlers through. No operation of this package is repeated or
left half done because of such an exception.
"""

import _signal
import _thread
import sys
import types

_traceback_of = BaseException.__dict__["__traceback__"].__get__


def may_interrupt():
    """Whether signal handlers run in this thread."""
    if not _thread._is_main_interpreter():
        return False
    import threading  # Workers do without it.

    return _thread.get_ident() == threading.main_thread().ident


def let_through(error):
    """Raise the exception again if a signal handler written in Python raised it."""
    if may_interrupt() and _passed_a_handler(error):
        raise error


def _passed_a_handler(error):
    codes = None
    step = _traceback_of(error)
    while step is not None:
        frame = step.tb_frame
        if frame.f_back is not None:
            if _has_arguments_of_a_handler(frame):
                return True
            if codes is None:
                codes = _codes_of_handlers()
            if frame.f_code in codes:
                return True
        step = step.tb_next
    return False


def _has_arguments_of_a_handler(frame):
    # A handler's arguments are the number of the signal and the frame that it interrupts, which is also the frame that called it.
    code, caller = frame.f_code, frame.f_back
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & _HAS_VARARGS)]
    if not names:
        return False
    space = frame.f_locals
    values = []
    for name in names:
        value = space.get(name)
        values += value if type(value) is tuple else (value,)
    if _F_LOCALS_IS_KEPT and sys.getrefcount(space) == _HELD_BY_FRAME_AND_US:
        # With more references, the dict is one that locals() has given to the user's code.
        space.clear()
    return any([second is caller and isinstance(first, int) for first, second in zip(values, values[1:])])


_HAS_VARARGS = 0x04

# Before PEP 667 the dict of f_locals stays with the frame, and forms a cycle with an exception in it that keeps all locals alive.
_F_LOCALS_IS_KEPT = sys.version_info < (3, 13)
# References: the frame's, the local name's, and that of getrefcount() itself.
_HELD_BY_FRAME_AND_US = 3


def _codes_of_handlers():
    codes = set()
    for number in range(1, _signal.NSIG):
        try:
            handler = _signal.getsignal(number)
        except ValueError:
            continue
        while hasattr(handler, "func"):
            handler = handler.func
        for each in (handler, getattr(type(handler), "__call__", None)):
            each = getattr(each, "__func__", each)
            if type(each) is types.FunctionType:
                codes.add(each.__code__)
    return codes
