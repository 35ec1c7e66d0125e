"""What must be true of the extension module before it goes into a wheel.

    python3 -m eng.binary FILE      checks it and says what it needs
"""

import sys

from eng import elf
from eng.terminal import fail, say

# The baseline of .NET 10; the wheel's tag promises 2.28.
NEWEST_GLIBC = (2, 27)
LIBRARIES = {"libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2"}
# The second is for other copies of the module in the process, the third for debuggers that look into a NativeAOT process.
EXPORTS = {"PyInit__symplast", "symplast_version", "DotNetRuntimeDebugHeader"}


def problems(path):
    """A sentence for each thing that is wrong with the module."""
    library = elf.read(path)
    for name, version, symbol in library.required:
        if not version.startswith("GLIBC_") or _number(version) > NEWEST_GLIBC:
            yield f"needs {symbol} of {version} in {name}: newer than glibc {_text(NEWEST_GLIBC)} (a job for eng/glibc.py)"
    for name in sorted(set(library.needed) - LIBRARIES):
        yield f"needs {name}, which a system may not have"
    if "PyInit__symplast" not in library.exported:
        yield "does not export PyInit__symplast"
    for name in sorted(set(library.exported) - EXPORTS):
        yield f"exports {name}, which may clash with another library of the process"
    if not library.nodelete:
        yield "is not marked NODELETE: dlclose would pull the runtime from under its own threads"
    if any(name.startswith(".debug_") for name in library.sections):
        yield "still holds its debugging symbols"


def newest_glibc(path):
    """The version of glibc that the module needs, as text."""
    return _text(max(_number(version) for _, version, _ in elf.read(path).required if version.startswith("GLIBC_")))


def _number(version):
    return tuple(int(part) for part in version[len("GLIBC_"):].split("."))


def _text(number):
    return ".".join(map(str, number))


if __name__ == "__main__":
    found = list(problems(sys.argv[1]))
    if found:
        fail("\n".join(f"{sys.argv[1]} {problem}" for problem in found))
    say(f"{sys.argv[1]}: needs glibc {newest_glibc(sys.argv[1])}")
