"""Checks the type stubs with pyright: that they are right in themselves, and what they say of a program.

    python3 -m eng.typecheck
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from eng.commands import environment, quietly
from eng.project import ARTIFACTS, PACKAGE, ROOT
from eng.terminal import say

_VERSION = "1.1.414"
_PLACE = ARTIFACTS / "pyright"
_PROGRAM = ROOT / "tests" / "typing" / "program.py"


def check(versions):
    """Whether pyright agrees under these versions of Python.

    Without npm or pyright that is not known: in CI it fails then, elsewhere it passes.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        return _unchecked("npm")
    script = _PLACE / "node_modules" / "pyright" / "index.js"
    install = [npm, "install", "--prefix", _PLACE, "--no-audit", "--no-fund", "--no-save", "--fetch-timeout=60000",
               "--fetch-retries=1", f"pyright@{_VERSION}"]
    if not script.exists() and not quietly("Installing pyright", install, "pyright.log", "from npm, some 5 MB"):
        return _unchecked("pyright")
    return all([_check(node, script, version) for version in versions])


def _unchecked(missing):
    passes = os.environ.get("CI") != "true"
    say(f"Types: not checked, for want of {missing}{'' if passes else ': FAILED, since CI is to check them'}")
    return passes


def _check(node, script, version):
    found = _errors(node, script, version, "-p", _PROGRAM.parent)
    wanted = {(_PROGRAM, number) for number, line in enumerate(_PROGRAM.read_text(encoding="utf-8").splitlines(), 1)
              if re.search("# error$", line)}
    stub = PACKAGE / "__init__.pyi"
    found |= _errors(node, script, version, stub)
    for file, line in sorted(wanted - found.keys()):
        say(f"{file.relative_to(ROOT)}:{line}: no error")
    for file, line in sorted(found.keys() - wanted):
        say(f"{file.relative_to(ROOT)}:{line}: {found[file, line]}")
    say(f"Types under Python {version}: {'done' if found.keys() == wanted else 'FAILED'}")
    return found.keys() == wanted


def _errors(node, script, version, *arguments):
    """The messages by file and line."""
    command = [str(part) for part in (node, script, "--outputjson", "--pythonversion", version, *arguments)]
    answer = subprocess.run(command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    try:
        diagnostics = json.loads(answer.stdout)["generalDiagnostics"]
    except (ValueError, KeyError):
        raise SystemExit(f"pyright did not run: {answer.stdout}{answer.stderr}")
    return {(Path(each["file"]), each["range"]["start"]["line"] + 1): each["message"]
            for each in diagnostics if each["severity"] == "error"}


if __name__ == "__main__":
    sys.exit(not check(["3.12", "3.15"]))
