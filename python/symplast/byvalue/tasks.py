"""The parts of a task, and their names in messages: `argument 2 of work`."""

import functools


def parts_of(fn, args, kwargs):
    """Yield (name, value) of the parts of a task, each as the caller of submit() or map() knows it."""
    while isinstance(fn, functools.partial):
        fn, args, kwargs = fn.func, fn.args + args, fn.keywords | kwargs
    if getattr(fn, "__module__", None) == "symplast.executor" and len(args) == 2:
        # The function that map() sends, with the caller's function and the arguments of several calls.
        fn, chunk = args
        for each in chunk:
            yield from parts_of(fn, each, {})
        return
    name = name_of(fn)
    if (receiver := getattr(fn, "__self__", None)) is not None:
        yield f"the object of {name}", receiver
    else:
        yield f"task {name}", fn
    for number, value in enumerate(args, 1):
        yield f"argument {number} of {name}", value
    for key, value in kwargs.items():
        yield f"argument {key!r} of {name}", value


def name_of(fn):
    """Return the name of a task's function, for messages."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None)
    return name.rpartition("<locals>.")[2] if isinstance(name, str) else type(fn).__qualname__
