"""The version of what is built here.

The number of the release stands in Directory.Build.props; the C# is compiled with that alone, so that a commit is no reason to
compile. What lies between two releases is told apart by the Python part and the wheel: 0.2.0.dev335+g1a2b3c4d5 is the 335th
commit since the release before (or since the first one) on the way to 0.2.0, and .m1f2e3d4c behind it says that files were
changed after that commit. pip takes each of them for something new.

    python3 -m eng.version          says it
"""

import functools
import hashlib
import os
import re
import subprocess

from eng.project import ROOT


def number():
    """The release that this is or becomes, from the one place where it is written."""
    return re.search(r"<Version>([^<]+)</Version>", (ROOT / "Directory.Build.props").read_text())[1]


@functools.lru_cache(maxsize=None)
def version():
    """The full version: from the file that an sdist has, or else from git, or else that of no particular commit."""
    return _of_sdist() or _of_git() or f"{number()}.dev0"


def _of_sdist():
    """What eng/sdist.py wrote down, for there is no git where an sdist is unpacked, or it is that of something else."""
    try:
        metadata = (ROOT / "PKG-INFO").read_text(encoding="utf-8")
    except OSError:
        return None
    return re.search(r"^Version: (.+)$", metadata, re.MULTILINE)[1]


def _of_git():
    commit = git("rev-parse", "--short=9", "HEAD") if is_checkout() else None
    if commit is None:
        return None
    release = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    count = int(git("rev-list", "--count", f"{release}..HEAD" if release else "HEAD"))
    changed = bool(git("status", "--porcelain", "--untracked-files=all", "--", *_OF_WHEEL))
    if release != f"v{number()}":
        stage = f".dev{count}"
    elif count or changed:  # what comes after a release, until the next one has its number
        stage = f".post{count}"
    else:
        return number()
    return f"{number()}{stage}+g{commit}" + (f".m{_digest()}" if changed else "")


# What a wheel is made from.
_OF_WHEEL = ["src", "python", "eng", "README.md", "LICENSE", "global.json", ":(glob)Directory.*"]


def _digest():
    """Differs between any two states of what git does not know yet."""
    checksum = hashlib.sha256(os.fsencode(git("diff", "HEAD", "--", *_OF_WHEEL) or ""))
    for name in filter(None, (git("ls-files", "-z", "--others", "--exclude-standard", "--", *_OF_WHEEL) or "").split("\0")):
        checksum.update(os.fsencode(name) + (ROOT / name).read_bytes())
    return checksum.hexdigest()[:8]


def is_checkout():
    """Whether this folder is the top of a work tree of git, and git is there to ask."""
    top = git("rev-parse", "--show-toplevel")
    return top is not None and os.path.realpath(top) == str(ROOT)


def git(*arguments):
    """What a command of git says, without the last newline; None if it fails or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                              errors="surrogateescape")
    except OSError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


if __name__ == "__main__":
    print(version())
