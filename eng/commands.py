"""Running other programs: their output goes to a log, and is shown only when they fail."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from eng.project import LOGS, ROOT, fail, relative, say


def dotnet():
    """The .NET command, also where its install script leaves it; None when there is none."""
    places = [os.environ.get("DOTNET_ROOT"), Path.home() / ".dotnet", "/usr/share/dotnet", "/usr/lib/dotnet"]
    return shutil.which("dotnet") or next((found for place in places if place
                                           for found in [shutil.which("dotnet", path=str(place))] if found), None)


def environment(**changes):
    """The variables for the programs we start: no telemetry, English messages (we read some), no processes left behind."""
    own = {
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "DOTNET_CLI_UI_LANGUAGE": "en",
        "DOTNET_NOLOGO": "1",
        "MSBUILDDISABLENODEREUSE": "1",
        "TESTINGPLATFORM_TELEMETRY_OPTOUT": "1",
    }
    return {**os.environ, **own, **changes}


def quietly(what, command, log, **changes):
    """Runs a command with its output in LOGS/log. Says what it does and how long it took, returns whether it succeeded."""
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with open(LOGS / log, "w+", encoding="utf-8", errors="replace") as output:
        code = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(**changes),
                              stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT).returncode
        output.seek(0)
        text = output.read()
    say(f"{what}: {'done' if code == 0 else 'FAILED'} ({time.monotonic() - started:.0f} s)")
    if code != 0:
        say(tail(text))
        say(f"(all of it: {relative(LOGS / log)})")
    return code == 0


def must(what, command, log, **changes):
    """Like quietly, but a failure ends the program."""
    if not quietly(what, command, log, **changes):
        fail(f"{what} failed.")


def tail(text, lines=40):
    """The end of a log: what a person needs to see of a failure."""
    return "\n".join(text.rstrip().splitlines()[-lines:])
