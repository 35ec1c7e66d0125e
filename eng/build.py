"""Builds the wheel: publishes the extension module, unless its sources are as they were, and packs it with the Python part.

    python3 -m eng.build
"""

import hashlib
import os
import shutil
import sys

from eng import binary, packages, prerequisites, pythons, wheel
from eng.commands import must
from eng.dotnet import dotnet
from eng.project import ARTIFACTS, EXTENSION_PROJECT, ROOT, relative
from eng.terminal import fail, say

PUBLISHED = ARTIFACTS / "publish"
EXTENSION = PUBLISHED / "_symplast.so"
_STAMP = PUBLISHED / "sources.sha256"
_PUBLISH_OUTPUT = EXTENSION_PROJECT / "bin" / "Release" / "net10.0" / "linux-x64" / "publish"


def build():
    """Makes the wheel and returns its path."""
    _publish()
    made = wheel.build(EXTENSION)
    say(f"Wheel: {relative(made)} ({made.stat().st_size / 1e6:.1f} MB, glibc {binary.newest_glibc(EXTENSION)} or newer)")
    return made


def _publish():
    sources = _fingerprint()
    if EXTENSION.exists() and _STAMP.exists() and _STAMP.read_text() == sources:
        return
    PUBLISHED.mkdir(parents=True, exist_ok=True)
    _STAMP.unlink(missing_ok=True)
    must("Compiling the extension module", [dotnet(), "publish", EXTENSION_PROJECT, "--configuration", "Release",
                                            f"-p:PythonForBuild={sys.executable}"], "publish.log",
         "about a minute" + packages.announcement())
    for file in [EXTENSION.name, EXTENSION.name + ".dbg"]:  # the second: symbols for a debugger, never in the wheel
        shutil.copy2(_PUBLISH_OUTPUT / file, PUBLISHED / file)
    found = list(binary.problems(EXTENSION))
    if found:
        fail("\n".join(f"{relative(EXTENSION)} {problem}" for problem in found))
    _STAMP.write_text(sources)


def _fingerprint():
    """Changes with anything that the extension module is made from."""
    files = [ROOT / "global.json", ROOT / "eng" / "glibc.py", *ROOT.glob("Directory.*")]
    for folder, folders, names in os.walk(ROOT / "src"):
        folders[:] = [name for name in folders if name not in ("bin", "obj")]
        files += [os.path.join(folder, name) for name in names]
    checksum = hashlib.sha256()
    for file in sorted(map(str, files)):
        with open(file, "rb") as source:
            checksum.update(f"{os.path.relpath(file, ROOT)}\0".encode() + source.read() + b"\0")
    return checksum.hexdigest()


if __name__ == "__main__":
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    pythons.warn(skipped)
    build()
