"""Running other programs: their output goes to a log, and is shown only when they fail."""

import os
import subprocess
import time

from eng.project import ARTIFACTS, LOGS, ROOT, relative
from eng.terminal import elapsed, fail, running, say


def environment(**changes):
    """
    The variables for the programs we start: no telemetry, English messages (we read some), no need of ICU, no processes left
    behind, and no Python that compiles all modules again and again.
    """
    own = {
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "DOTNET_CLI_UI_LANGUAGE": "en",
        "DOTNET_CLI_USE_MSBUILD_SERVER": "0",
        "DOTNET_NOLOGO": "1",
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        "MSBUILDDISABLENODEREUSE": "1",
        "TESTINGPLATFORM_TELEMETRY_OPTOUT": "1",
        "UseSharedCompilation": "false",  # a property of the build: no compiler server
    }
    variables = {**os.environ, **own}
    if variables.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Beside the modules there is to be none, but somewhere: thousands of processes and workers import them.
        variables["PYTHONPYCACHEPREFIX"] = str(ARTIFACTS / "pycache")
    return {**variables, **changes}


def quietly(what, command, log, expected=None, **changes):
    """
    Runs a command with its output in LOGS/log. Says what it does (before, too, if there is something to say of how long that may
    take) and how long it took, returns whether it succeeded.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    if expected:
        say(f"{what} ({expected}) …")
    started = time.monotonic()
    with open(LOGS / log, "w+", encoding="utf-8", errors="replace") as output:
        with running(what):
            code = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(**changes),
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT).returncode
        output.seek(0)
        text = output.read()
    say(f"{what}: {'done' if code == 0 else 'FAILED'} ({elapsed(time.monotonic() - started)})")
    if code != 0:
        say(tail(text))
        say(f"(all of it: {relative(LOGS / log)})")
    return code == 0


def must(what, command, log, expected=None, **changes):
    """Like quietly, but a failure ends the program."""
    if not quietly(what, command, log, expected, **changes):
        fail(f"{what} failed.")


def wait(process, timeout):
    """
    Waits for the end of a process that was started here, and returns the seconds of processor time that it took, with those of
    all processes that it has waited for itself. subprocess.TimeoutExpired if it goes on for longer.
    """
    end = time.monotonic() + timeout
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return used.ru_utime + used.ru_stime
        if time.monotonic() >= end:
            raise subprocess.TimeoutExpired(process.args, timeout)
        time.sleep(0.05)


def tail(text, lines=40):
    """The end of a log: what a person needs to see of a failure."""
    return "\n".join(text.rstrip().splitlines()[-lines:])
