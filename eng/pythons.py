"""Finding the CPythons of this machine.

Looked at, in this order: SYMPLAST_PYTHONS (executables or folders, separated by colons), the PATH, pyenv and uv. Of each
exact version the first that can make an environment with pip counts, or else the first.

    python3 -m eng.pythons          says which were found
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from eng.project import OLDEST_PYTHON, say

_NAME = re.compile(r"python(3(\.\d+)?)?$")

# Not sys.version: what decides is whether this build has the object layout that we share.
_PROBE = """
import importlib.util, json, platform, sys, sysconfig
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({
    "path": sys.executable if sys.prefix == sys.base_prefix else getattr(sys, "_base_executable", sys.executable),
    "implementation": platform.python_implementation(),
    "version": list(sys.version_info),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "has_venv": has("venv"),
    "has_pip": has("venv") and has("ensurepip"),
}))
"""


@dataclass(frozen=True)
class Python:
    """One CPython installation."""

    path: str
    version: tuple
    has_venv: bool
    has_pip: bool

    @property
    def name(self):
        """The exact version as text: 3.14.2, 3.15.0b1."""
        major, minor, micro, level, serial = self.version
        stage = {"final": "", "candidate": f"rc{serial}", "beta": f"b{serial}", "alpha": f"a{serial}"}[level]
        return f"{major}.{minor}.{micro}{stage}"

    @property
    def is_final(self):
        return self.version[3] == "final"


def find():
    """All usable CPythons, oldest first, and a sentence for each one that was passed over."""
    chosen, skipped = {}, {}
    for path in _candidates():
        found = _probe(path)
        if found is None or found["implementation"] != "CPython" or tuple(found["version"][:2]) < OLDEST_PYTHON:
            continue
        python = Python(found["path"], tuple(found["version"]), found["has_venv"], found["has_pip"])
        if found["free_threaded"]:
            skipped[python.path] = f"skipped {python.name} at {python.path}: a free-threaded build"
        elif not python.has_venv:
            skipped[python.path] = f"skipped {python.name} at {python.path}: it lacks the venv module"
        elif python.version not in chosen or (python.has_pip and not chosen[python.version].has_pip):
            chosen[python.version] = python
    return sorted(chosen.values(), key=lambda python: python.version), list(skipped.values())


def newest(pythons):
    """The one that people run: the newest release; a preview only if there is nothing else."""
    return max(pythons, key=lambda python: (python.is_final, python.version))


def report(pythons, skipped):
    """Says which Pythons a run uses."""
    say(f"Pythons: {', '.join(python.name for python in pythons)}")
    for sentence in skipped:
        say(f"  {sentence}")


def _candidates():
    """Every distinct executable that may be a Python."""
    seen = set()
    for path in _places():
        # The real path only tells doubles apart: a launcher or a pyenv shim works only under its own name.
        if os.path.isfile(path) and os.access(path, os.X_OK) and os.path.realpath(path) not in seen:
            seen.add(os.path.realpath(path))
            yield path


def _places():
    for entry in filter(None, os.environ.get("SYMPLAST_PYTHONS", "").split(":")):
        yield from _in_folder(entry) if os.path.isdir(entry) else [entry]
    shims = str(_pyenv() / "shims")
    for folder in filter(None, os.environ.get("PATH", "").split(os.pathsep)):
        if folder != shims:  # a shim answers for one version only, the folders below have them all
            yield from _in_folder(folder)
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or
              Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "uv" / "python")
    for folder in [_pyenv() / "versions", uv]:
        for installation in sorted(folder.glob("*/bin")):
            yield from _in_folder(installation)


def _pyenv():
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _in_folder(folder):
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if _NAME.match(name)]


def _probe(path):
    # Not -I, which would shut out installations whose launcher says by PYTHONHOME where their library is.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run([path, "-c", _PROBE], cwd="/", env=variables, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


if __name__ == "__main__":
    report(*find())
