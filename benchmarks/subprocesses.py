"""Child processes: each measurement has its own, so that none warms, fills or slows another.

Whoever starts one stays small: Linux counts what the parent held when it forked into the child's
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

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes there, kilobytes here


@dataclass(frozen=True, slots=True)
class Usage:
    cpu_seconds: float
    peak_bytes: int


class ChildFailed(Exception):
    """The message is what the child wrote to standard error."""


def use(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path = ROOT) -> Usage:
    """Run that to its end; its standard output is thrown away. Raises ChildFailed."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [str(part) for part in command],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise ChildFailed(errors.read().decode(errors="replace"))
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * MAXRSS_UNIT)


def ask(
    question: str, *arguments: object, python: str | Path = sys.executable
) -> tuple[Any, Usage]:
    """The answer of `module:function(*arguments)`, found in a process of its own.

    That process has the environment of a function. Raises ChildFailed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        command = [
            python,
            "-m",
            "benchmarks.subprocess_entry",
            question,
            answer,
            json.dumps(arguments),
        ]
        path = os.pathsep.join(map(str, (ROOT, FUNCTIONS)))
        usage = use(command, os.environ | environment() | {"PYTHONPATH": path})
        return json.loads(answer.read_text()), usage
