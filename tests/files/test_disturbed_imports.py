"""Workers killed and messages delivered twice leave the tables that an undisturbed import leaves.

`make soak` imports 100,000 rows (SOUK_DISTURBED_ROWS).
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from random import Random
from typing import Any

import pytest

from files.workers.import_file import handler
from shared import clock, retries
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.uploads import Upload
from tests.conftest import new_account
from tests.files.conftest import create_queues
from tests.support import imports
from tests.support.aws_calls import Killed, on_each_call
from tests.support.fake_clock import FakeClock
from tests.support.http import CONTEXT, sample
from tests.support.imports import CSV_HEADER, csv_row, put_file, receive_messages

ROWS = int(os.environ.get("SOUK_DISTURBED_ROWS", "600"))
KILLS = 10
DELIVERED_TWICE = 10  # of so many messages, one
# A time, or random.
OWN_TO_A_RUN = frozenset(
    [
        *("at", "attempts", "correlation_id", "created_at", "due_at", "etag", "event_id"),
        *("expires_at", "finished_at", "id", "listed_at", "moved_at", "movement_id"),
        *("occurred_at", "started_at", "updated_at"),
    ]
)


def test_a_disturbed_import_leaves_the_same_tables(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    chance = Random(20261128)  # noqa: S311 (no secret)
    with new_account():
        undisturbed = _Import(monkeypatch)
        undisturbed.run()
        expected = _all_tables()
    kills = {
        number: chance.choice(("before-call", "after-call"))
        for number in chance.sample(range(1, undisturbed.calls + 1), KILLS)
    }

    with new_account():
        disturbed = _Import(monkeypatch, kills, chance)
        disturbed.run()

        assert disturbed.killed == KILLS
        found = Upload.get("upl_one", "upload")
        bad = sum(n % 100 in (7, 9) for n in range(ROWS))
        assert (found.status, found.rows_done, found.rejected) == ("completed", ROWS, bad)
        assert _all_tables() == expected


class _Import:
    """One import, whose messages come one after the other, in a random order if it is disturbed."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kills: dict[int, str] | None = None,
        chance: Random | None = None,
    ) -> None:
        self.calls = self.killed = self.delivered = 0
        self._kills = kills or {}
        self._chance = chance
        self._clock = FakeClock()
        create_queues()
        monkeypatch.setattr(clock, "utc_now", self._clock)
        imports.upload()
        self._waiting = [put_file(_file())]

    def run(self) -> None:
        """To its end. The schedule continues what no message continues."""
        while self._is_unfinished():
            while self._waiting:
                self._deliver(self._take())
                while received := receive_messages():
                    self._waiting.append(received)
            if self._is_unfinished():
                self._clock.advance(minutes=17)
                self._waiting.append(sample("files.continue_imports"))

    def _is_unfinished(self) -> bool:
        return Upload.get("upl_one", "upload").status in ("awaiting_file", "running")

    def _take(self) -> dict[str, Any]:
        place = self._chance.randrange(len(self._waiting)) if self._chance else 0
        return self._waiting.pop(place)

    def _deliver(self, event: dict[str, Any]) -> None:
        """A message whose worker is killed comes again, and some come again without a reason."""
        try:
            with self._watched_calls():
                assert handler(event, CONTEXT) in (None, {"batchItemFailures": []})
        except Killed:
            self._waiting.append(event)
            return
        self.delivered += 1
        if self._chance and self.delivered % DELIVERED_TWICE == 1:
            self._waiting.append(event)

    @contextmanager
    def _watched_calls(self) -> Iterator[None]:
        clients = connection().client, client("s3"), client("sqs")
        with (
            on_each_call("before-call", self._before_call, *clients),
            on_each_call("after-call", self._after_call, *clients),
        ):
            yield

    def _before_call(self, _: str) -> None:
        self.calls += 1
        self._kill_if_due("before-call")

    def _after_call(self, _: str) -> None:
        self._kill_if_due("after-call")

    def _kill_if_due(self, phase: str) -> None:
        if self._kills.get(self.calls) == phase:
            self.killed += 1
            raise Killed


def _file() -> str:
    """Of a hundred rows, one has a bad price, and one has the SKU of the row before it."""
    rows = (
        csv_row(f"SKU-{n - (n % 100 == 9)}", price="free" if n % 100 == 7 else 100 + n)
        for n in range(ROWS)
    )
    return CSV_HEADER + "".join(rows)


def _all_tables() -> dict[str, Counter[bytes]]:
    """Digests of the items by table, without what is a time or random."""
    dynamodb = connection().client
    return {
        name: Counter(_digest(item) for item in _scan(dynamodb, name))
        for name in dynamodb.list_tables()["TableNames"]
    }


def _scan(dynamodb: Any, name: str) -> Iterator[dict[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=name):
        yield from page["Items"]


def _digest(item: dict[str, Any]) -> bytes:
    kept = _without_own(item)
    if "payload" in kept:  # an event
        kept["payload"] = _without_own(json.loads(kept["payload"]["S"]))
    return blake2b(json.dumps(kept, sort_keys=True).encode(), digest_size=16).digest()


def _without_own(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_own(each) for each in value]
    if isinstance(value, dict):
        return {n: _without_own(each) for n, each in value.items() if n not in OWN_TO_A_RUN}
    return value
