"""Where the project's things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts"
LOGS = ARTIFACTS / "logs"
PACKAGE = ROOT / "python" / "symplast"
DEMO_ENVIRONMENT = ROOT / ".venv"
EXTENSION_PROJECT = ROOT / "src" / "Symplast.Python"

OLDEST_PYTHON = (3, 12)


def relative(path):
    """How a path is shown to people."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if ROOT in path.parents else str(path)
