"""Logging records and warnings of workers, which reach the handlers of their owner.

The workers write them to a pipe. A thread of the owner reads them and handles them, so a handler may use the executor.
"""

import marshal
import os
import sys
import threading

from symplast import _symplast, events

_RECORD, _WARNING = 0, 1
_SIZE = 4       # bytes of the number before each message


class Forwarding:
    """The pipe, and the thread of the owner that reads it until the last worker has ended."""

    def __init__(self, name):
        import logging

        reader, writer = os.pipe()
        self._writers = [writer]
        self._ended = events.Event()
        loggers = {"": logging.root, **logging.root.manager.loggerDict}
        levels = {name: logger.level for name, logger in loggers.items() if getattr(logger, "level", 0)}
        self._settings = writer, levels, logging.root.manager.disable
        self._thread = threading.Thread(
            target=_read, args=(reader, self._ended), name=name, daemon=threading._daemon_threads_allowed())
        try:
            self._thread.start()
        except BaseException:
            os.close(reader)
            self.close()
            raise

    @property
    def settings(self):
        """What a worker needs that begins now, in a form that marshal can write; None if the pipe is closed."""
        return self._settings if self._writers else None

    def close(self):
        """Called when no worker will write any more. The thread handles what was written, and ends. Idempotent."""
        try:
            os.close(self._writers.pop())
        except IndexError:
            return

    def wait(self, timeout=None):
        """Wait until everything has been handled, for *timeout* seconds at most. A handler must not wait for itself."""
        if threading.current_thread() is not self._thread:
            self._ended.wait(timeout)


def _read(reader, ended):
    try:
        with open(reader, "rb") as file:
            while len(size := file.read(_SIZE)) == _SIZE:
                kind, *parts = marshal.loads(file.read(int.from_bytes(size)))
                try:
                    (_handle_warning if kind == _WARNING else _handle_record)(*parts)
                except BaseException:
                    # SystemExit, too: the records of others are still to be read.
                    _report()
    finally:
        ended.set()


def _handle_record(attributes):
    import logging

    record = logging.makeLogRecord(attributes)
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def _handle_warning(text, module, name, filename, lineno):
    import warnings

    category = getattr(sys.modules.get(module), name, None)
    if not (isinstance(category, type) and issubclass(category, Warning)):
        category, text = UserWarning, f"{name}: {text}"
    try:
        message = category(text)
    except Exception:
        message, category = UserWarning(f"{name}: {text}"), UserWarning
    # The filters have been applied in the worker.
    warnings.showwarning(message, category, filename, lineno)


def _report():
    import traceback

    try:
        print("A record of a worker could not be handled:", file=sys.stderr)
        traceback.print_exc()
    except Exception:
        return


def install(descriptor, levels, disabled):
    """Called in a worker: send its records and warnings to the owner."""
    import logging
    import warnings

    def send(*message):
        data = marshal.dumps(message)
        error = _symplast._write_whole(descriptor, len(data).to_bytes(_SIZE) + data)
        if error:
            raise OSError(error, os.strerror(error))

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                send(_RECORD, _plain(record))
            except Exception:
                self.handleError(record)

    show_here = warnings.showwarning

    def show_warning(message, category, filename, lineno, file=None, line=None):
        if file is None:
            try:
                send(_WARNING, str(message), category.__module__, category.__qualname__, str(filename), lineno)
                return
            except OSError:
                # Nobody reads any more. A warning must not become an error of the code that it is about.
                pass
        show_here(message, category, filename, lineno, file, line)

    logging.root.addHandler(Handler())
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.disable(disabled)
    warnings.showwarning = show_warning


def _plain(record):
    # The attributes of a record that marshal can write: the message and the exception as text.
    import logging

    attributes = dict(vars(record))
    attributes["msg"], attributes["args"] = record.getMessage(), None
    if record.exc_info and not record.exc_text:
        attributes["exc_text"] = logging.Formatter().formatException(record.exc_info)
    attributes["exc_info"] = None
    for name, value in attributes.items():
        try:
            marshal.dumps(value)
        except ValueError:
            attributes[name] = str(value) if isinstance(value, str) else repr(value)
    return attributes
