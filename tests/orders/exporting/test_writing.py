"""Whole slice: an export from its message to its file, whatever happens in between."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from orders.exports import file_formats, multipart, repository
from orders.workers import write_export
from shared import clock
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order
from tests.support import exports, faults, logs
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


def exported(**changes) -> list[str]:
    """The orders in the file, after a run in which nothing failed."""
    exports.export(**changes)
    assert run_export_worker() == []
    return order_ids()


def order_ids() -> list[str]:
    text = read_export_file().removeprefix(file_formats.BOM)
    if stored().format == "jsonl":
        return [json.loads(it)["id"] for it in text.splitlines()]
    return [row["order_id"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def objects() -> list[str]:
    listing = client("s3").list_objects_v2(Bucket=BUCKET)
    return [it["Key"] for it in listing.get("Contents", [])]


def unfinished_uploads() -> int:
    return len(client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


@pytest.fixture
def in_pages_of_ten(monkeypatch):
    monkeypatch.setattr(repository, "BATCH_MAX", 10)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(repository, "pause", lambda _: None)


@pytest.fixture
def told_at_each_page(monkeypatch):
    monkeypatch.setattr(write_export, "PROGRESS_EVERY", timedelta(0))


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_the_orders_of_a_time_are_written_the_first_placed_first(format_):
    placed = [order(OCTOBER + timedelta(hours=hours)).order_id for hours in (5, 1, 3)]

    found = exported(format=format_)

    export = stored()
    assert found == [placed[1], placed[2], placed[0]]
    assert (export.status, export.orders) == ("completed", 3)
    assert export.file_key == f"exports/exp_one/orders.{format_}"
    assert export.finished_at > export.created_at
    assert unfinished_uploads() == 0


@pytest.mark.parametrize(
    ("format_", "content"),
    [("csv", file_formats.opening("csv")), ("jsonl", "")],
    ids=["csv", "jsonl"],
)
def test_where_there_are_no_orders_the_file_has_none(format_, content):
    assert exported(format=format_) == []

    assert read_export_file() == content
    assert (stored().status, stored().orders) == ("completed", 0)


def test_the_first_moment_is_included_and_the_last_is_not():
    inside = [order(OCTOBER), order(NOVEMBER - timedelta(microseconds=1))]
    order(OCTOBER - timedelta(microseconds=1))
    order(NOVEMBER)

    assert exported() == [it.order_id for it in inside]


def test_months_and_years_follow_one_another():
    starts = [datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    starts += [datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)]
    placed = [order(moment).order_id for moment in starts]

    found = exported(placed_from=starts[0], placed_before=starts[-1] + timedelta(microseconds=1))

    assert found == placed


def test_orders_of_one_status_alone_are_found_over_the_months():
    paid = [order(OCTOBER), order(NOVEMBER)]
    order(OCTOBER, status="shipped")
    order(OCTOBER - timedelta(days=1))

    assert exported(of_status="paid", placed_before=NOVEMBER + timedelta(days=1)) == [
        it.order_id for it in paid
    ]
    assert stored().orders == 2


@pytest.mark.usefixtures("in_pages_of_ten")
@pytest.mark.parametrize("of_status", [None, "paid"])
def test_more_orders_than_one_read_gives_are_written_once_each(monkeypatch, of_status):
    monkeypatch.setattr(repository, "KEYS_A_QUERY", 9)
    placed = [order(OCTOBER + timedelta(minutes=number)).order_id for number in range(23)]

    assert exported(of_status=of_status) == placed
    assert stored().orders == 23


def test_orders_placed_at_one_moment_are_all_written():
    placed = {order(OCTOBER).order_id for _ in range(120)}

    found = exported()

    assert (len(found), set(found)) == (120, placed)


def during(monkeypatch, happening) -> None:
    """Let it happen after the first page was found and before the second is."""
    pages = repository.pages

    def slowly(export):
        for number, page in enumerate(pages(export)):
            yield page
            if number == 0:
                happening()

    monkeypatch.setattr(repository, "pages", slowly)


def become(status: str, *changed: Order) -> None:
    for it in changed:
        Order(it.order_id).update([Order.status.set(status)])


@pytest.mark.usefixtures("in_pages_of_ten")
def test_orders_that_change_meanwhile_are_written_once_as_they_were_read(monkeypatch):
    placed = [order(OCTOBER + timedelta(minutes=number)) for number in range(15)]
    during(monkeypatch, lambda: become("shipped", placed[0], placed[14]))

    found = exported(format="jsonl")

    statuses = [json.loads(it)["status"] for it in read_export_file().splitlines()]
    assert found == [it.order_id for it in placed]
    assert (statuses[0], statuses[14]) == ("paid", "shipped")


@pytest.mark.usefixtures("in_pages_of_ten")
def test_an_order_that_has_another_status_when_it_is_read_is_left_out(monkeypatch):
    placed = [order(OCTOBER + timedelta(minutes=number)) for number in range(15)]
    during(monkeypatch, lambda: become("shipped", placed[0], placed[14]))

    found = exported(of_status="paid")

    assert found == [it.order_id for it in placed[:14]]
    assert stored().orders == 14


@pytest.mark.usefixtures("in_pages_of_ten", "told_at_each_page")
def test_how_many_orders_are_written_is_told_meanwhile(monkeypatch):
    for number in range(15):
        order(OCTOBER + timedelta(minutes=number))
    seen = []
    complete = repository.complete

    def look_first(export, *how):
        seen.append((stored().status, stored().orders))
        complete(export, *how)

    during(monkeypatch, lambda: seen.append((stored().status, stored().orders)))
    monkeypatch.setattr(repository, "complete", look_first)

    exported()

    assert seen == [("running", 10), ("running", 15)]


@pytest.mark.usefixtures("in_pages_of_ten")
def test_a_quick_run_writes_no_progress():
    for number in range(15):
        order(OCTOBER + timedelta(minutes=number))
    exports.export()

    with faults.inject_faults(connection().client, "TransactWriteItems") as written:
        run_export_worker()

    assert len(written) == 1
    assert stored().orders == 15


def test_a_message_that_comes_again_finds_the_export_finished():
    order()
    exported()
    before = stored()
    order()

    assert run_export_worker() == []

    assert stored().attribute_values == before.attribute_values
    assert len(order_ids()) == 1


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_what_is_finished_is_left_alone(status):
    order()
    exports.export(status=status)

    assert run_export_worker() == []

    assert (stored().status, objects()) == (status, [])


def test_a_run_that_was_cut_off_is_begun_anew():
    placed = [order().order_id]

    found = exported(status="running", orders=700)

    assert found == placed
    assert (stored().status, stored().orders) == ("completed", 1)


def test_the_week_of_a_file_begins_when_it_is_begun():
    exported(created_at=clock.utc_now() - timedelta(hours=6), expires_at=clock.utc_now())

    left = stored().expires_at - clock.utc_now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


@pytest.mark.usefixtures("in_pages_of_ten", "told_at_each_page")
def test_of_two_runs_at_once_the_one_that_is_overtaken_stops(monkeypatch):
    for number in range(25):
        order(OCTOBER + timedelta(minutes=number))
    exports.export()
    second: list[list[str]] = []
    pages = repository.pages

    def overtaken(export):
        for number, page in enumerate(pages(export)):
            if number == 1:
                monkeypatch.setattr(repository, "pages", pages)
                second.append(run_export_worker())
            yield page

    monkeypatch.setattr(repository, "pages", overtaken)

    with logs.captured() as lines:
        first = run_export_worker()

    assert (first, second) == ([], [[]])
    assert len(lines.saying("skipped")) == len(lines.saying("exported")) == 1
    assert (stored().status, stored().orders, len(order_ids())) == ("completed", 25, 25)
    assert unfinished_uploads() == 0


@pytest.mark.usefixtures("in_pages_of_ten", "told_at_each_page")
@pytest.mark.parametrize("receives", [1, 5])
def test_a_run_stops_when_another_has_only_begun(monkeypatch, receives):
    for number in range(30):
        order(OCTOBER + timedelta(minutes=number))
    exports.export()
    pages = repository.pages

    def overtaken(export):
        for number, page in enumerate(pages(export)):
            if number == 1:
                repository.begin("exp_one")
            yield page

    monkeypatch.setattr(repository, "pages", overtaken)

    assert run_export_worker(receives=receives) == []

    assert (stored().status, stored().orders) == ("running", 0)
    assert (objects(), unfinished_uploads()) == ([], 0)


@pytest.mark.parametrize(
    "operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]
)
def test_where_s3_fails_the_queue_tries_again_and_nothing_is_left_behind(operation):
    placed = [order().order_id]
    exports.export()

    with faults.inject_faults(client("s3"), operation, faults.read_timeout()):
        failed = run_export_worker()

    assert failed == [MESSAGE]
    assert (stored().status, objects(), unfinished_uploads()) == ("running", [], 0)
    assert run_export_worker(receives=2) == []
    assert order_ids() == placed


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["Query", "BatchGetItem"])
def test_a_busy_database_is_asked_again(monkeypatch, operation):
    monkeypatch.setattr(repository, "KEYS_A_QUERY", 2)
    placed = [order(OCTOBER + timedelta(minutes=number)).order_id for number in range(5)]
    busy = [faults.error_reply("ThrottlingException")] * (repository.TRIES - 1)

    with faults.inject_faults(connection().client, operation, *busy):
        found = exported()

    assert found == placed


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["Query", "BatchGetItem"])
def test_where_orders_cannot_be_read_the_queue_tries_again(operation):
    placed = [order().order_id]
    exports.export()
    busy = [faults.error_reply("ThrottlingException")] * repository.TRIES

    with faults.inject_faults(connection().client, operation, *busy), logs.captured() as lines:
        failed = run_export_worker()

    assert (failed, stored().status, unfinished_uploads()) == ([MESSAGE], "running", 0)
    assert [it["reason"] for it in lines.saying("not exported")] == ["Unavailable"]
    assert run_export_worker(receives=2) == []
    assert order_ids() == placed


def test_the_failure_that_is_told_is_the_first_one():
    exports.export()
    silent = faults.inject_faults(client("s3"), "UploadPart", faults.read_timeout())
    shut = faults.inject_faults(
        client("s3"), "AbortMultipartUpload", faults.error_reply("AccessDenied")
    )

    with silent, shut, logs.captured() as lines:
        failed = run_export_worker()

    assert failed == [MESSAGE]
    assert [it["reason"] for it in lines.saying("not exported")] == ["ReadTimeoutError"]


def test_an_export_that_the_queue_gives_up_has_failed():
    exports.export()

    with faults.inject_faults(client("s3"), "UploadPart", *[faults.read_timeout()] * 2):
        before, last = run_export_worker(receives=4), stored().status
        given_up = run_export_worker(receives=5)

    assert (before, last) == ([MESSAGE], "running")
    assert given_up == [MESSAGE]  # so that it is among the dead letters, and an alarm rings
    assert stored().status == "failed"
    assert (stored().finished_at > stored().created_at, stored().file_key) == (True, None)


def test_the_queue_gives_up_when_the_worker_thinks_it_does():
    queue = stack.of_type("AWS::SQS::Queue")["ExportQueue"]

    assert queue["RedrivePolicy"]["maxReceiveCount"] == write_export.RECEIVES_MAX


def test_an_export_that_does_not_fit_into_one_run_has_failed_and_is_not_tried_again():
    order()
    exports.export()

    with logs.captured() as lines:
        failed = run_export_worker(milliseconds_left=29_999)

    assert failed == []
    assert (stored().status, stored().file_key) == ("failed", None)
    assert (objects(), unfinished_uploads()) == ([], 0)
    (said,) = lines.saying("export failed")
    assert (said["export_id"], said["reason"]) == ("exp_one", "out_of_time")
    assert run_export_worker(receives=2) == []
    assert stored().status == "failed"


def test_an_export_that_nobody_asked_for_is_left_alone():
    answer = write_export.handler(sample("orders.write_export"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (Export.count(), objects()) == (0, [])


@pytest.mark.parametrize(
    "change", [{"type": "user.deleted", "data": {"user_id": "usr_ada"}}, {"type": "unheard.of"}]
)
def test_a_message_of_another_queue_fails(change):
    exports.export()
    event = exports.export_message()
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"] |= change
    record["body"] = json.dumps(body)

    answer = write_export.handler(event, CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": MESSAGE}]}
    assert stored().status == "requested"


def stream(monkeypatch, orders: int) -> None:
    """So many orders of three lines."""
    lines = [line(f"SKU-{number}", name="x" * 200) for number in range(3)]
    page = [new_order(lines=lines) for _ in range(100)]
    monkeypatch.setattr(repository, "pages", lambda _: (page for _ in range(orders // 100)))


@contextmanager
def taking_parts() -> Iterator[list[int]]:
    """S3 that keeps nothing: the bytes of each part."""
    sizes: list[int] = []

    def take(params, **_):
        sizes.append(len(params["body"]))
        return faults.success_reply({"ETag": '"part"', multipart.CHECKSUM: "AAAAAA=="})

    event = "before-call.s3.UploadPart"
    client("s3").meta.events.register(event, take)
    try:
        with faults.inject_faults(
            client("s3"), "CompleteMultipartUpload", faults.success_reply({})
        ):
            yield sizes
    finally:
        client("s3").meta.events.unregister(event, take)


def test_a_long_file_is_sent_in_parts_and_is_whole(monkeypatch):
    stream(monkeypatch, 7_000)
    exports.export()

    with faults.inject_faults(client("s3"), "UploadPart") as sent:
        assert run_export_worker() == []

    ids = order_ids()
    assert (len(sent), len(ids), len(set(ids))) == (2, 21_000, 100)
    assert ids == ids[:300] * 70


def test_how_much_is_held_does_not_grow_with_the_orders(monkeypatch):
    peaks, parts = [], []
    for orders in (1_000, 20_000):
        stream(monkeypatch, orders)
        exports.export()

        with taking_parts() as sizes, measure_peak_memory() as memory:
            assert run_export_worker() == []
        peaks.append(memory.peak)
        parts.append(sizes)

    few, many = parts
    assert (len(few), sum(many)) == (1, pytest.approx(20 * sum(few), rel=0.01))
    assert min(many[:-1]) >= multipart.PART_BYTES
    assert max(many) < multipart.PART_BYTES + 10_000
    assert peaks[1] < 2 * multipart.PART_BYTES + MEGABYTE
