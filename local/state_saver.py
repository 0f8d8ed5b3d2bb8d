"""Saves MiniStack's state every few seconds while it is used, when asked, and at a regular stop.

MiniStack itself saves only at a regular stop, so a crash would lose the whole run. A copy of the
process (fork) saves, with low priority: requests wait only while the process is copied, and the
copy has no half of a request's writes. Standard library only: MiniStack's environment imports this
module too.
"""

import asyncio
import copy
import logging
import os
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from local import saved_state
from local.refusals import App, Receive, Scope, Send

SAVE_SECONDS = 2.0  # between two saves
COPY_SECONDS_MAX = 60  # a copy that takes longer hangs
NICENESS = 10
INTERNAL_PATHS = "/_ministack/"  # reads of mails and health, which change nothing

logger = logging.getLogger("souk.state")


class StateSaver:
    """Stands in front of MiniStack's application.

    `collect` returns the state of each service. `encode` makes JSON of one state.
    """

    def __init__(
        self,
        app: App,
        state: Path,
        port: int,
        collect: Callable[[], Mapping[str, object]],
        encode: Callable[[str, object], str],
    ) -> None:
        self._app = app
        self._state = state
        self._port = port
        self._collect = collect
        self._encode = encode
        self._is_changed = False
        self._asked = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._copy: int | None = None  # the process that saves

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._task = self._task or asyncio.create_task(self._save_while_used())
            self._is_changed |= not scope["path"].startswith(INTERNAL_PATHS)
        await self._app(scope, receive, send)

    def ask(self) -> None:
        """Save soon, whether or not something changed. Any thread may call this."""
        self._asked.set()

    def save_final(self) -> None:
        """Save at a regular stop. Nothing is saved after that."""
        if self._task:
            self._task.cancel()
        self._end_copy()
        self._write(is_final=True, taken_at=datetime.now(UTC))

    async def _save_while_used(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(min(0.1, SAVE_SECONDS))
            is_due = self._is_changed and time.monotonic() - last >= SAVE_SECONDS
            if is_due or self._asked.is_set():
                self._is_changed = False
                self._asked.clear()
                self._is_changed |= not await self._save_in_copy()
                last = time.monotonic()

    async def _save_in_copy(self) -> bool:
        """Return whether the state is saved."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork with threads
            forked_at = datetime.now(UTC)
            self._copy = os.fork()
        if self._copy == 0:
            self._write_and_exit(forked_at)
        deadline = time.monotonic() + COPY_SECONDS_MAX
        while time.monotonic() < deadline:
            ended, status = os.waitpid(self._copy, os.WNOHANG)  # noqa: ASYNC222 (it does not wait)
            if ended:
                self._copy = None
                return status == 0
            await asyncio.sleep(0.02)
        logger.error("the copy that saves the state hangs")
        self._end_copy()
        return False

    def _write_and_exit(self, forked_at: datetime) -> NoReturn:
        """The whole life of a copy. It must return to none of MiniStack's code."""
        status = 1
        try:
            os.nice(NICENESS)
            # This process is a copy: MiniStack need not copy its state.
            copy.deepcopy = _share  # type: ignore[assignment]
            self._write(is_final=False, taken_at=forked_at)
            status = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(status)

    def _end_copy(self) -> None:
        if self._copy is not None:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._copy, signal.SIGKILL)
                os.waitpid(self._copy, 0)
            self._copy = None

    def _write(self, *, is_final: bool, taken_at: datetime) -> None:
        services = {name: self._encode(name, state) for name, state in self._collect().items()}
        if (self._state / saved_state.LOCK).exists():  # a folder that was deleted stays away
            saved_state.write(
                self._state, services, port=self._port, is_final=is_final, taken_at=taken_at
            )


def _share(state: Any, _memo: object = None) -> Any:
    return state
