"""The standard streams of workers: their lines arrive whole.

Each interpreter has stream objects of its own for the same two files. CPython writes a block of text where the block happens to
be full, and each argument of print() by itself to an unbuffered stream. So the lines of several workers would mix.
"""

import collections
import io
import os
import sys

from symplast import _symplast

# Bytes that are gathered before their lines are written, as in a buffer of CPython.
_BLOCK = 8192


class LineBuffer(io.BufferedIOBase):
    """The buffer under a worker's text stream. What it writes by itself are whole lines; flush() writes everything.

    Threads of the interpreter may use it at once. It is also used when the interpreter ends, after this module's names have gone.
    """

    # A pipe takes this many bytes in one piece (PIPE_BUF), whoever else writes to it.
    _PIECE = 4096

    # Bytes that may wait for the end of their line.
    _MOST = 1 << 16

    _write_whole = staticmethod(_symplast._write_whole)
    _text_of_error = staticmethod(os.strerror)

    def __init__(self, raw, block):
        self.raw = raw
        self.mode = "wb"
        self._block = block
        self._parts = collections.deque()
        self._size = 0

    @property
    def name(self):
        """The name of the file."""
        return self.raw.name

    def fileno(self):
        """The descriptor of the file, which other interpreters have as well."""
        return self.raw.fileno()

    def isatty(self):
        """Whether the file is a terminal."""
        return self.raw.isatty()

    def writable(self):
        """True."""
        return True

    def write(self, data):
        """Take data. Lines are written when a block has gathered, or at once if the stream is unbuffered."""
        if self.closed:
            raise ValueError("write to closed file")
        data = bytes(data)
        self._parts.append(data)
        self._size += len(data)
        if self._size >= self._block and (self._size > self._MOST or b"\n" in data):
            self._put(whole_lines=self._size <= self._MOST)
        return len(data)

    def flush(self):
        """Write what is there, whether or not it ends with a line."""
        if self.closed:
            raise ValueError("flush of closed file")
        if self._parts:
            self._put(whole_lines=False)

    def _put(self, whole_lines):
        taken = []
        try:
            # Another thread may take parts as well.
            while True:
                taken.append(self._parts.popleft())
        except IndexError:
            data = b"".join(taken)
        end = data.rfind(b"\n") + 1 if whole_lines else len(data)
        if end < len(data):
            self._parts.appendleft(data[end:])
        self._size = len(data) - end
        begin = 0
        while begin < end:
            stop = end
            if stop - begin > self._PIECE:
                # A line that is longer than a piece is whole among the workers, but other writers may cut it.
                stop = data.rfind(b"\n", begin, begin + self._PIECE) + 1 or data.find(b"\n", begin, end) + 1 or end
            error = self._write_whole(self.fileno(), data[begin:stop])
            if error:
                raise OSError(error, self._text_of_error(error))
            begin = stop


def install():
    """Give this interpreter streams whose lines arrive whole. Streams that are missing or closed stay as they are."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is not io.TextIOWrapper or stream.closed:
            continue
        is_known_twice = getattr(sys, f"__{name}__") is stream
        encoding, errors = stream.encoding, stream.errors
        line_buffering, write_through = stream.line_buffering, stream.write_through
        # The old objects would close the file at their end, so it is taken from them.
        raw, block = stream.detach(), 0
        if isinstance(raw, io.BufferedWriter):
            # Others are unbuffered streams (python -u), which write each piece of text at once.
            raw, block = raw.detach(), _BLOCK
        new = io.TextIOWrapper(LineBuffer(raw, block), encoding, errors, "\n", line_buffering, write_through)
        new.mode = "w"
        if is_known_twice:
            setattr(sys, f"__{name}__", new)
        setattr(sys, name, new)


def flush():
    """Write what the streams still hold. Called when the interpreter ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            # Missing, closed, or replaced by something that has no flush(); there is nobody to tell.
            continue
