"""
What CPython's tests of interpreters use of the module _interpreters, for our interpreters. Scripts that run in them import it,
too.
"""

from symplast import interpreters

InterpreterError = interpreters.InterpreterError
InterpreterNotFoundError = interpreters.InterpreterNotFoundError


def is_shareable(obj):
    """Whether the tests may assume that an object is sent, one of those that the standard library shares."""
    return isinstance(obj, (type(None), bool, int, float, str, bytes, tuple, memoryview))


def create(config="isolated"):
    config.encode()
    return interpreters.Interpreter()


def is_running(id):
    return interpreters.Interpreter(id).is_running()


def run_string(id, source):
    interpreters.Interpreter(id).exec(source)


def whence(id):
    return interpreters.Interpreter(id).whence


def capture_exception(error):
    import types

    kind = types.SimpleNamespace(__name__=type(error).__name__, __qualname__=type(error).__qualname__,
                                 __module__=type(error).__module__)
    return types.SimpleNamespace(type=kind, msg=str(error), formatted=f"{kind.__name__}: {error}", errdisplay=None)
