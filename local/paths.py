"""Where the local stack finds its tools and keeps what it stores."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "local" / ".state"
PROJECT_TOOLS = ROOT / ".venv" / "bin"  # uv among them: `sam build` calls it for the layer
BUILDS = STATE / "builds"
MINISTACK_PYTHON = STATE / "venvs" / "ministack" / "bin" / "python"
REFERENCE = STATE / "venvs" / "reference"
SAM_PYTHON = STATE / "venvs" / "sam" / "bin" / "python"


def stack_state(port: int) -> Path:
    """One folder for each port, so that stacks can run side by side."""
    return STATE / "stacks" / str(port)
