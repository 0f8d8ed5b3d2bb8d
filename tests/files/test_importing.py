"""Whole slice: a file from the event that S3 sends to products, stock and its upload."""

import pytest
from botocore.exceptions import ReadTimeoutError

from files.workers import import_file
from files.workers.import_file import handler
from shared import ids
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import Upload
from shared.storage.transactions import ATTEMPTS
from tests.support import faults, imports, shop
from tests.support.catalog import list_all_skus, patch_product
from tests.support.events import published_events
from tests.support.http import CONTEXT, sample
from tests.support.imports import (
    CSV_HEADER,
    MEGABYTE,
    GeneratedStream,
    csv_row,
    measure_peak_memory,
    put_file,
    repeat_piece,
)

pytestmark = pytest.mark.usefixtures("aws")


def imported(content) -> Upload:
    imports.upload()
    handler(put_file(content), CONTEXT)
    return Upload.get("upl_one", "upload")


def product_of(sku: str) -> Product:
    return Product.get(ids.derived_id("prd", sku))


def counts(upload: Upload) -> tuple[int, int, int]:
    """Rows, written, rejected."""
    return (upload.rows_done, upload.written, upload.rejected)


def test_the_rows_of_a_file_become_products_with_their_stock():
    upload = imported(
        "sku,name,price_minor,currency,available,category,tags,description\n"
        "TEA,Green tea,1250,EUR,7,kitchen/tea,green|loose,Fresh\n"
        "POT,Tea pot,4900,JPY,0,,,\n"
    )

    tea, pot = product_of("TEA"), product_of("POT")
    assert (upload.status, counts(upload), upload.errors) == ("completed", (2, 2, 0), [])
    assert upload.finished_at is not None
    assert (tea.name, tea.price_minor, tea.currency) == ("Green tea", 1250, "EUR")
    assert (tea.category, tea.tags, tea.description) == ("kitchen/tea", ["green", "loose"], "Fresh")
    assert (tea.status, tea.version) == ("active", 1)
    assert (pot.price_minor, pot.currency, pot.category) == (4900, "JPY", None)
    assert (shop.available(tea), shop.available(pot)) == (7, 0)


def test_imported_products_are_listed_in_the_shop_and_in_their_category():
    imported(
        "sku,name,price_minor,currency,available,category\n"
        "TEA,Green tea,1250,EUR,7,kitchen/tea\n"
        "POT,Tea pot,4900,EUR,1,\n"
    )

    shop.index_published_events()
    assert set(list_all_skus()) == {"TEA", "POT"}
    assert list_all_skus(category="kitchen") == ["TEA"]


def test_wrong_rows_are_told_and_the_others_written():
    rows = [csv_row(f"SKU-{n}", price="free" if n % 10 == 0 else 100 + n) for n in range(120)]

    upload = imported(CSV_HEADER + "".join(rows))

    assert (upload.status, counts(upload)) == ("completed", (120, 108, 12))
    assert [error.row for error in upload.errors] == list(range(2, 122, 10))
    assert {(error.field, error.code) for error in upload.errors} == {("price_minor", "int_type")}
    assert (Product.count(), Stock.count()) == (108, 108)


def test_all_wrong_rows_are_counted_and_the_first_hundred_problems_kept():
    upload = imported(CSV_HEADER + csv_row("SKU", price="free", available="many") * 120)

    assert (upload.status, counts(upload)) == ("completed", (120, 0, 120))
    assert len(upload.errors) == 100
    assert [error.row for error in upload.errors[-2:]] == [51, 51]
    assert Product.count() == 0


def test_of_two_rows_with_one_sku_the_later_wins_and_both_count():
    upload = imported(
        CSV_HEADER
        + csv_row("TEA", name="Old tea", available=1)
        + csv_row("POT")
        + csv_row("TEA", name="New tea", available=2)
    )

    assert counts(upload) == (3, 3, 0)
    assert product_of("TEA").name == "New tea"
    assert shop.available(product_of("TEA")) == 2


def test_a_product_that_is_there_keeps_its_age_and_gains_a_version():
    before = shop.product("TEA", name="Old tea", available=3, version=4)

    imported(CSV_HEADER + csv_row("TEA", name="New tea", available=9))

    after = product_of("TEA")
    assert (after.name, after.version) == ("New tea", 5)
    assert (after.created_at, after.listed_at) == (before.created_at, before.listed_at)
    assert after.updated_at > before.updated_at
    assert (shop.available(after), Stock.get(after.product_id).version) == (9, 2)


RICH = {
    "description": "Fresh",
    "category": "kitchen/tea",
    "tags": ["green"],
    "tax_class": "reduced",
    "attributes_json": {"origin": "Japan"},
}


def test_a_file_leaves_alone_what_it_has_no_column_for():
    before = shop.product("TEA", **RICH)

    imported("sku,name,price_minor,currency,available\nTEA,Green tea,1,EUR,1\n")

    after = product_of("TEA")
    assert {name: getattr(after, name) for name in RICH} == RICH
    assert (after.group, after.status_shard) == (before.group, before.status_shard)


def test_an_empty_cell_clears_what_was_there():
    shop.product("TEA", **RICH)

    imported(
        "sku,name,price_minor,currency,available,description,category,tags,tax_class\n"
        "TEA,Green tea,1,EUR,1,,,,\n"
    )

    after = product_of("TEA")
    assert (after.description, after.category, after.tags) == ("", None, [])
    assert after.tax_class == "standard"


def test_each_row_tells_what_it_has_changed_and_why_the_stock_is_another():
    shop.product("TEA", name="Old tea", available=3)

    imported(CSV_HEADER + csv_row("TEA", name="New tea", available=9) + csv_row("POT", available=2))

    updated, created = sorted(published_events(), key=lambda it: it.data.sku, reverse=True)
    assert (updated.type, updated.data.changed) == ("product.updated", ["name", "price"])
    assert (created.type, created.data.sku) == ("product.created", "POT")
    assert OutboxRow.count() == 1
    moved = {it.product_id: (it.kind, it.change, it.reason, it.by) for it in StockMovement.scan()}
    assert moved == {
        product_of("TEA").product_id: ("import", 6, "upl_one", "usr_staff"),
        product_of("POT").product_id: ("import", 2, "upl_one", "usr_staff"),
    }


def test_rows_that_say_what_is_known_write_nothing():
    content = CSV_HEADER + csv_row("TEA") + csv_row("POT")
    imported(content)
    before = (product_of("TEA").version, Stock.get(product_of("TEA").product_id).version)
    events = len(published_events())

    again = imported(content)

    assert (again.status, counts(again)) == ("completed", (2, 2, 0))
    assert (product_of("TEA").version, Stock.get(product_of("TEA").product_id).version) == before
    assert (len(published_events()), StockMovement.count()) == (events, 2)


def test_what_staff_have_archived_a_file_does_not_put_on_sale():
    shop.product("TEA", status="archived")

    imported(CSV_HEADER + csv_row("TEA"))

    assert product_of("TEA").status == "archived"


def test_a_row_cannot_change_a_currency_that_orders_are_open_in():
    tea, pot = shop.product("TEA", currency="USD", available=9), shop.product("POT", available=9)
    shop.sell(tea, 2)

    upload = imported(CSV_HEADER + csv_row("POT", available=4) + csv_row("TEA", available=4))

    assert counts(upload) == (2, 1, 1)
    assert [(it.row, it.code) for it in upload.errors] == [(3, "currency_in_use")]
    assert (product_of("TEA").currency, shop.available(tea), shop.available(pot)) == ("USD", 7, 4)


def test_stock_in_buckets_is_counted_whole_however_many_writes_that_takes():
    products = [shop.product(f"SKU-{n}", available=160) for n in range(12)]
    for product in products:
        patch_product(product.product_id, {"stock_shards": 16})

    upload = imported(CSV_HEADER + "".join(csv_row(f"SKU-{n}", available=n) for n in range(12)))

    assert counts(upload) == (12, 12, 0)
    assert [shop.available(product) for product in products] == list(range(12))


def test_what_is_sold_while_its_row_is_written_stays_sold(monkeypatch):
    tea = shop.product("TEA", available=10)
    stage, turns = import_file.catalog.stage, iter([True])

    def slowly(*args, **how):
        refused = stage(*args, **how)
        if next(turns, False):
            shop.sell(tea, 2)
        return refused

    monkeypatch.setattr(import_file.catalog, "stage", slowly)

    imported(CSV_HEADER + csv_row("TEA", available=20))

    assert shop.available(tea) == 18


def test_a_row_that_is_edited_while_it_is_written_is_looked_at_again(monkeypatch):
    tea = shop.product("TEA", name="Old tea", description="Fresh")
    stage, turns = import_file.catalog.stage, iter([True])

    def slowly(*args, **how):
        refused = stage(*args, **how)
        if next(turns, False):
            patch_product(tea.product_id, {"description": "Fresh and grassy"})
        return refused

    monkeypatch.setattr(import_file.catalog, "stage", slowly)

    upload = imported(CSV_HEADER + csv_row("TEA", name="New tea"))

    after = product_of("TEA")
    assert (upload.status, counts(upload)) == ("completed", (1, 1, 0))
    assert (after.name, after.description, after.version) == ("New tea", "Fresh and grassy", 3)


def test_units_that_a_file_counts_while_the_stock_is_split_anew_are_in_sight(monkeypatch):
    tea = shop.product("TEA", name="Tea", price_minor=1250, available=10)
    patch_product(tea.product_id, {"stock_shards": 4})
    stage, turns = import_file.catalog.stage, iter([True])

    def slowly(*args, **how):
        refused = stage(*args, **how)
        if next(turns, False):
            patch_product(tea.product_id, {"stock_shards": 1})
        return refused

    monkeypatch.setattr(import_file.catalog, "stage", slowly)

    imported(CSV_HEADER + csv_row("TEA", name="Tea", available=50))

    assert shop.available(tea) == 50


def test_rows_that_others_contend_for_are_tried_again(monkeypatch):
    monkeypatch.setattr(import_file, "pause", lambda _: None)
    tea = shop.product("TEA", available=1)
    conflicts = [faults.cancelled_transaction("TransactionConflict")] * (2 * ATTEMPTS)
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA", available=9))

    with faults.inject_faults(connection().client, "TransactWriteItems", *conflicts):
        handler(event, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"
    assert shop.available(tea) == 9


def test_a_row_over_a_product_that_breaks_todays_rules_is_told_and_the_others_written():
    shop.product("OLD", category="Home & Kitchen")

    upload = imported(CSV_HEADER + csv_row("OLD") + csv_row("TEA"))

    assert counts(upload) == (2, 1, 1)
    assert [(it.row, it.code) for it in upload.errors] == [(2, "invalid_fields")]


def test_problems_are_told_in_the_order_of_their_rows():
    tea = shop.product("TEA", currency="USD", available=9)
    shop.sell(tea, 2)

    upload = imported(CSV_HEADER + csv_row("TEA") + csv_row("POT", price="free") + csv_row("CUP"))

    assert [it.row for it in upload.errors] == [2, 3]


def test_a_product_that_is_not_in_the_file_stays_as_it_is():
    pot = shop.product("POT", available=3)

    imported(CSV_HEADER + csv_row("TEA"))

    assert (shop.available(pot), product_of("POT").version) == (3, 1)


@pytest.mark.parametrize(
    ("content", "code", "at"),
    [
        (b"sku,name,price_minor,currency\nTEA,Tea,1,EUR\n", "missing_column", 1),
        (b"", "empty_file", 1),
        (
            CSV_HEADER.encode() + csv_row("TEA").encode() * 100 + b'POT,"Pot,1,EUR,1\n',
            "broken_quote",
            102,
        ),
        (
            CSV_HEADER.encode() + csv_row("TEA").encode() * 100 + b"POT,P\0t,1,EUR,1\n",
            "nul_byte",
            102,
        ),
        (
            CSV_HEADER.encode() + csv_row("TEA").encode() * 100 + b"POT,P\xf6t,1,EUR,1\n",
            "not_utf8",
            102,
        ),
    ],
)
def test_a_broken_file_fails_with_its_reason_and_writes_nothing(content, code, at):
    upload = imported(content)

    assert (upload.status, counts(upload)) == ("failed", (0, 0, 0))
    assert [(error.row, error.code) for error in upload.errors] == [(at, code)]
    assert upload.finished_at is not None
    assert (Product.count(), Stock.count()) == (0, 0)


def test_a_file_of_no_rows_is_completed_with_none():
    upload = imported(CSV_HEADER)

    assert (upload.status, counts(upload)) == ("completed", (0, 0, 0))


def test_a_file_that_nobody_announced_is_left_alone():
    handler(sample("files.import_file"), CONTEXT)

    assert (Product.count(), Upload.count()) == (0, 0)


def test_a_file_put_in_place_of_another_one_changes_nothing_of_its_import():
    imports.upload()
    first = put_file(CSV_HEADER + csv_row("TEA"))
    second = put_file(CSV_HEADER + csv_row("POT"))

    handler(first, CONTEXT)
    handler(second, CONTEXT)

    assert [it.sku for it in Product.scan()] == ["TEA"]
    assert Upload.get("upl_one", "upload").status == "completed"


def test_a_second_file_under_the_key_of_one_that_is_being_imported_is_left_alone():
    imports.upload(status="running", etag="of-the-first", rows_done=49, written=49)

    handler(put_file(CSV_HEADER + csv_row("POT")), CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert (upload.status, upload.etag, counts(upload)) == ("running", "of-the-first", (49, 49, 0))
    assert Product.count() == 0


def test_a_file_that_cannot_be_read_is_tried_again_later():
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA"))
    silent = faults.inject_faults(client("s3"), "GetObject", faults.read_timeout())

    with silent, pytest.raises(ReadTimeoutError):
        handler(event, CONTEXT)
    handler(event, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"


def test_a_file_of_20_mb_is_never_held():
    imports.upload()
    event = put_file("only its address is used")
    long_row = csv_row("TEA", name="x" * 20_000).encode()
    reads = [
        GeneratedStream(repeat_piece(CSV_HEADER.encode(), long_row, megabytes=20)) for _ in range(2)
    ]
    answers = [faults.success_reply({"Body": body}) for body in reads]

    with faults.inject_faults(client("s3"), "GetObject", *answers), measure_peak_memory() as memory:
        handler(event, CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert (upload.status, upload.rejected) == ("completed", 20 * MEGABYTE // len(long_row))
    assert memory.peak < 10 * MEGABYTE
