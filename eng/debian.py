"""
Debian's packages beside the system: an apt of our own, which installs nothing and takes the mirror from the machine's own
sources.
"""

import os
import re
import subprocess
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Unavailable(Exception):
    """There is no apt here, or it cannot reach what is asked for."""


class Apt:
    """The packages of one release, with lists and downloads in a folder."""

    def __init__(self, folder, suite, kind="deb"):
        self._folder = Path(folder).resolve()
        for each in ("lists/partial", "archives/partial"):
            (self._folder / each).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "sources.list").write_text(f"{kind} [signed-by={KEYRING}] {mirror()} {suite} main\n")

    def run(self, *command, cwd=None):
        """Runs apt-get with our lists; returns what it prints."""
        options = [f"-oDir::Etc::sourcelist={self._folder}/sources.list", "-oDir::Etc::sourceparts=/dev/null",
                   f"-oDir::State::Lists={self._folder}/lists",
                   f"-oDir::State::status={self._folder}/status", f"-oDir::Cache={self._folder}",
                   f"-oDir::Cache::archives={self._folder}/archives",
                   "-oAPT::Sandbox::User=root", "-oAPT::Install-Recommends=false", "-oDebug::NoLocking=true", "-qq"]
        try:
            done = subprocess.run(["apt-get", *options, *command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True)
        except OSError as error:
            raise Unavailable(str(error)) from error
        if done.returncode != 0:
            raise Unavailable(done.stderr.strip() or f"apt-get {command[0]} failed")
        return done.stdout


def mirror():
    """Where this machine gets Debian's packages from; SYMPLAST_DEBIAN_MIRROR names another place."""
    named = os.environ.get("SYMPLAST_DEBIAN_MIRROR")
    if named:
        return named
    for file in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        found = re.search(r"^(?:URIs:|deb(?: +\[.*?\])?) +(http\S+)", text, re.MULTILINE)
        if found:
            return found.group(1)
    raise Unavailable("this machine has no Debian mirror among its apt sources")
