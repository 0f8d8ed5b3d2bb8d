"""A row that cannot be written is rejected with its reason, and all other rows are written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from files.chunks import service as chunks
from files.workers.import_file import handler
from shared import ids, retries
from shared.errors.base import Unavailable
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product, ProductGroup, Stock, StockMovement
from shared.storage.models.uploads import Upload
from tests.support import aws_calls, faults, imports, shop
from tests.support.aws_calls import Killed
from tests.support.catalog import create_product, edit_product, patch_product, post_product
from tests.support.http import CONTEXT
from tests.support.imports import CSV_HEADER, csv_row, put_file
from tests.support.interleaving import each_interleaving

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)


def imported(*rows: str) -> Upload:
    imports.upload()
    handler(put_file(CSV_HEADER + "".join(rows)), CONTEXT)
    return upload()


def upload() -> Upload:
    return Upload.get("upl_one", "upload")


def end() -> tuple[str, int, int, int]:
    found = upload()
    return (found.status, found.rows_done, found.written, found.rejected)


def errors() -> list[tuple[int, str]]:
    return [(error.row, error.code) for error in upload().errors]


def written_skus() -> set[str]:
    return {product.sku for product in Product.scan()}


def row_in(currency: str, sku: str, **more: Any) -> str:
    return csv_row(sku, **more).replace(",EUR,", f",{currency},")


@contextmanager
def refusing(sku: str, fault: Callable[[int], Any]) -> Iterator[None]:
    """DynamoDB refuses each transaction that writes this product; the fault gets its size."""
    product_id = ids.derived_id("prd", sku)

    def refuse(params: dict[str, Any], **_: Any) -> Any:
        body = params["body"].decode() if isinstance(params["body"], bytes) else params["body"]
        if f'"{product_id}"' not in body:
            return None
        return fault(body.count('"TableName"'))

    event = "before-call.dynamodb.TransactWriteItems"
    connection().client.meta.events.register(event, refuse)
    try:
        yield
    finally:
        connection().client.meta.events.unregister(event, refuse)


def reasons(code: str) -> Callable[[int], Any]:
    return lambda size: faults.cancelled_transaction(*["None"] * (size - 1), code)


ROWS = [csv_row(f"SKU-{number}") for number in range(12)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (reasons("TransactionConflict"), "concurrent_modification"),
        (reasons("ValidationError"), "product_too_large"),
        (reasons("ItemCollectionSizeLimitExceeded"), "product_too_large"),
        (lambda _: faults.error_reply("ValidationException"), "product_too_large"),
    ],
    ids=["conflicts", "item too large", "collection too large", "request not valid"],
)
def test_one_row_that_is_always_refused_stops_no_other(fault, code):
    with refusing("SKU-7", fault):
        imported(*ROWS)

    assert end() == ("completed", 12, 11, 1)
    assert errors() == [(9, code)]
    assert written_skus() == {f"SKU-{number}" for number in range(12)} - {"SKU-7"}


def test_a_row_that_others_change_at_each_attempt_is_rejected(monkeypatch):
    tea = shop.product("TEA", available=9)
    stage_rows = chunks.catalog.stage_rows

    def stage_and_be_overtaken(transaction, rows, context):
        refused = stage_rows(transaction, rows, context)
        if "TEA" in {row.fields["sku"] for row in rows}:
            Product(tea.product_id).update([Product.version.add(1)])
        return refused

    monkeypatch.setattr(chunks.catalog, "stage_rows", stage_and_be_overtaken)
    imported(csv_row("POT"), csv_row("TEA"), csv_row("CUP"))

    assert end() == ("completed", 3, 2, 1)
    assert errors() == [(3, "concurrent_modification")]
    assert written_skus() == {"POT", "TEA", "CUP"}


def test_a_stored_product_that_cannot_be_read_stops_no_other():
    tea = shop.product("TEA", available=9)
    connection().client.update_item(
        TableName="souk-products",
        Key={"product_id": {"S": tea.product_id}},
        UpdateExpression="SET created_at = :nonsense",
        ExpressionAttributeValues={":nonsense": {"S": "yesterday"}},
    )

    imported(csv_row("POT"), csv_row("TEA"), csv_row("CUP"))

    assert end() == ("completed", 3, 2, 1)
    assert errors() == [(3, "row_failed")]


@pytest.mark.parametrize(
    "fault",
    [reasons("ThrottlingError"), reasons("ProvisionedThroughputExceeded")],
    ids=["table throttled", "partition throttled"],
)
def test_a_busy_database_rejects_no_row(fault):
    imports.upload()
    event = put_file(CSV_HEADER + "".join(ROWS))

    with refusing("SKU-7", fault), pytest.raises(Unavailable):
        handler(event, CONTEXT)
    running = end()
    handler(event, CONTEXT)

    assert running[0] == "running"
    assert (end(), errors()) == (("completed", 12, 12, 0), [])


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_broken_deployment_rejects_no_row(code):
    imports.upload()
    event = put_file(CSV_HEADER + "".join(ROWS))

    with (
        refusing("SKU-7", lambda _: faults.error_reply(code)),
        pytest.raises(Exception, match="Failed to write"),
    ):
        handler(event, CONTEXT)
    handler(event, CONTEXT)

    assert (end(), errors()) == (("completed", 12, 12, 0), [])


@pytest.mark.parametrize("phase", ["before-call", "after-call"])
def test_a_rejected_row_counts_once_wherever_a_run_is_killed(phase):
    event = put_file(CSV_HEADER + "".join(ROWS[6:9]))
    imports.upload()
    with refusing("SKU-7", reasons("TransactionConflict")):
        with aws_calls.record_calls() as calls:
            handler(event, CONTEXT)
        last_try = range(len(calls) - 12, len(calls))

        for number in last_try:
            for item in [*Product.scan(), *Stock.scan(), *StockMovement.scan(), *Upload.scan()]:
                item.delete()
            imports.upload()
            with aws_calls.break_call(number, Killed(), phase=phase), suppress(Killed):
                handler(event, CONTEXT)
            handler(event, CONTEXT)

            assert end() == ("completed", 3, 2, 1), f"call {number}: {calls[number]}"
            assert errors() == [(3, "concurrent_modification")]
            assert StockMovement.count() == 2


def test_a_long_message_is_cut():
    imported(csv_row("TEA", name="x" * 300), f"{'X' * 70},Tea,1,EUR,1\n")

    assert all(len(error.message) <= 500 for error in upload().errors)


def variant(sku: str, *, currency: str = "EUR", group: str = "SHIRT") -> str:
    price = {"amount_minor": 1000, "currency": currency}
    created = create_product(sku=sku, price=price, group=group, options={"size": sku})
    return str(created["id"])


def currencies_of(group: str) -> dict[str, str]:
    return {variant.sku: variant.currency for variant in ProductGroup.get(group).variants}


def test_a_row_cannot_give_a_group_a_second_currency():
    variant("S"), variant("M")

    imported(csv_row("TEA"), row_in("USD", "M"), csv_row("S"))

    assert end() == ("completed", 3, 2, 1)
    assert errors() == [(3, "mixed_currencies")]
    assert Product.get(ids.derived_id("prd", "M")).currency == "EUR"


def test_a_row_changes_the_currency_of_a_group_of_one():
    variant("S")

    imported(row_in("USD", "S"))

    assert end() == ("completed", 1, 1, 0)
    assert currencies_of("SHIRT") == {"S": "USD"}
    assert patch_product(ids.derived_id("prd", "S"), {"name": "Shirt"}).status == 200


def test_all_variants_in_one_file_keep_their_currency():
    """As with the API, whose first call is refused, too."""
    variant("S"), variant("M")

    imported(row_in("USD", "S"), row_in("USD", "M"))

    assert end() == ("completed", 2, 0, 2)
    assert errors() == [(2, "mixed_currencies"), (3, "mixed_currencies")]
    assert currencies_of("SHIRT") == {"S": "EUR", "M": "EUR"}


def test_rows_of_several_groups_change_each_once():
    variant("S"), variant("L", group="COAT"), variant("M", group="HAT")

    imported(row_in("USD", "S"), row_in("JPY", "L"), csv_row("M"))

    assert end() == ("completed", 3, 3, 0)
    assert (currencies_of("SHIRT"), currencies_of("COAT")) == ({"S": "USD"}, {"L": "JPY"})
    assert (ProductGroup.get("SHIRT").version, ProductGroup.get("HAT").version) == (2, 1)


def test_a_variant_that_joins_during_an_import_wins(monkeypatch):
    variant("S")
    stage_rows, turns = chunks.catalog.stage_rows, iter([True])

    def stage_and_be_overtaken(*args, **kwargs):
        refused = stage_rows(*args, **kwargs)
        if next(turns, False):
            variant("M")
        return refused

    monkeypatch.setattr(chunks.catalog, "stage_rows", stage_and_be_overtaken)
    imported(row_in("USD", "S"), csv_row("TEA"))

    assert end() == ("completed", 2, 1, 1)
    assert errors() == [(2, "mixed_currencies")]
    assert currencies_of("SHIRT") == {"S": "EUR", "M": "EUR"}


def test_an_archived_variant_counts_for_the_currency():
    archived = variant("S")
    variant("M")
    patch_product(archived, {"status": "archived"})

    imported(row_in("USD", "M"))

    assert errors() == [(2, "mixed_currencies")]


def test_a_group_of_stock_shards_is_written_in_smaller_batches():
    for number in range(8):
        product_id = variant(f"V{number}", group=f"G{number}")
        patch_product(product_id, {"stock_shards": 16})

    imported(*[row_in("USD", f"V{number}", available=32) for number in range(8)])

    assert end() == ("completed", 8, 8, 0)
    assert sum(stock.available for stock in Stock.scan()) == 8 * 32


def join_group() -> object:
    return post_product(sku="M", group="SHIRT", options={"size": "M"})


def change_currency() -> object:
    price = {"amount_minor": 900, "currency": "JPY"}
    return patch_product(ids.derived_id("prd", "S"), {"price": price})


def archive() -> object:
    return edit_product("archive", ids.derived_id("prd", "S"))


def leave_group() -> object:
    return patch_product(ids.derived_id("prd", "S"), {"group": None, "options": None})


@pytest.mark.parametrize("edit", [join_group, change_currency, archive, leave_group])
@pytest.mark.parametrize("is_import_first", [True, False])
def test_a_group_has_one_currency_however_calls_interleave(edit, is_import_first):
    def import_row() -> object:
        return handler(event, CONTEXT)

    def prepare(_: int) -> tuple[Callable[[], object], Callable[[], object]]:
        for item in [*Product.scan(), *ProductGroup.scan(), *Stock.scan()]:
            item.delete()
        variant("S")
        imports.upload()
        return (import_row, edit) if is_import_first else (edit, import_row)

    event = put_file(CSV_HEADER + row_in("USD", "S", available=3))
    places = 0
    for place in each_interleaving(prepare):
        products = {product.sku: product for product in Product.scan()}
        for group in ProductGroup.scan():
            copies = {variant.sku: variant.currency for variant in group.variants}
            assert len(set(copies.values())) <= 1, place
            assert copies == {sku: products[sku].currency for sku in copies}, place
        assert end()[0] == "completed"
        places = place
    assert places >= 2
