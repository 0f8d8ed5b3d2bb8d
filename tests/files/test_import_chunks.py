"""A file in many chunks: workers side by side, repeated and killed, count each row once."""

import random
from contextlib import suppress
from typing import Any

import pytest

from files import import_queue
from files.workers.import_file import handler
from shared import clock, retries
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.uploads import Upload
from tests.support import aws_calls, imports
from tests.support.aws_calls import Killed, break_call
from tests.support.events import published_events
from tests.support.fake_clock import FakeClock
from tests.support.http import CONTEXT, sample
from tests.support.imports import CSV_HEADER, csv_row, put_file, receive_messages

pytestmark = pytest.mark.usefixtures("aws")

ROWS = 1_300  # three chunks
FILE = CSV_HEADER + "".join(
    csv_row(f"SKU-{n}", price="free" if n % 100 == 7 else 100 + n) for n in range(ROWS)
)
BAD = ROWS // 100
END = ("completed", ROWS, ROWS - BAD, BAD)


def plan() -> None:
    imports.upload()
    handler(put_file(FILE), CONTEXT)


def messages() -> list[dict[str, Any]]:
    """All that wait, one event each."""
    found = []
    while event := receive_messages():
        found.append(event)
    return found


def chunk_in(event: dict[str, Any]) -> int:
    return import_queue.read_message(event["Records"][0]["body"]).chunk


def end() -> tuple[str, int, int, int]:
    upload = Upload.get("upl_one", "upload")
    return (upload.status, upload.rows_done, upload.written, upload.rejected)


def run(events: list[dict[str, Any]]) -> None:
    for event in events:
        assert handler(event, CONTEXT) == {"batchItemFailures": []}


def test_a_long_file_is_cut_and_counted_exactly():
    plan()
    planned = Upload.get("upl_one", "upload")

    imports.run_queue(handler, CONTEXT)

    assert (planned.status, planned.phase, planned.chunks, planned.rows_total) == (
        "running",
        "writing",
        3,
        ROWS,
    )
    assert end() == END
    assert (Product.count(), Stock.count()) == (ROWS - BAD, ROWS - BAD)
    assert [error.row for error in Upload.get("upl_one", "upload").errors] == [
        n + 2 for n in range(ROWS) if n % 100 == 7
    ]


def test_chunks_count_once_in_any_order_however_often_they_come():
    plan()
    waiting = messages()

    run([*reversed(waiting), *waiting, waiting[1]])
    finish = messages()
    run([*finish, *finish, *waiting])

    assert end() == END
    assert StockMovement.count() == ROWS - BAD
    assert [each.type for each in published_events()].count("upload.completed") == 1


def test_killed_workers_change_nothing_twice(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    monkeypatch.setattr(retries, "pause", lambda _: None)
    chance = random.Random(20261128)  # noqa: S311 (no secret)
    plan()
    waiting = messages()

    for event in waiting:
        with break_call(chance.randrange(2, 20), Killed(), phase="after-call"), suppress(Killed):
            handler(event, CONTEXT)
    assert end()[0] == "running"
    while end()[0] == "running":
        fake.advance(minutes=17)
        handler(sample("files.continue_imports"), CONTEXT)
        imports.run_queue(handler, CONTEXT)

    assert end() == END
    assert StockMovement.count() == ROWS - BAD


def test_lost_messages_are_sent_again(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    plan()
    first, *_lost = messages()
    run([first])
    fake.advance(minutes=17)

    handler(sample("files.continue_imports"), CONTEXT)

    sent = [import_queue.read_message(each["Records"][0]["body"]).chunk for each in messages()]
    assert sorted([*sent, import_queue.read_message(first["Records"][0]["body"]).chunk]) == [
        1,
        2,
        3,
    ]


def test_a_cancelled_import_stops_at_its_next_chunk():
    plan()
    first, *others = messages()
    run([first])
    Upload("upl_one", "upload").update([Upload.status.set("cancelled")])
    written = Product.count()

    run(others)

    assert Product.count() == written == end()[2]
    assert messages() == []
    assert published_events()[-1].type != "upload.completed"


def test_a_message_that_is_none_fails_alone():
    event = sample("files.import_chunk")
    event["Records"][0]["body"] = "{}"

    failed = handler(event, CONTEXT)

    assert failed == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}


def test_an_import_calls_aws_a_few_times_for_each_32_rows():
    plan()
    with aws_calls.record_calls() as calls:
        imports.run_queue(handler, CONTEXT)

    writes = calls.count("TransactWriteItems")
    assert writes <= ROWS / 32 + 3 * 2 + 4
    assert calls.count("BatchGetItem") <= ROWS / 32 + 3
