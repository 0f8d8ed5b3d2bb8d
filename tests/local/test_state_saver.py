"""MiniStack's state is saved while it is used, when asked, and at a regular stop."""

import asyncio
import copy
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from local import saved_state, state_saver
from local.refusals import Receive, Scope, Send
from local.state_saver import StateSaver


class Engine:
    """An application with one table, which each request makes longer."""

    def __init__(self, state: Path) -> None:
        (state / saved_state.LOCK).touch()
        self.rows: list[int] = []
        self.saver = StateSaver(self.app, state, 5001, self.collect, self.encode)

    async def app(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.rows.append(len(self.rows))

    def encode(self, _service: str, rows: object) -> str:
        return json.dumps(rows)

    def collect(self) -> dict[str, object]:
        return copy.deepcopy({"dynamodb": self.rows})  # as MiniStack does

    async def call(self, path: str = "/") -> None:
        async def nothing(*_: Any) -> Any:
            return {}

        await self.saver({"type": "http", "path": path}, nothing, nothing)


def saved_rows(state: Path) -> list[int] | None:
    if saved_state.restore(state, state / "aws") is None:
        return None
    rows: list[int] = json.loads((state / "aws" / "dynamodb.json").read_text())
    return rows


async def until_saved(state: Path) -> None:
    """A busy machine takes its time."""
    for _ in range(400):
        if saved_state.read(state) is not None:
            return
        await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_saver, "SAVE_SECONDS", 0.2)


def test_what_a_request_changed_is_saved_soon(tmp_path: Path) -> None:
    async def use() -> None:
        engine = Engine(tmp_path)
        await engine.call()
        await engine.call()
        await asyncio.sleep(1)

    asyncio.run(use())

    assert saved_rows(tmp_path) == [0, 1]
    saved = saved_state.read(tmp_path)
    assert saved is not None
    assert not saved.is_final


def test_a_save_during_use_copies_no_state_in_memory(tmp_path: Path) -> None:
    class Rows(list[int]):
        def __deepcopy__(self, _memo: object) -> NoReturn:
            raise AssertionError

    async def use() -> None:
        engine = Engine(tmp_path)
        engine.rows = Rows()
        await engine.call()
        await until_saved(tmp_path)

    asyncio.run(use())

    assert saved_rows(tmp_path) == [0]


def test_an_idle_engine_is_not_saved_again(tmp_path: Path) -> None:
    times = []

    async def use() -> None:
        engine = Engine(tmp_path)
        await engine.call()
        for _ in range(2):
            await asyncio.sleep(0.8)
            await engine.call("/_ministack/ses/messages")  # the mailbox, which only reads
            times.append(saved_state.read(tmp_path))

    asyncio.run(use())

    assert times[0] == times[1] is not None


def test_a_save_on_demand_does_not_wait_for_a_change(tmp_path: Path) -> None:
    async def use() -> None:
        engine = Engine(tmp_path)
        await engine.call("/_ministack/health")
        engine.saver.ask()
        await until_saved(tmp_path)

    asyncio.run(use())

    assert saved_rows(tmp_path) == [0]


def test_requests_go_on_while_the_state_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The save has what was there when it began."""
    write = saved_state.write

    def write_slowly(*args: Any, **options: Any) -> None:
        time.sleep(0.5)
        write(*args, **options)

    monkeypatch.setattr(saved_state, "write", write_slowly)

    called_at = []

    async def use() -> float:
        engine = Engine(tmp_path)
        await engine.call()
        await asyncio.sleep(0.45)  # it saves now
        called_at.append(datetime.now(UTC))
        began = time.monotonic()
        await engine.call()
        seconds = time.monotonic() - began
        await until_saved(tmp_path)
        return seconds

    assert asyncio.run(use()) < 0.2
    assert saved_rows(tmp_path) == [0]
    saved = saved_state.read(tmp_path)
    assert saved is not None
    assert datetime.fromisoformat(saved.saved_at) < called_at[0]


def test_a_regular_stop_ends_a_save_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use() -> None:
        engine = Engine(tmp_path)
        monkeypatch.setattr(engine.saver, "_encode", lambda _, __: time.sleep(60))
        await engine.call()
        await asyncio.sleep(0.6)
        monkeypatch.undo()
        engine.saver.save_final()

    began = time.monotonic()
    asyncio.run(use())

    assert time.monotonic() - began < 20
    assert saved_rows(tmp_path) == [0]


def test_a_failed_save_is_tried_again(tmp_path: Path) -> None:
    async def use() -> None:
        engine = Engine(tmp_path)
        (tmp_path / saved_state.FOLDER).write_text("a file in the way of the folder")
        await engine.call()
        await asyncio.sleep(0.6)
        (tmp_path / saved_state.FOLDER).unlink()
        await until_saved(tmp_path)

    asyncio.run(use())

    assert saved_rows(tmp_path) == [0]


def test_a_deleted_state_does_not_come_back(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    (tmp_path / saved_state.LOCK).unlink()

    engine.saver.save_final()

    assert list(tmp_path.iterdir()) == []


def test_a_regular_stop_makes_the_last_save(tmp_path: Path) -> None:
    async def use() -> None:
        engine = Engine(tmp_path)
        await engine.call()
        engine.saver.save_final()
        await engine.call()
        await asyncio.sleep(0.6)

    asyncio.run(use())

    saved = saved_state.read(tmp_path)
    assert saved is not None
    assert (saved.is_final, saved.port) == (True, 5001)
    assert saved_rows(tmp_path) == [0]
