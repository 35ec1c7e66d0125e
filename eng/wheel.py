"""The wheel: made by hand, because nothing in it needs a build backend, and the same bytes for the same contents."""

import base64
import hashlib
import os
import re
import time
import zipfile

from eng.project import ARTIFACTS, PACKAGE, ROOT
from eng.version import version

TAG = "cp312-abi3-manylinux_2_28_x86_64"
EXTENSION = "symplast/_symplast.abi3.so"
VERSION = "symplast/_version.py"
METADATA = """\
Metadata-Version: 2.4
Name: symplast
Version: {version}
Summary: Share one copy of your data between own-GIL Python interpreters: real objects, no pickling, every core
Author: The Symplast authors
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.12
Keywords: subinterpreters,parallelism,shared-memory,gil,multiprocessing,executor
Classifier: Development Status :: 3 - Alpha
Classifier: Intended Audience :: Developers
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C#
Classifier: Programming Language :: Python :: 3 :: Only
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.13
Classifier: Programming Language :: Python :: 3.14
Classifier: Programming Language :: Python :: 3.15
Classifier: Programming Language :: Python :: Implementation :: CPython
Classifier: Topic :: Software Development :: Libraries
Classifier: Topic :: System :: Distributed Computing
Classifier: Typing :: Typed
Description-Content-Type: text/markdown

{description}"""
WHEEL = """\
Wheel-Version: 1.0
Generator: symplast
Root-Is-Purelib: false
Tag: {tag}
"""
ENTRY_POINTS = """\
[console_scripts]
symplast = symplast.commands:main
"""

# Whatever is not one of these has no business on a user's machine.
_ALLOWED = re.compile(r"""
    symplast/([a-z_]\w*/)*[A-Za-z_]\w*\.pyi?
    | symplast/py\.typed
    | symplast/_symplast\.abi3\.so
    | symplast-[^/]+\.dist-info/(METADATA|WHEEL|RECORD|entry_points\.txt|licenses/LICENSE)
    """, re.VERBOSE)
_DEMANDED = ["symplast/__init__.py", "symplast/__init__.pyi", "symplast/py.typed", VERSION, EXTENSION]


def name():
    """The file name of the wheel."""
    return f"symplast-{version()}-{TAG}.whl"


def information():
    """The folder in the wheel that describes it, and the files there that do not depend on the rest."""
    return f"symplast-{version()}.dist-info", {
        "METADATA": metadata().encode(),
        "WHEEL": WHEEL.format(tag=TAG).encode(),
        "entry_points.txt": ENTRY_POINTS.encode(),
        "licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }


def metadata():
    """The text of METADATA, and of an sdist's PKG-INFO."""
    return METADATA.format(version=version(), description=(ROOT / "README.md").read_text(encoding="utf-8"))


def build(extension):
    """Makes the wheel around a published extension module, in place of an older one, and returns its path."""
    contents = {f"symplast/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes() for path in _sources()}
    contents[VERSION] = f'"""Written when the wheel was made."""\n\nversion = "{version()}"\n'.encode()
    contents[EXTENSION] = extension.read_bytes()
    info, files = information()
    contents.update((f"{info}/{name}", data) for name, data in files.items())
    contents[f"{info}/RECORD"] = _record(contents, f"{info}/RECORD")

    wheel = ARTIFACTS / "wheels" / name()
    wheel.parent.mkdir(parents=True, exist_ok=True)
    unfinished = wheel.with_suffix(".tmp")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            entry = zipfile.ZipInfo(path, _timestamp())
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if path == EXTENSION else 0o100644) << 16
            archive.writestr(entry, data)
    os.replace(unfinished, wheel)
    for old in set(wheel.parent.glob("symplast-*.whl")) - {wheel}:
        old.unlink()
    return wheel


def problems(wheel):
    """A sentence for each thing that is wrong with a wheel's contents."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {path: archive.read(path) for path in archive.namelist()}
    for path in contents:
        if not _ALLOWED.fullmatch(path):
            yield f"contains {path}, which does not belong there"
    for path in _DEMANDED:
        if path not in contents:
            yield f"lacks {path}"
    record = next(path for path in contents if path.endswith(".dist-info/RECORD"))
    if contents[record] != _record({path: data for path, data in contents.items() if path != record}, record):
        yield "has a RECORD that does not describe its contents"


def digest(wheel):
    """Tells two wheels apart."""
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _sources():
    return sorted(path for path in PACKAGE.rglob("*")
                  if path.is_file() and path.suffix != ".so" and "__pycache__" not in path.parts)


def _record(contents, record):
    lines = []
    for path, data in contents.items():
        checksum = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={checksum},{len(data)}")
    return "\n".join([*lines, f"{record},,", ""]).encode()


def _timestamp():
    """Of every file: zip knows none before 1980, and no time zones."""
    return time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), 315532800))[:6]
