"""What NuGet has to fetch before something can be built, so that people are told before they wait for it."""

import json
import os
from pathlib import Path

from eng.project import ROOT

# Of everything that a folder's projects need on a machine that has nothing yet, measured: to fetch, and unpacked on disk.
_SIZES = {"src": "85 MB, 280 MB on disk", "all": "120 MB, 410 MB on disk"}


def announcement(everything=False):
    """A sentence about packages that are not on this machine, for the extension module or for everything; nothing if they are."""
    number = len(_missing("**" if everything else "src/Symplast.Python"))
    return f"; first it fetches {number} packages from NuGet (up to {_SIZES['all' if everything else 'src']})" if number else ""


def _missing(folder):
    """The packages of lock files that are not where NuGet keeps them."""
    kept = Path(os.environ.get("NUGET_PACKAGES") or Path.home() / ".nuget" / "packages")
    wanted = set()
    for file in ROOT.glob(f"{folder}/packages.lock.json"):
        for packages in json.loads(file.read_text(encoding="utf-8"))["dependencies"].values():
            wanted |= {(name.lower(), package["resolved"].lower()) for name, package in packages.items() if "resolved" in package}
    return {(name, version) for name, version in wanted if not (kept / name / version).is_dir()}
