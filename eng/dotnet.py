"""Finding the .NET SDK."""

import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from eng.commands import environment
from eng.project import ROOT


def dotnet():
    """
    The .NET command: the first that has an SDK we can use, also where its install script leaves it, or else the first; None if
    there is none.
    """
    found = installed()
    return next((command for command, versions, _ in found if any(map(is_usable, versions))), found[0][0] if found else None)


@functools.lru_cache(maxsize=None)
def installed():
    """(command, versions of its SDKs, what it complained of) of each .NET on this machine."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), os.environ.get("DOTNET_ROOT"), str(Path.home() / ".dotnet"),
               "/usr/share/dotnet", "/usr/lib/dotnet", "/opt/dotnet"]
    commands = {}
    for folder in filter(None, folders):
        command = shutil.which("dotnet", path=folder)
        if command:
            commands.setdefault(os.path.realpath(command), command)
    return tuple((command, *_sdks(command)) for command in commands.values())


def is_usable(version):
    """Whether global.json lets an SDK of this version build: the release it names or a newer one of the same minor version."""
    return "-" not in version and _numbers(version)[:2] == _numbers(wanted())[:2] and _numbers(version) >= _numbers(wanted())


def wanted():
    """The oldest SDK that does."""
    return json.loads((ROOT / "global.json").read_text(encoding="utf-8"))["sdk"]["version"]


def _sdks(command):
    try:
        # From where no global.json can have a say.
        done = subprocess.run([command, "--list-sdks"], cwd="/", env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)
    except OSError as error:
        return (), str(error)
    versions = tuple(re.findall(r"^(\d+\.\d+\.\S+) \[", done.stdout, re.MULTILINE))
    return versions, "" if done.returncode == 0 else (done.stderr or done.stdout).strip()


def _numbers(version):
    return [int(part) for part in version.split("-")[0].split(".")]
