"""Finding the CPythons of this machine.

Looked at, in this order: SYMPLAST_PYTHONS (executables or folders, separated by colons), the PATH, pyenv and uv. Of each
exact version the first that can make an environment with pip counts, or else the first.

    python3 -m eng.pythons          says which were found, and why others do not do
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from eng.project import OLDEST_PYTHON
from eng.terminal import say

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


@dataclass(frozen=True)
class PassedOver:
    """A Python that does not do, and why. To be mentioned always, or only where there is none that does."""

    path: str
    why: str
    always: bool = True

    def __str__(self):
        return f"{self.path}: {self.why}"


def find():
    """All usable CPythons, oldest first, and what was passed over."""
    chosen, skipped = {}, {entry: PassedOver(entry, why) for entry, why in _wrongly_named()}
    for path in _candidates():
        found, error = _probe(path)
        if found is None:
            skipped[path] = PassedOver(path, f"does not run ({error})", always=_is_named(path))
            continue
        python = Python(found["path"], tuple(found["version"]), found["has_venv"], found["has_pip"])
        why = _why_not(python, found)
        if why:
            # Of no interest beside others that do: the Python of the system is too old on most machines.
            skipped[python.path] = PassedOver(python.path, why, always=_is_named(path) or python.version >= OLDEST_PYTHON)
        elif python.version not in chosen or (python.has_pip and not chosen[python.version].has_pip):
            chosen[python.version] = python
    return sorted(chosen.values(), key=lambda python: python.version), list(skipped.values())


def _why_not(python, found):
    """What is wrong with a Python that runs."""
    if found["implementation"] != "CPython":
        return f"is {found['implementation']}, not CPython"
    if python.version < OLDEST_PYTHON:
        return f"is CPython {python.name}, too old"
    if found["free_threaded"]:
        return f"is a free-threaded build of CPython {python.name}"
    if not python.has_venv:
        return f"is CPython {python.name} without the venv module"
    return None


def newest(pythons):
    """The one that people run: the newest release; a preview only if there is nothing else."""
    return max(pythons, key=lambda python: (python.is_final, python.version))


def report(pythons, skipped):
    """Says which Pythons a run uses."""
    say(f"Pythons: {', '.join(python.name for python in pythons) or 'none'}")
    warn(skipped)


def warn(skipped):
    """Says which Pythons a run leaves out though they might be expected in it."""
    for each in skipped:
        if each.always:
            say(f"  passed over {each}")


def _candidates():
    """Every distinct executable that may be a Python."""
    seen = set()
    for path in _places():
        # The real path only tells doubles apart: a launcher or a pyenv shim works only under its own name.
        if os.path.isfile(path) and os.access(path, os.X_OK) and os.path.realpath(path) not in seen:
            seen.add(os.path.realpath(path))
            yield path


def _named():
    """What SYMPLAST_PYTHONS names, executables and folders."""
    return [os.path.expanduser(entry) for entry in os.environ.get("SYMPLAST_PYTHONS", "").split(":") if entry]


def _is_named(path):
    return path in _named() or os.path.dirname(path) in (entry.rstrip("/") for entry in _named())


def _wrongly_named():
    """(entry, what is wrong with it) for each of SYMPLAST_PYTHONS that leads to no Python."""
    for entry in _named():
        if not os.path.exists(entry):
            yield entry, "does not exist (SYMPLAST_PYTHONS names it)"
        elif os.path.isdir(entry) and not _in_folder(entry):
            inside = os.path.join(entry, "bin")
            advice = f"; is {inside} meant?" if _in_folder(inside) else ""
            yield entry, f"has no python3 in it (SYMPLAST_PYTHONS names it{advice})"
        elif os.path.isfile(entry) and not os.access(entry, os.X_OK):
            yield entry, "is not executable (SYMPLAST_PYTHONS names it)"


def _places():
    for entry in _named():
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
    """What a Python says of itself, or None and why it says nothing."""
    # Not -I, which would shut out installations whose launcher says by PYTHONHOME where their library is.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run([path, "-c", _PROBE], cwd="/", env=variables, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return json.loads(done.stdout), None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return None, str(error)


if __name__ == "__main__":
    found, skipped = find()
    report(found, [])
    for each in skipped:
        say(f"  passed over {each}")
