"""Which files belong to the project."""

import os

from eng import version
from eng.project import ROOT

# What .gitignore leaves out, for where no git reads it.
_FOLDERS_LEFT_OUT = {".git", ".venv", ".vs", ".vscode", ".idea", "__pycache__", "TestResults", "artifacts", "bin", "obj",
                     "node_modules"}
_LEFT_OUT = (".pyc", ".user", ".swp")


def tracked():
    """
    Their paths, relative to the root: those that git tracks; without git, as in an unpacked sdist, all that nothing has
    generated.
    """
    if version.is_checkout():
        return _existing(version.git("ls-files", "-z", "--cached"))
    return sorted(_walk())


def python():
    """Every Python file, also one that git does not track yet."""
    return _named(".py", ".pyi")


def csharp():
    """Every C# file, also one that git does not track yet."""
    return _named(".cs")


def _named(*endings):
    if version.is_checkout():
        return _existing(
            version.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", *(f"*{each}" for each in endings)))
    return sorted(path for path in _walk() if path.endswith(endings))


def _existing(listed):
    return sorted({path for path in (listed or "").split("\0") if path and (ROOT / path).is_file()})


def _walk():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in _FOLDERS_LEFT_OUT]
        for name in names:
            if name != ".git" and not name.endswith(_LEFT_OUT):  # a file in a second work tree
                yield os.path.relpath(os.path.join(folder, name), ROOT)
