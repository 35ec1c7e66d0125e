"""What a machine must have to build Symplast, and the command that installs what it lacks."""

import os
import platform
import shutil
import subprocess
import tempfile

from eng.commands import dotnet, environment
from eng.project import OLDEST_PYTHON, fail


def missing(pythons, skipped=()):
    """A paragraph for each thing that is missing."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        yield f"Symplast builds on Linux on x86-64; this is {platform.system()} on {platform.machine()}."
    if not _has_sdk():
        yield ("The .NET 10 SDK is missing. To install it:\n"
               "  Ubuntu 24.04 and newer:  sudo apt-get install dotnet-sdk-10.0\n"
               "  anywhere, without root:  curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0")
    if not _links():
        yield ("A C compiler that can link (gcc or clang, and objcopy) is missing. To install it:\n"
               "  Debian, Ubuntu:          sudo apt-get install build-essential")
    if not pythons:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield (f"A CPython {oldest} or newer (an ordinary build, not a free-threaded one) is missing. To install one:\n"
               "  Debian 13, Ubuntu 24.04: sudo apt-get install python3 python3-venv\n"
               "  anywhere, without root:  uv python install 3.14   or   pyenv install 3.14\n"
               "One in an unusual place is found through SYMPLAST_PYTHONS=/path/to/python3."
               + "".join(f"\n({sentence})" for sentence in skipped))


def demand(pythons, skipped=()):
    """Ends the program with what is missing, if something is."""
    found = list(missing(pythons, skipped))
    if found:
        fail("\n\n".join(found))


def _has_sdk():
    command = dotnet()
    if command is None:
        return False
    done = subprocess.run([command, "--list-sdks"], env=environment(), capture_output=True, text=True)
    return any(line.startswith("10.") for line in done.stdout.splitlines())


def _links():
    """Whether a compiler is there with what it needs to link: Debian's gcc alone comes without the C library to link against."""
    clang, gcc = shutil.which("clang"), shutil.which("gcc")
    if not (clang or gcc) or not (shutil.which("objcopy") or clang and shutil.which("llvm-objcopy")):
        return False
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([clang or gcc, "-shared", "-xc", os.devnull, "-o", os.path.join(folder, "empty.so"), "-lm"],
                              stderr=subprocess.DEVNULL).returncode == 0
