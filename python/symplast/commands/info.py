"""symplast info: describe this installation and its features."""

import os
import platform
import sys


def add_to(commands):
    """Add this command to the command line."""
    return commands.add_parser("info", help="print version, Python, features, warnings", description=__doc__)


def run(options):
    """Run the command."""
    for name, value in info():
        print(f"{name + ':':18}{value}")
    return 0


def info():
    """Return (name, value) pairs that describe the installation."""
    import symplast
    from symplast import _symplast

    version = sys.version_info
    floor = _symplast.PATCH_FLOOR
    frozen = type(symplast.freeze({0: 0})).__name__
    warnings = []
    if version.micro < floor:
        warnings.append(f"CPython {version.major}.{version.minor}.{floor} or newer has fixes for several interpreters")
    if version[:2] == (3, 12):
        warnings.append("on 3.12 interpreters are created one at a time, and datetime objects cannot be frozen")
    return [
        ("symplast", symplast.__version__),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("platform", f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"),
        ("dict freezes as", frozen),
        ("datetime freezes", "yes" if version >= (3, 13) else "no"),
        ("SYMPLAST_DEBUG", os.environ.get("SYMPLAST_DEBUG", "") or "not set"),
        ("warnings", "; ".join(warnings) or "none"),
    ]
