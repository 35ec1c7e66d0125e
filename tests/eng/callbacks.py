"""
What C calls: the methods of our C# with [UnmanagedCallersOnly], read off the sources. An exception that left one would end the
process.
"""

import re
from dataclasses import dataclass

from eng.project import ROOT

SOURCES = ROOT / "src" / "Symplast.Python"

_TEXT = re.compile(r'"""+.*?"""+|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_COMMENT = re.compile(r"(?m)^\s*//[^\n]*\n|(?<=[;{}]) *//[^\n]*")
_ATTRIBUTE = re.compile(r"(?m)^ *\[UnmanagedCallersOnly[^\n]*\]\n(?: *\[[^\n]*\n)*")
_DECLARATION = re.compile(
    r"(?m)^ +(?:(?:public|internal|private|static|readonly|unsafe|override) )+[\w<>*?\[\], .]*?\b(\w+)(?:<\w+(?:, \w+)*>)?\("
    r"(?=[^;{}]*\)\s*(?:where [^\n{=]*)?(?:=>|\{))")
_NAME = re.compile(r"(\w+)(?:<\w+>)?\(")
_BEGINS = re.compile(r"\s*(?:where [^\n{=]*)?\s*(=>|\{)")
# A forked child is left alone before anything is tried.
_TRY = re.compile(r"(?:if \(ForkGuard\.IsForkedChild\) return[^;(]*;\s*)?try\s*\{")
_CATCH = re.compile(r"\s*catch(?: \((\w+)(?: \w+)?\))?\s*\{")
# Behind the last catch, the answer for a failure.
_FAILED = re.compile(r"\s*(?:return -?\w+;)?")
_CALL = re.compile(r"(?:return )?(?:(\w+)(?:<[\w, ]+>)?\.)?(\w+)(?:<\w+>)?\(")
# What may be made of the answer of a call.
_ANSWER = re.compile(r"(?: (?:== 0|!= null))?(?: \? [^()]*(?:References\.New\(\w+\))?[^()]* : [^()]*)?")


@dataclass(frozen=True)
class Callback:
    """A method that C calls, by its file and name."""

    file: str
    name: str
    body: str

    def __str__(self):
        return f"{self.file}: {self.name}"


def unprotected():
    """Those that an exception could leave: that neither catch all, nor do nothing but to call what does."""
    sources = {path: _TEXT.sub('""', _COMMENT.sub("", path.read_text(encoding="utf-8-sig")))
               for path in sorted(SOURCES.rglob("*.cs")) if not {"obj", "bin"} & set(path.relative_to(SOURCES).parts)}
    methods = {}
    for path, text in sources.items():
        for found in _DECLARATION.finditer(text):
            name, body = _method(text[found.start(1):])
            methods.setdefault((_type(path.name), name), []).append(body)
    return [each for each in _callbacks(sources) if not is_protected(_type(each.file), each.body, methods, set())]


def _callbacks(sources):
    for path, text in sources.items():
        for found in _ATTRIBUTE.finditer(text):
            yield Callback(path.name, *_method(text[found.end():]))


def _type(file):
    """The type that a file is about: ArrayType.Buffer.cs is a part of ArrayType."""
    return file.split(".")[0]


def is_protected(type, body, methods, seen):
    """Whether a method of a type catches all, or is one call of a method of which every overload does."""
    body = body.strip()
    if body in seen or _catches(body):
        return True
    call = _CALL.match(body)
    if not call:
        return False
    rest = re.sub(r"\s+", " ", body[_end(body, call.end() - 1):]).rstrip(";")
    called = (call.group(1) or type, call.group(2))
    bodies = [each for each in methods.get(called, []) if each.strip() != body]
    if not bodies or not _ANSWER.fullmatch(rest):
        return False
    return all(is_protected(called[0], each, methods, seen | {body}) for each in bodies)


def _catches(body):
    """Whether a body is a try whose last catch takes all exceptions."""
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
