"""Subprocesses: each measurement has its own, so that no measurement affects another.

The parent process must stay small: Linux counts the parent's memory at the fork into the child's
peak memory.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environment import FUNCTIONS, ROOT, environment

MAXRSS_UNIT = (
    1 if sys.platform == "darwin" else 1024
)  # getrusage(2): bytes on macOS, kilobytes on Linux


@dataclass(frozen=True, slots=True)
class Usage:
    cpu_seconds: float
    peak_bytes: int


class SubprocessFailed(Exception):
    """The message is the standard error of the subprocess."""


def run(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path = ROOT) -> Usage:
    """Runs a command to its end and drops its standard output. Raises SubprocessFailed."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SubprocessFailed(errors.read().decode(errors="replace"))
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * MAXRSS_UNIT)


def version(python: str | Path) -> str:
    """`Python 3.13.0`. Empty if it cannot run, such as a link to no version."""
    try:
        done = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def call_in_subprocess(
    target: str, *arguments: object, python: str | Path = sys.executable
) -> tuple[Any, Usage]:
    """The result of `module:function(*arguments)` in a new process, and what that process used.

    The process has the environment of a function. Raises SubprocessFailed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        command = [
            python,
            "-m",
            "benchmarks.subprocess_entry",
            target,
            result,
            json.dumps(arguments),
        ]
        path = os.pathsep.join(map(str, (ROOT, FUNCTIONS)))
        usage = run(command, os.environ | environment() | {"PYTHONPATH": path})
        return json.loads(result.read_text()), usage
