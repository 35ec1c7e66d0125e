"""The progress of many calls, shown while they run."""

import _thread
import sys
import time

# Seconds between two changes of the line.
_PAUSE = 0.1


class Progress:
    """Shows how many calls of a number have ended. Thread-safe; a signal handler may interrupt any method."""

    def __init__(self, total):
        self._total = total
        self._news = []
        self._count = 0
        self._gate = _thread.allocate_lock()
        self._show = None if sys.stderr is None else _bar(total) or _line(total)

    def add(self, count):
        """Some more calls have ended."""
        if self._show is None:
            return
        self._news.append(count)
        # Whoever has the lock also shows what others have added meanwhile.
        while self._news and self._gate.acquire(blocking=False):
            try:
                while self._news:
                    self._count += self._news.pop()
                self._show(self._count, False)
            except Exception:
                # What cannot be shown must not disturb the calls.
                self._show = None
                return
            finally:
                self._gate.release()

    def close(self):
        """Show the last state."""
        if self._show is not None and self._gate.acquire(timeout=1):
            show, self._show = self._show, None
            try:
                while self._news:
                    self._count += self._news.pop()
                show(self._count, True)
            except Exception:
                return
            finally:
                self._gate.release()


def _bar(total):
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    try:
        # None: no bar if the stream is no terminal.
        bar = tqdm(total=total, disable=None)
    except Exception:
        # sys.stderr is something that cannot be written to.
        return None

    def show(count, last):
        bar.update(count - bar.n)
        if last:
            bar.close()

    return show


def _line(total):
    stream = sys.stderr
    try:
        if not stream.isatty():
            return None
    except Exception:
        return None
    begun = time.monotonic()
    shown = begun - _PAUSE
    width = 0

    def show(count, last):
        nonlocal shown, width
        now = time.monotonic()
        if not last and now < shown + _PAUSE:
            return
        shown = now
        minutes, seconds = divmod(int(now - begun), 60)
        part = f"{count:,}" if total is None else f"{count:,}/{total:,} ({count * 100 // max(total, 1)} %)"
        text = f"{part}  {minutes}:{seconds:02}"
        stream.write("\r" + text.ljust(width) + ("\n" if last else ""))
        stream.flush()
        width = len(text)

    return show
