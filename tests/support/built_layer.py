"""Builds the layer of all functions for this machine, and runs code on it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared"
FUNCTIONS = ROOT / "functions"


def build(sources: Path, into: Path) -> Path:
    """The folder that Lambda puts on the path. `sources` is a copy of shared/."""
    subprocess.run(
        ["make", "build-SharedLayer"],  # noqa: S607
        cwd=sources,
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ARTIFACTS_DIR": str(into),
            "SOUK_LAYER": "host",
            "SOUK_LAYER_PYTHON": sys.executable,
        },
        check=True,
    )
    return into / "python"


def run(path: Iterable[Path | str], code: str, *, given: str = "") -> Any:
    """The JSON that the code prints in an interpreter with no packages but those on the path.

    `given` is its standard input.
    """
    completed = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-B", "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        input=given,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(completed.stdout)
