"""Whole slice: the worker writes the orders of an export to a file."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from exports.workers import write_export
from orders.exports import file_formats
from orders.exports import repository as order_reads
from shared import clock, retries
from shared.aws import client
from shared.events.orders import ExportData, ExportRequested
from shared.exports import repository
from shared.storage import multipart
from shared.storage.dynamo import connection
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order
from tests.support import exports, faults, logs
from tests.support.events import queue_event
from tests.support.exports import (
    NOVEMBER,
    OCTOBER,
    line,
    new_order,
    order,
    read_export_file,
    run_export_worker,
)
from tests.support.http import CONTEXT, sample
from tests.support.imports import MEGABYTE, measure_peak_memory
from tests.template import stack

pytestmark = pytest.mark.usefixtures("aws")

MESSAGE = "059f36b4-87a3-44ab-83d2-661975830a7d"
BUCKET = "souk-uploads"


def stored() -> Export:
    return Export.get("exp_one")


def write(**changes) -> list[str]:
    """Create and write an export; return the ids of the orders in the file."""
    exports.export(**changes)
    assert run_export_worker() == []
    return ids_in_file()


def ids_in_file() -> list[str]:
    text = read_export_file().removeprefix(file_formats.BOM)
    if stored().format == "jsonl":
        return [json.loads(json_line)["id"] for json_line in text.splitlines()]
    return [row["order_id"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def keys_in_bucket() -> list[str]:
    listing = client("s3").list_objects_v2(Bucket=BUCKET)
    return [entry["Key"] for entry in listing.get("Contents", [])]


def unfinished_uploads() -> int:
    return len(client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


@pytest.fixture
def batches_of_ten(monkeypatch):
    monkeypatch.setattr(order_reads, "BATCH_MAX", 10)


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)


@pytest.fixture
def progress_after_each_batch(monkeypatch):
    monkeypatch.setattr(write_export, "PROGRESS_INTERVAL", timedelta(0))


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_orders_are_written_by_time_of_placement(format_):
    placed = [order(OCTOBER + timedelta(hours=hours)).order_id for hours in (5, 1, 3)]

    found = write(format=format_)

    export = stored()
    assert found == [placed[1], placed[2], placed[0]]
    assert (export.status, export.written) == ("completed", 3)
    assert export.file_key == f"exports/exp_one/orders.{format_}"
    assert export.finished_at > export.created_at
    assert unfinished_uploads() == 0


@pytest.mark.parametrize(
    ("format_", "content"),
    [("csv", file_formats.render_header("csv")), ("jsonl", "")],
    ids=["csv", "jsonl"],
)
def test_an_export_without_orders_has_only_the_header(format_, content):
    assert write(format=format_) == []

    assert read_export_file() == content
    assert (stored().status, stored().written) == ("completed", 0)


def test_placed_from_is_inclusive_and_placed_before_exclusive():
    inside = [order(OCTOBER), order(NOVEMBER - timedelta(microseconds=1))]
    order(OCTOBER - timedelta(microseconds=1))
    order(NOVEMBER)

    assert write() == [placed.order_id for placed in inside]


def test_an_export_spans_months_and_years():
    starts = [datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    starts += [datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)]
    placed = [order(moment).order_id for moment in starts]

    found = write(placed_from=starts[0], placed_before=starts[-1] + timedelta(microseconds=1))

    assert found == placed


def test_orders_of_one_status_are_found_over_months():
    paid = [order(OCTOBER), order(NOVEMBER)]
    order(OCTOBER, status="shipped")
    order(OCTOBER - timedelta(days=1))

    assert write(of_status="paid", placed_before=NOVEMBER + timedelta(days=1)) == [
        paid_order.order_id for paid_order in paid
    ]
    assert stored().written == 2


@pytest.mark.usefixtures("batches_of_ten")
@pytest.mark.parametrize("of_status", [None, "paid"])
def test_orders_of_several_reads_are_written_once_each(monkeypatch, of_status):
    monkeypatch.setattr(order_reads, "KEYS_PER_QUERY", 9)
    placed = [order(OCTOBER + timedelta(minutes=number)).order_id for number in range(23)]

    assert write(of_status=of_status) == placed
    assert stored().written == 23


def test_orders_placed_at_the_same_moment_are_all_written():
    placed = {order(OCTOBER).order_id for _ in range(120)}

    found = write()

    assert (len(found), set(found)) == (120, placed)


def after_first_batch(monkeypatch, act) -> None:
    """Call `act` after the worker has written the first batch."""
    list_order_batches = order_reads.list_order_batches

    def list_with_act(export):
        for number, batch in enumerate(list_order_batches(export)):
            yield batch
            if number == 0:
                act()

    monkeypatch.setattr(order_reads, "list_order_batches", list_with_act)


def set_status(status: str, *changed: Order) -> None:
    for changed_order in changed:
        Order(changed_order.order_id).update([Order.status.set(status)])


@pytest.mark.usefixtures("batches_of_ten")
def test_orders_that_change_during_the_run_are_written_once(monkeypatch):
    placed = [order(OCTOBER + timedelta(minutes=number)) for number in range(15)]
    after_first_batch(monkeypatch, lambda: set_status("shipped", placed[0], placed[14]))

    found = write(format="jsonl")

    statuses = [json.loads(json_line)["status"] for json_line in read_export_file().splitlines()]
    assert found == [placed_order.order_id for placed_order in placed]
    assert (statuses[0], statuses[14]) == ("paid", "shipped")


@pytest.mark.usefixtures("batches_of_ten")
def test_an_order_that_has_left_the_status_is_omitted(monkeypatch):
    placed = [order(OCTOBER + timedelta(minutes=number)) for number in range(15)]
    after_first_batch(monkeypatch, lambda: set_status("shipped", placed[0], placed[14]))

    found = write(of_status="paid")

    assert found == [placed_order.order_id for placed_order in placed[:14]]
    assert stored().written == 14


@pytest.mark.usefixtures("batches_of_ten", "progress_after_each_batch")
def test_progress_is_recorded_during_the_run(monkeypatch):
    for number in range(15):
        order(OCTOBER + timedelta(minutes=number))
    seen = []
    complete_export = repository.complete_export

    def look_and_complete(export, *args):
        seen.append((stored().status, stored().written))
        complete_export(export, *args)

    after_first_batch(monkeypatch, lambda: seen.append((stored().status, stored().written)))
    monkeypatch.setattr(repository, "complete_export", look_and_complete)

    write()

    assert seen == [("running", 10), ("running", 15)]


@pytest.mark.usefixtures("batches_of_ten")
def test_a_quick_run_records_no_progress():
    for number in range(15):
        order(OCTOBER + timedelta(minutes=number))
    exports.export()

    with faults.inject_faults(connection().client, "TransactWriteItems") as written:
        run_export_worker()

    assert len(written) == 1
    assert stored().written == 15


def test_a_repeated_message_changes_nothing():
    order()
    write()
    before = stored()
    order()

    assert run_export_worker() == []

    assert stored().attribute_values == before.attribute_values
    assert len(ids_in_file()) == 1


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_finished_export_is_not_written_again(status):
    order()
    exports.export(status=status)

    assert run_export_worker() == []

    assert (stored().status, keys_in_bucket()) == (status, [])


def test_an_interrupted_run_starts_over():
    placed = [order().order_id]

    found = write(status="running", written=700)

    assert found == placed
    assert (stored().status, stored().written) == ("completed", 1)


def test_a_file_expires_a_week_after_its_run_starts():
    write(created_at=clock.utc_now() - timedelta(hours=6), expires_at=clock.utc_now())

    left = stored().expires_at - clock.utc_now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


@pytest.mark.usefixtures("batches_of_ten", "progress_after_each_batch")
def test_the_slower_of_two_runs_at_once_stops(monkeypatch):
    for number in range(25):
        order(OCTOBER + timedelta(minutes=number))
    exports.export()
    second: list[list[str]] = []
    list_order_batches = order_reads.list_order_batches

    def run_another_at_second_batch(export):
        for number, batch in enumerate(list_order_batches(export)):
            if number == 1:
                monkeypatch.setattr(order_reads, "list_order_batches", list_order_batches)
                second.append(run_export_worker())
            yield batch

    monkeypatch.setattr(order_reads, "list_order_batches", run_another_at_second_batch)

    with logs.captured() as lines:
        first = run_export_worker()

    assert (first, second) == ([], [[]])
    assert len(lines.saying("export skipped")) == len(lines.saying("export completed")) == 1
    assert (stored().status, stored().written, len(ids_in_file())) == ("completed", 25, 25)
    assert unfinished_uploads() == 0


@pytest.mark.usefixtures("batches_of_ten", "progress_after_each_batch")
@pytest.mark.parametrize("receives", [1, 5])
def test_a_run_stops_after_another_has_started(monkeypatch, receives):
    for number in range(30):
        order(OCTOBER + timedelta(minutes=number))
    exports.export()
    list_order_batches = order_reads.list_order_batches

    def start_another_at_second_batch(export):
        for number, batch in enumerate(list_order_batches(export)):
            if number == 1:
                repository.start_export("exp_one")
            yield batch

    monkeypatch.setattr(order_reads, "list_order_batches", start_another_at_second_batch)

    assert run_export_worker(receives=receives) == []

    assert (stored().status, stored().written) == ("running", 0)
    assert (keys_in_bucket(), unfinished_uploads()) == ([], 0)


@pytest.mark.parametrize(
    "operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]
)
def test_a_failure_of_s3_is_retried_and_leaves_nothing_behind(operation):
    placed = [order().order_id]
    exports.export()

    with faults.inject_faults(client("s3"), operation, faults.read_timeout()):
        failed = run_export_worker()

    assert failed == [MESSAGE]
    assert (stored().status, keys_in_bucket(), unfinished_uploads()) == ("running", [], 0)
    assert run_export_worker(receives=2) == []
    assert ids_in_file() == placed


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("operation", ["Query", "BatchGetItem"])
def test_a_read_of_a_busy_database_is_retried(monkeypatch, operation):
    monkeypatch.setattr(order_reads, "KEYS_PER_QUERY", 2)
    placed = [order(OCTOBER + timedelta(minutes=number)).order_id for number in range(5)]
    busy = [faults.error_reply("ThrottlingException")] * (repository.READ_ATTEMPTS - 1)

    with faults.inject_faults(connection().client, operation, *busy):
        found = write()

    assert found == placed


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("operation", ["Query", "BatchGetItem"])
def test_a_failed_read_is_retried_by_the_queue(operation):
    placed = [order().order_id]
    exports.export()
    busy = [faults.error_reply("ThrottlingException")] * repository.READ_ATTEMPTS

    with faults.inject_faults(connection().client, operation, *busy), logs.captured() as lines:
        failed = run_export_worker()

    assert (failed, stored().status, unfinished_uploads()) == ([MESSAGE], "running", 0)
    assert [logged["reason"] for logged in lines.saying("export not written")] == ["Unavailable"]
    assert run_export_worker(receives=2) == []
    assert ids_in_file() == placed


def test_the_first_failure_is_logged():
    exports.export()
    lost_part = faults.inject_faults(client("s3"), "UploadPart", faults.read_timeout())
    refused_abort = faults.inject_faults(
        client("s3"), "AbortMultipartUpload", faults.error_reply("AccessDenied")
    )

    with lost_part, refused_abort, logs.captured() as lines:
        failed = run_export_worker()

    assert failed == [MESSAGE]
    assert [logged["reason"] for logged in lines.saying("export not written")] == [
        "ReadTimeoutError"
    ]


def test_the_last_attempt_marks_the_export_as_failed():
    exports.export()

    with faults.inject_faults(client("s3"), "UploadPart", *[faults.read_timeout()] * 2):
        fourth, status_after_fourth = run_export_worker(receives=4), stored().status
        fifth = run_export_worker(receives=5)

    assert (fourth, status_after_fourth) == ([MESSAGE], "running")
    assert fifth == [MESSAGE]  # goes to the dead letters, where an alarm counts it
    assert stored().status == "failed"
    assert (stored().finished_at > stored().created_at, stored().file_key) == (True, None)


def test_the_worker_knows_the_queues_number_of_attempts():
    queue = stack.of_type("AWS::SQS::Queue")["ExportQueue"]

    assert queue["RedrivePolicy"]["maxReceiveCount"] == write_export.RECEIVE_COUNT_MAX


def test_an_export_too_long_for_one_run_fails_without_retry():
    order()
    exports.export()

    with logs.captured() as lines:
        failed = run_export_worker(milliseconds_left=29_999)

    assert failed == []
    assert (stored().status, stored().file_key) == ("failed", None)
    assert (keys_in_bucket(), unfinished_uploads()) == ([], 0)
    (logged,) = lines.saying("export failed")
    assert (logged["export_id"], logged["reason"]) == ("exp_one", "out_of_time")
    assert run_export_worker(receives=2) == []
    assert stored().status == "failed"


def test_an_unknown_export_is_skipped():
    answer = write_export.handler(sample("exports.write_export"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (Export.count(), keys_in_bucket()) == (0, [])


def test_an_unknown_export_of_a_young_event_comes_again():
    young = ExportRequested(data=ExportData(export_id="exp_one"))

    answer = write_export.handler(queue_event("exports.write_export", young), CONTEXT)

    assert len(answer["batchItemFailures"]) == 1
    assert Export.count() == 0


@pytest.mark.parametrize(
    "change", [{"type": "user.deleted", "data": {"user_id": "usr_ada"}}, {"type": "unknown.event"}]
)
def test_an_unexpected_event_fails(change):
    exports.export()
    event = exports.export_message()
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"] |= change
    record["body"] = json.dumps(body)

    answer = write_export.handler(event, CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": MESSAGE}]}
    assert stored().status == "requested"


def stub_orders(monkeypatch, orders: int, name_length: int = 200) -> None:
    """Have the export find this many orders of three lines."""
    lines = [line(f"SKU-{number}", name="x" * name_length) for number in range(3)]
    batch = [new_order(lines=lines) for _ in range(100)]
    monkeypatch.setattr(
        order_reads, "list_order_batches", lambda _: (batch for _ in range(orders // 100))
    )


@contextmanager
def discarded_parts() -> Iterator[list[int]]:
    """S3 accepts each part and stores nothing; yields the sizes of the parts."""
    sizes: list[int] = []

    def accept(params, **_):
        sizes.append(len(params["body"]))
        return faults.success_reply({"ETag": '"part"', multipart.CHECKSUM: "AAAAAA=="})

    event = "before-call.s3.UploadPart"
    client("s3").meta.events.register(event, accept)
    try:
        with faults.inject_faults(
            client("s3"), "CompleteMultipartUpload", faults.success_reply({})
        ):
            yield sizes
    finally:
        client("s3").meta.events.unregister(event, accept)


def test_a_long_file_is_uploaded_in_parts_and_complete(monkeypatch):
    stub_orders(monkeypatch, 7_000)
    exports.export()

    with faults.inject_faults(client("s3"), "UploadPart") as sent:
        assert run_export_worker() == []

    ids = ids_in_file()
    assert (len(sent), len(ids), len(set(ids))) == (2, 21_000, 100)
    assert ids == ids[:300] * 70


def test_memory_does_not_grow_with_the_number_of_orders(monkeypatch):
    peaks, parts = [], []
    for orders in (200, 4_000):
        stub_orders(monkeypatch, orders, name_length=2_000)
        exports.export()

        with discarded_parts() as sizes, measure_peak_memory() as memory:
            assert run_export_worker() == []
        peaks.append(memory.peak)
        parts.append(sizes)

    few, many = parts
    assert (len(few), sum(many)) == (1, pytest.approx(20 * sum(few), rel=0.01))
    assert min(many[:-1]) >= multipart.PART_BYTES
    assert max(many) < multipart.PART_BYTES + 10_000
    assert peaks[1] < 2 * multipart.PART_BYTES + MEGABYTE
