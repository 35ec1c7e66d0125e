"""What a machine must have to build Symplast, and the command that installs what it lacks."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from eng import dotnet
from eng.project import OLDEST_PYTHON
from eng.terminal import fail

_OS_RELEASE = Path("/etc/os-release")


def demand(pythons, skipped=()):
    """Ends the program with what is missing, if something is."""
    _fail_for([*_missing_to_build(), *_missing_python(pythons, skipped)])


def demand_for_build():
    """The same where the Python that runs this is the one to build for."""
    _fail_for(_missing_to_build())


def _fail_for(missing):
    text = "\n\n".join(missing)
    if "curl " in text and not shutil.which("curl"):
        text += "\n\ncurl itself is missing too:\n  Debian, Ubuntu:          sudo apt-get install curl ca-certificates"
    if text:
        fail(text if os.geteuid() else text.replace("sudo ", ""))


def _missing_to_build():
    """A paragraph for each thing that is missing to compile."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        yield f"Symplast builds on Linux on x86-64; this is {platform.system()} on {platform.machine()}."
    if not any(dotnet.is_usable(version) for _, versions, _ in dotnet.installed() for version in versions):
        yield (_with("The .NET 10 SDK is missing.", _other_sdks(), "To install it:") +
               "  Ubuntu 24.04 and newer:  sudo apt-get install dotnet-sdk-10.0\n"
               "  anywhere, without root:  curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0")
    if not _links():
        yield ("A C compiler that can link (gcc or clang, and objcopy) is missing. To install it:\n"
               "  Debian, Ubuntu:          sudo apt-get install build-essential\n"
               "  Fedora:                  sudo dnf install gcc binutils")


def _other_sdks():
    """A sentence for each .NET that does not do."""
    for command, versions, complaint in dotnet.installed():
        if versions:
            yield (f"{command} has {', '.join(versions)}, which {'does' if len(versions) == 1 else 'do'} not do: "
                   f"global.json asks for {dotnet.wanted()} or a newer release of 10.0")
        elif complaint:
            yield f"{command} does not run: {complaint.splitlines()[0]}"
        else:
            yield f"{command} is a runtime without an SDK"


def _missing_python(pythons, skipped):
    """A paragraph if there is no Python to build for."""
    if pythons:
        return
    oldest = ".".join(map(str, OLDEST_PYTHON))
    yield (_with(f"A CPython {oldest} or newer (an ordinary build, not a free-threaded one) is missing.", skipped,
                 "To install one:") +
           _python_of_system() +
           "  anywhere, without root:  uv python install 3.14   or   pyenv install 3.14\n"
           + ("" if shutil.which("uv") or shutil.which("pyenv") else
              "  (to install uv:          curl -LsSf https://astral.sh/uv/install.sh | sh)\n") +
           "One in an unusual place is found through SYMPLAST_PYTHONS=/path/to/python3.")


def _with(missing, found, remedy):
    """What is missing, what is there instead, a line each, and the words before what helps."""
    lines = [f"  {each}" for each in found]
    return "\n".join([missing, *lines, remedy, ""]) if lines else f"{missing} {remedy}\n"


def _python_of_system():
    """The command for the system's own Python, if that is new enough."""
    name, version = _system()
    if name == "debian" and version < (13,):
        return (
            f"  Debian {version[0]}:               apt-get has no newer one (that of Debian 13 does), so one of the following\n")
    if name == "ubuntu" and version < (24, 4):
        return (f"  Ubuntu {version[0]}.{version[1]:02}:            apt-get has no newer one (that of Ubuntu 24.04 does), so "
                f"one of the following\n")
    if name == "fedora":
        return "  Fedora:                  sudo dnf install python3\n"
    return "  Debian 13, Ubuntu 24.04: sudo apt-get install python3 python3-venv\n"


def _system():
    """The distribution and its version; of Debian's testing and unstable, which have none, a very high one."""
    try:
        fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', _OS_RELEASE.read_text(), re.MULTILINE))
    except OSError:
        fields = {}
    numbers = re.findall(r"\d+", fields.get("VERSION_ID", ""))
    return fields.get("ID", ""), tuple(map(int, numbers)) or (999, 0)


def _links():
    """Whether a compiler is there with what it needs to link: Debian's gcc alone comes without the C library to link against."""
    clang, gcc = shutil.which("clang"), shutil.which("gcc")
    if not (clang or gcc) or not (shutil.which("objcopy") or clang and shutil.which("llvm-objcopy")):
        return False
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([clang or gcc, "-shared", "-xc", os.devnull, "-o", os.path.join(folder, "empty.so"), "-lm"],
                              stderr=subprocess.DEVNULL).returncode == 0
