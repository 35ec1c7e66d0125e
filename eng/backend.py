"""What pip calls, as pyproject.toml says: the hooks of PEP 517, which need nothing from a package index.

The C# is compiled where it lies, so that a second time only what has changed is compiled.
"""

import shutil
from pathlib import Path

from eng import build, prerequisites, sdist, wheel
from eng.terminal import fail


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """The metadata, for which nothing has to be compiled."""
    name, files = wheel.information()
    for path, data in files.items():
        file = Path(metadata_directory, name, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    prerequisites.demand_for_build()
    return Path(shutil.copy(build.build(), wheel_directory)).name


def build_sdist(sdist_directory, config_settings=None):
    return sdist.build(Path(sdist_directory)).name


def get_requires_for_build_editable(config_settings=None):
    fail("Symplast cannot be installed in editable mode: its C# has to be compiled after each change.\n"
         "`pip install .` compiles what has changed and installs that.")


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    get_requires_for_build_editable()
