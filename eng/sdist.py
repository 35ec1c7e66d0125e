"""The source distribution: every file of the project that git tracks, and PKG-INFO, in which the version stands where there is no
git.

    python3 -m eng.sdist            makes it in artifacts/sdist
"""

import gzip
import io
import os
import tarfile

from eng import sources, wheel
from eng.project import ARTIFACTS, ROOT, relative
from eng.terminal import say
from eng.version import version


def name():
    """Of the archive without its suffix, and of the folder in it."""
    return f"symplast-{version()}"


def build(folder):
    """Makes the archive, with the same bytes for the same contents, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{name()}.tar.gz"
    unfinished = folder / f"{name()}.tmp"
    with gzip.GzipFile(unfinished, "wb", mtime=_time()) as stream, tarfile.open(
            fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "PKG-INFO", wheel.metadata().encode(), 0o644)
        for path in sources.tracked():
            if path != "PKG-INFO":  # of the sdist that this is made from
                _add(tar, path, (ROOT / path).read_bytes(), 0o755 if os.access(ROOT / path, os.X_OK) else 0o644)
    os.replace(unfinished, archive)
    return archive


def _add(tar, path, data, mode):
    entry = tarfile.TarInfo(f"{name()}/{path}")
    entry.size, entry.mode, entry.mtime = len(data), mode, _time()
    tar.addfile(entry, io.BytesIO(data))


def _time():
    """Of every file."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", 315532800))


if __name__ == "__main__":
    made = build(ARTIFACTS / "sdist")
    say(f"Source distribution: {relative(made)} ({made.stat().st_size / 1e6:.1f} MB)")
