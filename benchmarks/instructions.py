"""Counts the instructions of a process with valgrind, which hardly differ from run to run."""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import subprocesses

LAMBDA_PYTHON = "3.13"  # template.yaml: Runtime
COUNT = ("--tool=cachegrind", "--cache-sim=no", "--branch-sim=no")
SUMMARY = "summary: "  # the last line of the file that cachegrind writes


def can_count() -> bool:
    return shutil.which("valgrind") is not None


def count(command: Sequence[str | Path], env: Mapping[str, str]) -> int:
    """The instructions that the command runs. Raises SubprocessFailed."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "counts"
        counted = ["valgrind", *COUNT, f"--cachegrind-out-file={result}", *command]
        subprocesses.run(counted, {"PATH": os.defpath, **env, "PYTHONHASHSEED": "0"})
        summary = result.read_text().rstrip().rpartition("\n")[2]
        return int(summary.removeprefix(SUMMARY))


def find_python() -> str:
    """A Python of the version that Lambda runs, or else the current one.

    SOUK_LAYER_PYTHON names it, as for the build of the layer.
    """
    installed = (Path.home() / ".pyenv" / "versions").glob(f"{LAMBDA_PYTHON}.*/bin/python")
    named = os.environ.get("SOUK_LAYER_PYTHON")
    for python in (named, shutil.which(f"python{LAMBDA_PYTHON}"), *map(str, installed)):
        if python and f" {LAMBDA_PYTHON}." in subprocesses.version(python):
            return python
    return sys.executable
