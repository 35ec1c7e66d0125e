"""Virtual environments with the wheel in them.

A Python with pip gets it by `pip install --no-index`, as a user would. Debian splits pip from Python and other installations
leave it out; there the wheel is unpacked by hand, and its command written, which comes to the same.
"""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

from eng import wheel as wheels
from eng.commands import environment
from eng.project import ARTIFACTS, LOGS, relative
from eng.terminal import fail, say


def for_tests(python):
    """Where the environment lives in which one Python's tests run."""
    return ARTIFACTS / "venvs" / python.name


def executable(folder):
    """The Python of an environment."""
    return folder / "bin" / "python"


def has_pip(folder):
    """Whether the wheel came into an environment by pip."""
    return _stamp(folder).get("pip", False)


def prepare(folder, python, wheel):
    """Makes sure that an environment of this Python exists and has exactly this wheel in it."""
    wanted = {"python": python.path, "version": python.name}
    stamp = _stamp(folder)
    if {**stamp, **wanted} != stamp or not executable(folder).exists():
        stamp = {**wanted, "pip": _create(folder, python)}
    elif stamp.get("wheel") == wheels.digest(wheel):
        return
    _stamp_file(folder).unlink(missing_ok=True)  # until it is whole again
    if stamp["pip"]:
        _run(folder, [executable(folder), "-m", "pip", "--disable-pip-version-check", "install", "--no-index", "--no-deps",
                      "--force-reinstall", wheel])
    else:
        _unpack(folder, wheel)
    _stamp_file(folder).write_text(json.dumps({**stamp, "wheel": wheels.digest(wheel)}))


def unpack(wheel, folder):
    """The wheel's contents in a folder for PYTHONPATH, for Pythons in which nothing is to be installed; returns it."""
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def _create(folder, python):
    """Makes an environment anew; returns whether it has pip."""
    if folder.exists():
        shutil.rmtree(folder)
    if python.has_pip and _succeeds(folder, [python.path, "-m", "venv", folder]):
        return True
    if folder.exists():
        shutil.rmtree(folder)
    _run(folder, [python.path, "-m", "venv", "--without-pip", folder])
    return False


def _unpack(folder, wheel):
    packages = Path(subprocess.run([executable(folder), "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"],
                                   env=_environment(), check=True, capture_output=True, text=True).stdout.strip())
    for old in [packages / "symplast", *packages.glob("symplast-*.dist-info")]:
        shutil.rmtree(old, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    command = executable(folder).with_name("symplast")
    command.write_text(
        f"#!{executable(folder).absolute()}\nimport sys\n\nfrom symplast.commands import main\n\nsys.exit(main())\n")
    command.chmod(0o755)


def _environment():
    # What points Python elsewhere would decide what we install into.
    return {name: value for name, value in environment().items() if name not in ("PYTHONHOME", "PYTHONPATH")}


def _log(folder):
    return LOGS / f"environment-{folder.name.lstrip('.')}.log"


def _succeeds(folder, command):
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(_log(folder), "a", encoding="utf-8") as log:
        return subprocess.run([str(part) for part in command], env=_environment(), stdin=subprocess.DEVNULL,
                              stdout=log, stderr=subprocess.STDOUT).returncode == 0


def _run(folder, command):
    if not _succeeds(folder, command):
        say(_log(folder).read_text(encoding="utf-8")[-4000:])
        fail(f"Could not prepare {relative(folder)} (see {relative(_log(folder))})")


def _stamp_file(folder):
    return folder / "symplast.json"


def _stamp(folder):
    try:
        return json.loads(_stamp_file(folder).read_text())
    except (OSError, ValueError):
        return {}
