"""Repeated events and interrupted runs import each row once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from files.chunks import service as chunks
from files.workers.import_file import handler
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import Upload
from shared.storage.transactions import Transaction
from tests.support import events, imports
from tests.support.http import CONTEXT
from tests.support.imports import CSV_HEADER, csv_row, put_file

pytestmark = pytest.mark.usefixtures("aws")

ROWS_PER_WRITE = 3
ROWS = [csv_row(f"SKU-{n}", price="free" if n % 3 == 0 else 100 + n) for n in range(9)]
FILE = (
    CSV_HEADER
    + "".join(ROWS)
    + csv_row("SKU-8", name="The later one")
    + csv_row("SKU-8", price="free")
)
END = ("completed", 11, 6, 5)  # status, rows, written rows, rejected rows
COMMITS = 6  # for rows 2-4, 5-7, 8-10 and 11-12, for the chunk and for the end


@pytest.fixture(autouse=True)
def _small_writes(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS_PER_WRITE", ROWS_PER_WRITE)


class Interrupted(Exception):
    pass


def stored() -> dict[str, Any]:
    """All that an import writes, except for times."""
    return {
        "products": {
            product.sku: (product.name, product.price_minor, product.version, product.status_shard)
            for product in Product.scan()
        },
        "movements": sorted(
            (movement.product_id, movement.change) for movement in StockMovement.scan()
        ),
        "events": sorted(
            (event.type, getattr(event.data, "sku", None)) for event in events.published_events()
        ),
        "stock": {stock.product_id: (stock.available, stock.version) for stock in Stock.scan()},
        "uploads": [
            (
                upload.status,
                upload.rows_done,
                upload.written,
                upload.rejected,
                [error.row for error in upload.errors],
            )
            for upload in Upload.scan(Upload.part == "upload")
        ],
    }


@contextmanager
def interrupted(*, at: int, is_written: bool) -> Iterator[None]:
    """The commit with that number raises Interrupted, before or after it writes."""
    commit = Transaction.commit
    made = iter(range(1, 1000))

    def commit_or_not(transaction: Transaction) -> None:
        is_last = next(made) == at
        if is_written or not is_last:
            commit(transaction)
        if is_last:
            raise Interrupted

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Transaction, "commit", commit_or_not)
        yield


def delete_everything() -> None:
    for table in (Product, Stock, StockMovement, OutboxRow, Upload):
        for item in table.scan():
            item.delete()


@pytest.mark.parametrize("is_written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, COMMITS + 1))
def test_a_retry_completes_an_interrupted_import(at, is_written):
    imports.upload()
    event = put_file(FILE)
    handler(event, CONTEXT)
    undisturbed = stored()
    delete_everything()
    imports.upload()

    with interrupted(at=at, is_written=is_written), pytest.raises(Interrupted):
        handler(event, CONTEXT)
    handler(event, CONTEXT)

    assert stored() == undisturbed
    assert undisturbed["uploads"][0][:4] == END


def test_an_import_survives_repeated_interruptions():
    imports.upload()
    event = put_file(FILE)

    for _ in range(COMMITS):
        with interrupted(at=2, is_written=False), suppress(Interrupted):
            handler(event, CONTEXT)

    (upload,) = stored()["uploads"]
    assert upload[:4] == END


def test_two_concurrent_runs_write_each_row_once(monkeypatch):
    imports.upload()
    event = put_file(FILE)
    write = chunks._write  # noqa: SLF001
    others = iter([event])

    def write_after_another(*args: Any) -> Any:
        for other in others:
            handler(other, CONTEXT)
        return write(*args)

    monkeypatch.setattr(chunks, "_write", write_after_another)
    handler(event, CONTEXT)

    after = stored()
    assert after["uploads"][0][:4] == END
    assert {sku: version for sku, (_, _, version, _) in after["products"].items()} == {
        **{f"SKU-{n}": 1 for n in (1, 2, 4, 5, 7)},
        "SKU-8": 1,
    }


def test_a_second_delivery_of_an_event_changes_nothing():
    imports.upload()
    event = put_file(FILE)
    handler(event, CONTEXT)
    once = stored()

    handler(event, CONTEXT)

    assert stored() == once


def test_a_second_delivery_does_not_restore_sold_units():
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA", available=7))
    handler(event, CONTEXT)
    (tea,) = Product.scan()
    Stock(tea.product_id).update([Stock.available.set(2)])

    handler(event, CONTEXT)

    assert Stock.get(tea.product_id).available == 2


def test_a_broken_file_fails_once():
    imports.upload()
    event = put_file("colour\nred\n")
    handler(event, CONTEXT)
    once = stored()
    finished = Upload.get("upl_one", "upload").finished_at

    handler(event, CONTEXT)

    assert stored() == once
    assert Upload.get("upl_one", "upload").finished_at == finished
