"""Saves MiniStack's state every few seconds while it is used, when asked, and at a regular stop.

MiniStack itself saves only at a regular stop, so a crash would lose the whole run. Standard library
only: MiniStack's environment imports this module too.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local import saved_state
from local.refusals import App, Receive, Scope, Send

SAVE_SECONDS = 2.0
SHARE_MAX = 0.1  # of the time, for saving
COLLECT_ATTEMPTS = 20
INTERNAL_PATHS = "/_ministack/"  # reads of mails and health, which change nothing

logger = logging.getLogger("souk.state")


class StateSaver:
    """Stands in front of MiniStack's application.

    `collect` returns the state of each service. It runs between two requests, so that no save has
    half of a request's writes. `encode` makes JSON of one state.
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
        self._is_closed = False
        self._asked = threading.Event()
        self._writing = threading.Lock()
        self._task: asyncio.Task[None] | None = None

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
        states = self._collect_once_quiet()
        self._write(states, is_final=True)

    async def _save_while_used(self) -> None:
        rest, last = SAVE_SECONDS, time.monotonic()
        while not self._is_closed:
            await asyncio.sleep(0.1)
            is_due = self._is_changed and time.monotonic() - last >= rest
            if not (is_due or self._asked.is_set()):
                continue
            began = time.monotonic()
            self._is_changed = False
            self._asked.clear()
            try:
                states = self._collect_once_quiet()
                await asyncio.to_thread(self._write, states, is_final=False)
            except Exception:
                logger.exception("state not saved")
                self._is_changed = True
            last = time.monotonic()
            rest = max(SAVE_SECONDS, (last - began) / SHARE_MAX)

    def _collect_once_quiet(self) -> Mapping[str, object]:
        """Threads of MiniStack may change a state while it is copied: then it is copied again."""
        for _ in range(COLLECT_ATTEMPTS - 1):
            try:
                return self._collect()
            except RuntimeError:  # a dictionary changed its size
                time.sleep(0.01)
        return self._collect()

    def _write(self, states: Mapping[str, object], *, is_final: bool) -> None:
        services = {name: self._encode(name, state) for name, state in states.items()}
        with self._writing:
            if self._is_closed:
                return
            self._is_closed = is_final
            saved_state.write(self._state, services, port=self._port, is_final=is_final)
