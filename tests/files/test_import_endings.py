"""Every import ends, with each row counted once, wherever a run stops."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from files import repository
from files.chunks import service as chunks
from files.workers import import_file
from files.workers.import_file import ImportsNotContinued, handler
from shared import clock, retries
from shared.aws import client
from shared.errors.base import Unavailable
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product, ProductGroup, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import ImportedChunk, RowError, Upload
from tests.support import aws_calls, events, exports, faults, imports
from tests.support.aws_calls import Killed, break_call
from tests.support.fake_clock import FakeClock
from tests.support.http import CONTEXT, sample
from tests.support.imports import CSV_HEADER, csv_row, put_file

pytestmark = pytest.mark.usefixtures("aws")

FILE = CSV_HEADER + "".join(
    [
        csv_row("TEA"),
        csv_row("POT"),
        csv_row("CUP", price="free"),
        csv_row("TEA", name="The later one", available=9),
        csv_row("MUG"),
    ]
)
END = ("completed", 5, 3, 2)  # status, rows, written rows, rejected rows
FAULTS = {
    "killed before": (Killed, "before-call"),
    "killed after": (Killed, "after-call"),
    "reply lost": (faults.read_timeout, "after-call"),
    "internal error": (
        lambda: faults.error_reply("InternalServerError", status=500),
        "before-call",
    ),
    "no permission": (lambda: faults.error_reply("AccessDeniedException"), "before-call"),
    "conflict": (lambda: faults.cancelled_transaction("TransactionConflict"), "before-call"),
    "too large": (lambda: faults.cancelled_transaction("ValidationError"), "before-call"),
    "condition": (lambda: faults.cancelled_transaction("ConditionalCheckFailed"), "before-call"),
}


@pytest.fixture(autouse=True)
def _no_pauses_and_small_writes(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    monkeypatch.setattr(chunks, "ROWS_PER_WRITE", 3)


@pytest.fixture
def shop_clock(monkeypatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    return fake


def upload() -> Upload:
    return Upload.get("upl_one", "upload")


def end() -> tuple[str, int, int, int]:
    found = upload()
    return (found.status, found.rows_done, found.written, found.rejected)


def chunk_rows() -> int:
    return int(ImportedChunk.get("upl_one", "writing#00001").rows_done)


def run_schedule(context: Any = CONTEXT) -> None:
    handler(sample("files.continue_imports"), context)


def stored() -> dict[str, Any]:
    """What an import writes, without times and without what a reject leaves out."""
    return {
        "products": sorted((p.sku, p.name, p.price_minor, p.version) for p in Product.scan()),
        "stock": sorted((s.product_id, s.available, s.version) for s in Stock.scan()),
        "movements": sorted((m.product_id, m.change) for m in StockMovement.scan()),
        "events": sorted((e.type, getattr(e.data, "sku", None)) for e in events.published_events()),
        "end": end(),
        "errors": [(error.row, error.code) for error in upload().errors],
    }


def empty_tables() -> None:
    for table in (Product, ProductGroup, Stock, StockMovement, OutboxRow, Upload):
        for item in table.scan():
            item.delete()


LONG_FILE = CSV_HEADER + "".join(csv_row(f"SKU-{number}") for number in range(30))


def runs_of(writes: int) -> Any:
    """A context whose time is over after so many writes."""
    left = iter([10_000] * writes)
    return SimpleNamespace(
        **vars(CONTEXT) | {"get_remaining_time_in_millis": lambda: next(left, 4_000)}
    )


IN_A_SCHEDULE = ("killed before", "no permission")


@pytest.mark.parametrize(
    ("name", "is_event_lost"),
    [(name, False) for name in FAULTS] + [(name, True) for name in IN_A_SCHEDULE],
)
def test_an_import_ends_wherever_a_call_fails(name, is_event_lost, shop_clock):
    make_fault, phase = FAULTS[name]
    event = put_file(FILE)
    imports.upload()
    if is_event_lost:
        event = sample("files.continue_imports")
        shop_clock.advance(minutes=11)
    with aws_calls.record_calls() as calls:
        handler(event, CONTEXT)
    undisturbed = stored()
    assert undisturbed["end"] == END

    for number in range(len(calls)):
        empty_tables()
        imports.upload()
        with break_call(number, make_fault(), phase=phase), suppress(Killed, Exception):
            handler(event, CONTEXT)
        shop_clock.advance(minutes=17)
        run_schedule()

        assert stored() == undisturbed, f"call {number}: {calls[number]}"


def test_a_file_continues_in_as_many_runs_as_it_needs():
    imports.upload()
    handler(put_file(LONG_FILE), runs_of(1))
    runs = 1

    while upload().status == "running":
        run_schedule(runs_of(2))  # it looks at the time before it starts an import, too
        runs += 1

    assert end() == ("completed", 30, 30, 0)
    assert runs > 9


def test_a_run_without_time_writes_nothing_more():
    imports.upload()

    handler(put_file(LONG_FILE), runs_of(3))

    assert chunk_rows() == 6
    assert end() == ("running", 0, 0, 0)
    assert upload().due_at <= clock.utc_now()


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_run_out_of_time_does_not_revive_an_ended_import(status):
    """Another run has ended it since."""
    before = imports.upload(status="running", phase="writing")
    imports.upload(status=status, phase="writing")

    with pytest.raises(repository.ImportedElsewhere):
        repository.hand_over(before)

    assert upload().due_at is None


def test_a_run_leaves_an_import_to_the_run_that_works_on_it(shop_clock):
    imports.upload(status="running", etag="-", due_at=clock.utc_now() + repository.LEASE)
    shop_clock.advance(minutes=15)

    with aws_calls.record_calls() as calls:
        run_schedule()

    assert calls == ["Query"] * 3


def test_an_import_that_older_code_left_behind_is_continued():
    event = put_file(FILE)
    etag = event["Records"][0]["s3"]["object"]["eTag"]
    imports.upload(status="running", etag=etag)
    Upload("upl_one", "upload").update([Upload.attempts.remove()])

    run_schedule()

    assert end() == END


def test_a_continued_import_reads_the_version_it_started_with():
    event = put_file(FILE)
    etag = event["Records"][0]["s3"]["object"]["eTag"]
    put_file(CSV_HEADER + csv_row("OTHER"))
    imports.upload(status="running", etag=etag)

    run_schedule()

    assert end() == END
    assert "OTHER" not in {product.sku for product in Product.scan()}


def test_an_upload_without_a_file_fails_after_an_hour(shop_clock):
    imports.upload()
    shop_clock.advance(minutes=59)
    run_schedule()
    waiting = upload().status
    shop_clock.advance(minutes=1)

    run_schedule()

    assert (waiting, end()) == ("awaiting_file", ("failed", 0, 0, 0))
    assert [(error.row, error.code) for error in upload().errors] == [(1, "file_not_received")]
    assert upload().finished_at is not None


def test_a_file_that_arrives_after_its_upload_failed_is_ignored(shop_clock):
    imports.upload()
    shop_clock.advance(hours=1)
    run_schedule()

    handler(put_file(FILE), CONTEXT)
    run_schedule()

    assert end() == ("failed", 0, 0, 0)
    assert Product.count() == 0


def test_a_file_that_arrives_late_but_in_time_is_imported(shop_clock):
    imports.upload()
    shop_clock.advance(minutes=30)
    run_schedule()

    handler(put_file(FILE), CONTEXT)

    assert end() == END


def test_an_import_whose_file_is_deleted_fails(shop_clock):
    imports.upload()
    event = put_file(LONG_FILE)
    with break_call(1, Killed(), phase="after-call"), suppress(Killed):
        handler(event, CONTEXT)
    sent = event["Records"][0]["s3"]["object"]
    client("s3").delete_object(Bucket="souk-uploads", Key=sent["key"], VersionId=sent["versionId"])

    shop_clock.advance(minutes=17)
    run_schedule()

    assert end() == ("failed", 0, 0, 0)
    assert [error.code for error in upload().errors] == ["file_deleted"]


def test_an_import_that_makes_no_progress_fails(shop_clock, monkeypatch):
    monkeypatch.setattr(import_file, "ATTEMPTS_MAX", 5)
    imports.upload()
    event = put_file(FILE)
    silent = faults.inject_faults(
        client("s3"), "GetObject", *[faults.read_timeout() for _ in range(10)]
    )

    with silent:
        with suppress(ReadTimeoutError):
            handler(event, CONTEXT)
        for _ in range(5):
            shop_clock.advance(minutes=17)
            with suppress(ImportsNotContinued):
                run_schedule()

    assert end() == ("failed", 0, 0, 0)
    assert [error.code for error in upload().errors] == ["import_stalled"]


def test_attempts_count_only_since_the_last_written_row():
    imports.upload()
    handler(put_file(LONG_FILE), CONTEXT)

    assert (upload().rows_done, upload().attempts) == (30, 0)


def test_an_outage_of_a_day_only_delays_an_import(shop_clock):
    imports.upload()
    event = put_file(FILE)
    outage = [faults.error_reply("InternalServerError", status=500) for _ in range(5_000)]

    with faults.inject_faults(connection().client, "TransactWriteItems", *outage):
        for _ in range(3):  # as Lambda tries again
            with suppress(Unavailable):
                handler(event, CONTEXT)
        for _ in range(24):
            shop_clock.advance(hours=1)
            with suppress(ImportsNotContinued):
                run_schedule()
    shop_clock.advance(hours=1)
    run_schedule()

    assert end() == END


def test_a_failed_import_keeps_a_hundred_errors_and_the_reason():
    problem = RowError(row=2, field="price_minor", code="wrong_type", message="Must be a number.")
    imports.upload(status="running", etag="-", attempts=100, errors=[problem] * 100)

    run_schedule()

    assert upload().status == "failed"
    assert len(upload().errors) == 100
    assert upload().errors[0].code == "import_stalled"


def test_one_import_that_fails_does_not_stop_the_others():
    event = put_file(FILE)
    etag = event["Records"][0]["s3"]["object"]["eTag"]
    imports.upload("upl_bad", status="running", etag="-", created_at=exports.OCTOBER)
    imports.upload("upl_one", status="running", etag=etag)
    broken = faults.error_reply("AccessDenied", status=403)

    with (
        faults.inject_faults(client("s3"), "ListObjectVersions", broken),
        pytest.raises(ImportsNotContinued),
    ):
        run_schedule()

    assert end() == END


def test_the_schedule_finds_nothing_in_a_quiet_shop():
    with aws_calls.record_calls() as calls:
        run_schedule()

    assert calls == ["Query"] * 3
