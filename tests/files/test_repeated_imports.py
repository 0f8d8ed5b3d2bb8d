"""Whole slice: an event that comes twice, and a run that is cut off, import each row once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from files.workers import import_file
from files.workers.import_file import handler
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import Upload
from shared.storage.transactions import Transaction
from tests.support import events, imports
from tests.support.http import CONTEXT
from tests.support.imports import CSV_HEADER, csv_row, put_file

pytestmark = pytest.mark.usefixtures("aws")

ROWS_A_WRITE = 3
ROWS = [csv_row(f"SKU-{n}", price="free" if n % 3 == 0 else 100 + n) for n in range(9)]
FILE = (
    CSV_HEADER
    + "".join(ROWS)
    + csv_row("SKU-8", name="The later one")
    + csv_row("SKU-8", price="free")
)
END = ("completed", 11, 7, 4)  # the rows, those written, and those rejected
COMMITS = 5  # for rows 2-4, 5-7, 8-10 and 11-12, and for the end


@pytest.fixture(autouse=True)
def _small_writes(monkeypatch):
    monkeypatch.setattr(import_file, "ROWS_A_WRITE", ROWS_A_WRITE)


class CutOff(Exception):
    pass


def stored() -> dict[str, Any]:
    """All that an import writes, but for the times at which it did."""
    return {
        "products": {
            it.sku: (it.name, it.price_minor, it.version, it.status_shard) for it in Product.scan()
        },
        "movements": sorted((it.product_id, it.change) for it in StockMovement.scan()),
        "events": sorted((it.type, it.data.sku) for it in events.published_events()),
        "stock": {it.product_id: (it.available, it.version) for it in Stock.scan()},
        "uploads": [
            (it.status, it.rows_done, it.written, it.rejected, [error.row for error in it.errors])
            for it in Upload.scan()
        ],
    }


@contextmanager
def cut_off(*, at: int, is_written: bool) -> Iterator[None]:
    """The commit of that number raises: before it writes, or when it has."""
    commit = Transaction.commit
    made = iter(range(1, 1000))

    def commit_or_not(transaction: Transaction) -> None:
        is_last = next(made) == at
        if is_written or not is_last:
            commit(transaction)
        if is_last:
            raise CutOff

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Transaction, "commit", commit_or_not)
        yield


def forget_everything() -> None:
    for table in (Product, Stock, StockMovement, OutboxRow, Upload):
        for item in table.scan():
            item.delete()


@pytest.mark.parametrize("is_written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, COMMITS + 1))
def test_a_run_that_is_cut_off_and_tried_again_ends_as_if_it_had_not_been(at, is_written):
    imports.upload()
    event = put_file(FILE)
    handler(event, CONTEXT)
    undisturbed = stored()
    forget_everything()
    imports.upload()

    with cut_off(at=at, is_written=is_written), pytest.raises(CutOff):
        handler(event, CONTEXT)
    handler(event, CONTEXT)

    assert stored() == undisturbed
    assert undisturbed["uploads"][0][:4] == END


def test_a_run_that_is_cut_off_again_and_again_gets_there():
    imports.upload()
    event = put_file(FILE)

    for _ in range(COMMITS):
        with cut_off(at=2, is_written=False), suppress(CutOff):
            handler(event, CONTEXT)

    (upload,) = stored()["uploads"]
    assert upload[:4] == END


def test_two_runs_of_one_file_at_once_write_each_row_once(monkeypatch):
    imports.upload()
    event = put_file(FILE)
    write = import_file._write  # noqa: SLF001
    others = iter([event])

    def overtaken(*args: Any) -> Any:
        for other in others:
            handler(other, CONTEXT)
        return write(*args)

    monkeypatch.setattr(import_file, "_write", overtaken)
    handler(event, CONTEXT)

    after = stored()
    assert after["uploads"][0][:4] == END
    assert {sku: version for sku, (_, _, version, _) in after["products"].items()} == {
        **{f"SKU-{n}": 1 for n in (1, 2, 4, 5, 7)},
        "SKU-8": 2,
    }


def test_the_second_delivery_of_an_event_changes_nothing():
    imports.upload()
    event = put_file(FILE)
    handler(event, CONTEXT)
    once = stored()

    handler(event, CONTEXT)

    assert stored() == once


def test_what_has_been_sold_since_is_not_back_after_a_second_delivery():
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA", available=7))
    handler(event, CONTEXT)
    (tea,) = Product.scan()
    Stock(tea.product_id).update([Stock.available.set(2)])

    handler(event, CONTEXT)

    assert Stock.get(tea.product_id).available == 2


def test_a_broken_file_fails_once():
    imports.upload()
    event = put_file("sku\n")
    handler(event, CONTEXT)
    once = stored()
    finished = Upload.get("upl_one", "upload").finished_at

    handler(event, CONTEXT)

    assert stored() == once
    assert Upload.get("upl_one", "upload").finished_at == finished
