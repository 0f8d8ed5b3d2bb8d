"""Imports: from the event that S3 sends to products, stock and the upload."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ReadTimeoutError

from files import stored_files
from files.chunks import service as chunks
from files.workers.import_file import handler
from shared import ids, retries
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import Upload
from shared.storage.transactions import ATTEMPTS
from tests.support import faults, imports, orders, shop, workbooks
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


@pytest.fixture
def after_staging(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen after the import has staged its first rows, before the commit."""

    def let_happen(act: Callable[[], object]) -> None:
        stage_rows, turns = chunks.catalog.stage_rows, iter([True])

        def stage_and_be_overtaken(*args, **kwargs):
            refused = stage_rows(*args, **kwargs)
            if next(turns, False):
                act()
            return refused

        monkeypatch.setattr(chunks.catalog, "stage_rows", stage_and_be_overtaken)

    return let_happen


def imported(content, upload_id="upl_one") -> Upload:
    imports.upload(upload_id)
    handler(put_file(content, upload_id), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    return Upload.get(upload_id, "upload")


def product_of(sku: str) -> Product:
    return Product.get(ids.derived_id("prd", sku))


def counts(upload: Upload) -> tuple[int, int, int]:
    """The numbers of rows, written rows and rejected rows."""
    return (upload.rows_done, upload.written, upload.rejected)


def test_rows_become_products_with_stock():
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


def test_imported_products_are_listed():
    imported(
        "sku,name,price_minor,currency,available,category\n"
        "TEA,Green tea,1250,EUR,7,kitchen/tea\n"
        "POT,Tea pot,4900,EUR,1,\n"
    )

    shop.index_published_events()
    assert set(list_all_skus()) == {"TEA", "POT"}
    assert list_all_skus(category="kitchen") == ["TEA"]


def test_invalid_rows_are_reported_and_others_written():
    rows = [csv_row(f"SKU-{n}", price="free" if n % 10 == 0 else 100 + n) for n in range(120)]

    upload = imported(CSV_HEADER + "".join(rows))

    assert (upload.status, counts(upload)) == ("completed", (120, 108, 12))
    assert [error.row for error in upload.errors] == list(range(2, 122, 10))
    assert {(error.field, error.code) for error in upload.errors} == {("price_minor", "wrong_type")}
    assert (Product.count(), Stock.count()) == (108, 108)


def test_only_the_first_hundred_errors_are_kept():
    rows = [csv_row(f"SKU-{n}", price="free", available="many") for n in range(120)]
    upload = imported(CSV_HEADER + "".join(rows))

    assert (upload.status, counts(upload)) == ("completed", (120, 0, 120))
    assert len(upload.errors) == 100
    assert [error.row for error in upload.errors[-2:]] == [51, 51]
    assert Product.count() == 0


def test_the_later_of_two_rows_with_one_sku_is_rejected():
    upload = imported(
        CSV_HEADER
        + csv_row("TEA", name="Old tea", available=1)
        + csv_row("POT")
        + csv_row("TEA", name="New tea", available=2)
    )

    assert counts(upload) == (3, 2, 1)
    (error,) = upload.errors
    assert (error.row, error.field, error.code) == (4, "sku", "duplicate_sku")
    assert "Row 2" in error.message
    assert product_of("TEA").name == "Old tea"
    assert shop.available(product_of("TEA")) == 1


def test_an_existing_product_gets_a_new_version():
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
    "order_quantity_max": 7,
    "attributes_json": {"origin": "Japan"},
}


def test_a_missing_column_keeps_the_stored_values():
    before = shop.product("TEA", **RICH)

    imported("sku,name,price_minor,currency,available\nTEA,Green tea,1,EUR,1\n")

    after = product_of("TEA")
    assert {name: getattr(after, name) for name in RICH} == RICH
    assert (after.group, after.status_shard) == (before.group, before.status_shard)


def test_an_empty_cell_removes_the_stored_value():
    shop.product("TEA", **RICH)

    imported(
        "sku,name,price_minor,currency,available,description,category,tags,tax_class,"
        "order_quantity_max\nTEA,Green tea,1,EUR,1,,,,,\n"
    )

    after = product_of("TEA")
    assert (after.description, after.category, after.tags) == ("", None, [])
    assert (after.tax_class, after.order_quantity_max) == ("standard", None)


def test_each_row_has_its_event_and_its_stock_movement():
    shop.product("TEA", name="Old tea", available=3)

    imported(CSV_HEADER + csv_row("TEA", name="New tea", available=9) + csv_row("POT", available=2))

    found = [event for event in published_events() if event.type.startswith("product.")]
    updated, created = sorted(found, key=lambda event: event.data.sku, reverse=True)
    assert (updated.type, updated.data.changed) == ("product.updated", ["name", "price"])
    assert (created.type, created.data.sku) == ("product.created", "POT")
    assert OutboxRow.count() == 2  # of the products, and of the upload
    moved = {
        movement.product_id: (movement.kind, movement.change, movement.reason, movement.by)
        for movement in StockMovement.scan()
    }
    assert moved == {
        product_of("TEA").product_id: ("import", 6, "upl_one", "usr_staff"),
        product_of("POT").product_id: ("import", 2, "upl_one", "usr_staff"),
    }


def test_unchanged_rows_write_nothing():
    content = CSV_HEADER + csv_row("TEA") + csv_row("POT")
    imported(content)
    before = (product_of("TEA").version, Stock.get(product_of("TEA").product_id).version)
    events = len(published_events())

    again = imported(content, "upl_two")

    assert (again.status, counts(again)) == ("completed", (2, 2, 0))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert (product_of("TEA").version, Stock.get(product_of("TEA").product_id).version) == before
    assert (len(published_events()), StockMovement.count()) == (events + 1, 2)


def test_an_import_does_not_sell_archived_products():
    shop.product("TEA", status="archived")

    imported(CSV_HEADER + csv_row("TEA"))

    assert product_of("TEA").status == "archived"


def test_a_row_cannot_change_a_currency_of_open_orders():
    tea, pot = shop.product("TEA", currency="USD", available=9), shop.product("POT", available=9)
    shop.sell(tea, 2)

    upload = imported(CSV_HEADER + csv_row("POT", available=4) + csv_row("TEA", available=4))

    assert counts(upload) == (2, 1, 1)
    assert [(error.row, error.code) for error in upload.errors] == [(3, "currency_in_use")]
    assert (product_of("TEA").currency, shop.available(tea), shop.available(pot)) == ("USD", 7, 4)


def test_a_sold_and_shipped_product_can_change_its_currency():
    tea = shop.product("TEA", currency="USD", available=9)
    orders.create_order(orders.captured, orders.ship, product=tea, quantity=2)

    upload = imported(CSV_HEADER + csv_row("TEA", available=4))

    assert counts(upload) == (1, 1, 0)
    assert (product_of("TEA").currency, shop.available(tea)) == ("EUR", 4)


def test_a_sale_during_the_import_prevents_a_change_of_currency(after_staging):
    tea = shop.product("TEA", currency="USD", available=9)
    orders.create_order(orders.captured, orders.ship, product=tea, quantity=2)
    after_staging(lambda: shop.sell(tea, 1))

    upload = imported(CSV_HEADER + csv_row("TEA", available=4))

    assert [(error.row, error.code) for error in upload.errors] == [(2, "currency_in_use")]
    assert (product_of("TEA").currency, shop.available(tea)) == ("USD", 6)


def test_sharded_stock_is_imported_in_several_writes():
    products = [shop.product(f"SKU-{n}", available=160) for n in range(12)]
    for product in products:
        patch_product(product.product_id, {"stock_shards": 16})

    upload = imported(CSV_HEADER + "".join(csv_row(f"SKU-{n}", available=n) for n in range(12)))

    assert counts(upload) == (12, 12, 0)
    assert [shop.available(product) for product in products] == list(range(12))


def test_units_sold_during_an_import_stay_sold(after_staging):
    tea = shop.product("TEA", available=10)
    after_staging(lambda: shop.sell(tea, 2))

    imported(CSV_HEADER + csv_row("TEA", available=20))

    assert shop.available(tea) == 18


def test_a_concurrent_edit_makes_the_import_read_again(after_staging):
    tea = shop.product("TEA", name="Old tea", description="Fresh")
    after_staging(lambda: patch_product(tea.product_id, {"description": "Fresh and grassy"}))

    upload = imported(CSV_HEADER + csv_row("TEA", name="New tea"))

    after = product_of("TEA")
    assert (upload.status, counts(upload)) == ("completed", (1, 1, 0))
    assert (after.name, after.description, after.version) == ("New tea", "Fresh and grassy", 3)


def test_units_imported_during_a_reshard_are_not_lost(after_staging):
    tea = shop.product("TEA", name="Tea", price_minor=1250, available=10)
    patch_product(tea.product_id, {"stock_shards": 4})
    after_staging(lambda: patch_product(tea.product_id, {"stock_shards": 1}))

    imported(CSV_HEADER + csv_row("TEA", name="Tea", available=50))

    assert shop.available(tea) == 50


def test_rows_with_conflicts_are_written_at_a_later_attempt(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    tea = shop.product("TEA", available=1)
    conflicts = [faults.cancelled_transaction("TransactionConflict")] * (2 * ATTEMPTS)
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA", available=9))

    with faults.inject_faults(connection().client, "TransactWriteItems", *conflicts):
        handler(event, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"
    assert shop.available(tea) == 9


def test_a_stored_product_that_breaks_rules_is_reported():
    shop.product("OLD", category="Home & Kitchen")

    upload = imported(CSV_HEADER + csv_row("OLD") + csv_row("TEA"))

    assert counts(upload) == (2, 1, 1)
    assert [(error.row, error.code) for error in upload.errors] == [(2, "wrong_format")]


def test_errors_are_in_the_order_of_their_rows():
    tea = shop.product("TEA", currency="USD", available=9)
    shop.sell(tea, 2)

    upload = imported(CSV_HEADER + csv_row("TEA") + csv_row("POT", price="free") + csv_row("CUP"))

    assert [error.row for error in upload.errors] == [2, 3]


def test_a_product_that_the_file_lacks_is_unchanged():
    pot = shop.product("POT", available=3)

    imported(CSV_HEADER + csv_row("TEA"))

    assert (shop.available(pot), product_of("POT").version) == (3, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"colour,taste\nred,sweet\n", "unknown_columns"),
    ],
)
def test_a_broken_file_fails_and_writes_nothing(content, code):
    upload = imported(content)

    assert (upload.status, counts(upload)) == ("failed", (0, 0, 0))
    assert [error.code for error in upload.errors] == [code]
    assert upload.finished_at is not None
    assert (Product.count(), Stock.count()) == (0, 0)
    (event,) = published_events()
    assert (event.type, event.data.code) == ("upload.failed", code)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b'POT,"Pot,1,EUR,1\n', "broken_quote"),
        (b"POT,P\0t,1,EUR,1\n", "nul_byte"),
        ("POT,P\xf6t,1,EUR,1\n".encode("latin-1"), "not_utf8"),
    ],
)
def test_a_row_of_bad_form_costs_no_other(row, code):
    good = [csv_row(f"TEA-{n}", name="Gr\xfcner Tee").encode() for n in range(100)]

    upload = imported(b"".join([CSV_HEADER.encode(), *good[:50], row, *good[50:]]))

    assert (upload.status, counts(upload)) == ("completed", (101, 100, 1))
    assert [(error.row, error.code) for error in upload.errors] == [(52, code)]


def test_a_file_without_rows_fails():
    upload = imported(CSV_HEADER)

    assert (upload.status, counts(upload)) == ("failed", (0, 0, 0))
    assert [error.code for error in upload.errors] == ["no_rows"]


def test_an_unannounced_file_is_ignored():
    handler(sample("files.import_file"), CONTEXT)

    assert (Product.count(), Upload.count()) == (0, 0)


def test_a_file_sent_after_the_import_is_ignored():
    imports.upload()
    first = put_file(CSV_HEADER + csv_row("TEA"))
    second = put_file(CSV_HEADER + csv_row("POT"))

    handler(first, CONTEXT)
    handler(second, CONTEXT)

    assert [product.sku for product in Product.scan()] == ["TEA"]
    assert Upload.get("upl_one", "upload").status == "completed"


def test_a_second_file_during_an_import_is_ignored():
    imports.upload(status="running", etag="of-the-first", rows_done=49, written=49)

    handler(put_file(CSV_HEADER + csv_row("POT")), CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert (upload.status, upload.etag, counts(upload)) == ("running", "of-the-first", (49, 49, 0))
    assert Product.count() == 0


def test_an_unreadable_file_is_imported_by_the_retry():
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA"))
    silent = faults.inject_faults(client("s3"), "GetObject", faults.read_timeout())

    with silent, pytest.raises(ReadTimeoutError):
        handler(event, CONTEXT)
    handler(event, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"


def test_a_file_of_20_mb_is_never_in_memory_as_a_whole(monkeypatch):
    imports.upload()
    event = put_file("only its address is used")
    long_row = csv_row("TEA", name="x" * 20_000).encode()
    bodies = [
        GeneratedStream(repeat_piece(CSV_HEADER.encode(), long_row, megabytes=20)) for _ in range(4)
    ]
    answers = [faults.success_reply({"Body": body}) for body in bodies]
    size = faults.success_reply({"ContentLength": 20 * MEGABYTE})
    stored: list[int] = []
    monkeypatch.setattr(stored_files, "put_part", lambda *part: stored.append(len(part[2])))

    with (
        faults.inject_faults(client("s3"), "GetObject", *answers),
        faults.inject_faults(client("s3"), "HeadObject", size),
        measure_peak_memory() as memory,
    ):
        handler(event, CONTEXT)

    assert len(stored) == 10  # chunks of 2 MB
    assert Upload.get("upl_one", "upload").rows_total == 20 * MEGABYTE // len(long_row)
    assert memory.peak < 15 * MEGABYTE


def test_a_write_fits_in_one_transaction():
    """Also if each row makes a product with stock: DynamoDB takes 100 actions."""
    rows = [csv_row(f"SKU-{number}") for number in range(70)]

    with faults.inject_faults(connection().client, "TransactWriteItems") as calls:
        upload = imported(CSV_HEADER + "".join(rows))

    actions = [len(json.loads(call["body"])["TransactItems"]) for call in calls.sent]
    assert upload.written == len(rows)
    assert max(actions) == 32 * 3 + 2
    assert len([size for size in actions if size > 3]) == 3


def test_another_currency_alone_is_no_movement():
    tea = shop.product("TEA", currency="USD", available=7)
    before = len(list(StockMovement.scan()))

    imported(CSV_HEADER + csv_row("TEA", available=7))

    assert Stock.get(tea.product_id).currency == "EUR"
    assert len(list(StockMovement.scan())) == before


def test_an_empty_count_says_what_to_write():
    shop.product("TEA", available=3)

    upload = imported("sku,available\nTEA,\n")

    assert [(each.field, each.code) for each in upload.errors] == [("available", "wrong_type")]
    assert "Write 0 for none" in upload.errors[0].message


def test_a_price_above_a_stored_one_says_that_it_is_stored():
    shop.product("TEA", price_minor=1000, compare_at_minor=1200)

    upload = imported("sku,price_minor\nTEA,1500\n")

    (error,) = upload.errors
    assert (error.field, error.code) == ("compare_at_price", "not_above_price")
    assert error.message.startswith("The file has no such column")


def test_a_column_without_a_name_has_one_warning():
    upload = imported("sku,name,price_minor,\nTEA,Tea,100,\n")

    assert [warning.code for warning in upload.warnings] == ["nameless_column"]


def test_a_failed_import_says_which_sheet_it_has_read():
    cover = workbooks.sheet(header=workbooks.row(workbooks.inline("How to order")))

    upload = imported(workbooks.workbook(cover, workbooks.sheet(workbooks.good_row())))

    assert [error.code for error in upload.errors] == ["no_rows"]
    assert [warning.message for warning in upload.warnings] == ["Only the sheet 'Sheet 1' is read."]


@pytest.mark.parametrize(
    ("row", "column"), [("TEA,,100", "name"), (",Tea,100", "sku")], ids=["name", "sku"]
)
def test_an_empty_cell_that_a_product_needs_is_said_to_be_empty(row, column):
    (error,) = imported(f"sku,name,price_minor\n{row}\n").errors

    assert (error.field, error.code) == (column, "too_short")
    assert error.message == "Is empty, and a product needs it."


def test_an_object_without_an_sku_says_what_it_needs():
    (error,) = imported('{"name": "Tea"}\n').errors

    assert (error.field, error.message) == ("sku", "Is empty, and a product needs it.")
