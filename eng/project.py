"""Where the project's things are, and what it is called."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts"
LOGS = ARTIFACTS / "logs"
PACKAGE = ROOT / "python" / "symplast"
DEMO_ENVIRONMENT = ROOT / ".venv"
EXTENSION_PROJECT = ROOT / "src" / "Symplast.Python"

OLDEST_PYTHON = (3, 12)


def version():
    """The version of the project, from the one place where it is written."""
    return re.search(r"<Version>([^<]+)</Version>", (ROOT / "Directory.Build.props").read_text())[1]


def relative(path):
    """How a path is shown to people."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if ROOT in path.parents else str(path)


def say(text):
    print(text, flush=True)


def fail(text):
    """Ends the program with a message for people, without a traceback."""
    sys.stdout.flush()
    sys.exit(text)
