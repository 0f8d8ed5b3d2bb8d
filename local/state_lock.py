"""One shop at a time in a state folder, and a notice when the folder is deleted under a shop."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.emulator import StackError
from local.saved_state import LOCK

ENDING_SECONDS_MAX = 60  # of a MiniStack whose parent was killed: it saves its state
NEEDED = (LOCK, "logs", "tmp")  # what a running shop has in its folder


@contextmanager
def hold_lock(state: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the folder's lock while the block runs. Yields its descriptor, for MiniStack to hold it.

    So the folder is free only when MiniStack has saved its state, even if its parent was killed.
    Raises StackError at once if another shop runs or starts in this folder.
    """
    with (state / LOCK).open("a+") as file:
        if not _is_locked(file.fileno()):
            _wait_for_ending_run(file.fileno(), state, say)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def find_missing(state: Path) -> Path | None:
    """What a running shop needs in its folder, if it was deleted."""
    return next((state / name for name in NEEDED if not (state / name).exists()), None)


def _is_locked(descriptor: int) -> bool:
    """Take the lock if it is free. Return whether this process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_ending_run(descriptor: int, state: Path, say: Callable[[str], None]) -> None:
    holder = _read_holder(state)
    if holder is None or _is_alive(holder):
        process = f" (process {holder})" if holder else ""
        raise StackError(f"another shop{process} runs or starts in {state}. Stop it first")
    say("Waiting for MiniStack of the last run, which saves its state")
    deadline = time.monotonic() + ENDING_SECONDS_MAX
    while not _is_locked(descriptor):
        if time.monotonic() > deadline:
            raise StackError(f"MiniStack of the last run does not end and still uses {state}")
        time.sleep(0.1)


def _read_holder(state: Path) -> int | None:
    try:
        return int((state / LOCK).read_text())
    except (OSError, ValueError):
        return None  # it has just begun


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
