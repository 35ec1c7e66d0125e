"""
What C calls: a method with [Callback] has an entry that catches all, which Symplast.Symbols writes. These are the others, with
[UnmanagedCallersOnly], read off the sources. An exception that left one would end the process.
"""

import re
from dataclasses import dataclass

from eng.project import ROOT

SOURCES = ROOT / "src" / "Symplast.Python"

_TEXT = re.compile(r'"""+.*?"""+|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_COMMENT = re.compile(r"(?m)^\s*//[^\n]*\n|(?<=[;{}]) *//[^\n]*")
_ATTRIBUTE = re.compile(r"(?m)^ *\[UnmanagedCallersOnly[^\n]*\]\n(?: *\[[^\n]*\n)*")
_NAME = re.compile(r"(\w+)(?:<\w+>)?\(")
_BEGINS = re.compile(r"\s*(?:where [^\n{=]*)?\s*(=>|\{)")
# A forked child is left alone before anything is tried.
_TRY = re.compile(r"(?:if \(ForkGuard\.IsForkedChild\) return[^;(]*;\s*)?try\s*\{")
_CATCH = re.compile(r"\s*catch(?: \((\w+)(?: \w+)?\))?\s*\{")
# Behind the last catch, the answer for a failure.
_FAILED = re.compile(r"\s*(?:return -?\w+;)?")


@dataclass(frozen=True)
class Callback:
    """A method that C calls, by its file and name."""

    file: str
    name: str
    body: str

    def __str__(self):
        return f"{self.file}: {self.name}"


def written_by_hand():
    """The methods of the sources that C calls as they are."""
    for path in sorted(SOURCES.rglob("*.cs")):
        if not {"obj", "bin"} & set(path.relative_to(SOURCES).parts):
            text = _TEXT.sub('""', _COMMENT.sub("", path.read_text(encoding="utf-8-sig")))
            for found in _ATTRIBUTE.finditer(text):
                yield Callback(path.name, *_method(text[found.end():]))


def catches(body):
    """Whether a body is a try whose last catch takes all exceptions."""
    body = body.strip()
    found = _TRY.match(body)
    kinds = []
    while found:
        end = _end(body, found.end() - 1)
        found = _CATCH.match(body, end)
        if found:
            kinds.append(found.group(1))
    return bool(kinds) and kinds[-1] in (None, "Exception") and bool(_FAILED.fullmatch(body, end))


def _method(text):
    """Name and body of the method whose name is the first in a text that an opening bracket follows."""
    name = _NAME.search(text)
    begins = _BEGINS.match(text, _end(text, name.end() - 1))
    if begins.group(1) == "=>":
        return name.group(1), text[begins.end():text.index(";", begins.end())]
    return name.group(1), text[begins.end():_end(text, begins.end() - 1) - 1]


def _end(text, start):
    """Behind what closes the bracket at a place."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "({") - (text[place] in ")}")
        if depth == 0:
            return place + 1
    raise ValueError(f"nothing closes {text[start:start + 80]!r}")
