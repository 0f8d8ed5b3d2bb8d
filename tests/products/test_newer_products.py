"""Products and stock that newer code has written: edits, counts and imports lose nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from files.workers import import_file
from products.service import get_staff_product
from products.workers.watch_stock_levels import handler as watch_stock_levels
from shared.storage.models.catalog import Product, ProductGroup, Stock
from shared.storage.models.listings import Listing, Posting
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.catalog import (
    TEA,
    adjust_stock,
    edit_product,
    get_product,
    patch_product,
    set_stock,
)
from tests.support.catalog import (
    get_staff_product as get_staff_answer,
)
from tests.support.http import CONTEXT
from tests.support.imports import CSV_HEADER, csv_row, put_file
from tests.support.unknown_fields import (
    NAME,
    assert_marks_kept,
    client,
    mark_stored_items,
    stored_item,
)

pytestmark = pytest.mark.usefixtures("aws")

CATALOG = (Product, ProductGroup, Stock)
OPTIONS = {"size": "L"}
VARIANT = TEA | {"group": "TEAS", "options": OPTIONS}


def variant() -> Product:
    """A product with stock in three shards, in a group with another."""
    shop.listed_product("CUP", group="TEAS", options_json={"size": "S"})
    shop.listed_product("POT", group="POTS", options_json={"size": "S"})
    tea = shop.listed_product("TEA", group="TEAS", options_json=OPTIONS, available=9)
    assert patch_product(tea.product_id, {"stock_shards": 3}).status == 200
    return tea


def import_rows(*rows: str) -> Upload:
    imports.upload()
    import_file.handler(put_file(CSV_HEADER + "".join(rows)), CONTEXT)
    return Upload.get("upl_one", "upload")


def patch(**changes: Any) -> Callable[[str], object]:
    return lambda product_id: patch_product(product_id, changes)


EDITS: dict[str, Callable[[str], Any]] = {
    "patch": patch(name="Better tea", tags=["new"], attributes={"origin": "Uji"}),
    "put": lambda product_id: edit_product("replace", product_id, VARIANT | {"name": "Sencha"}),
    "put with defaults": lambda product_id: edit_product(
        "replace", product_id, {**TEA, "description": ""}
    ),
    "archive": lambda product_id: edit_product("archive", product_id),
    "price": patch(price={"amount_minor": 5}),
    "currency": lambda product_id: edit_product(
        "replace", product_id, TEA | {"price": {"amount_minor": 5, "currency": "USD"}}
    ),
    "options": patch(options={"size": "XL"}),
    "reshard up": patch(stock_shards=16),
    "reshard down": patch(stock_shards=1),
    "count": lambda product_id: set_stock(product_id, 40),
    "adjust": lambda product_id: adjust_stock(product_id, -7),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_keeps_unknown_fields(edit):
    tea = variant()
    marked = mark_stored_items(*CATALOG)

    answer = EDITS[edit](tea.product_id)

    assert answer.status in (200, 204), answer
    if edit not in ("put with defaults", "currency"):  # they leave the group
        assert_marks_kept(marked, *CATALOG)
    assert_marks_kept(marked, Product, Stock)


def test_an_exact_count_keeps_unknown_fields():
    tea = variant()
    marked = mark_stored_items(*CATALOG)
    version = get_staff_product(tea.product_id).stock_version

    assert set_stock(tea.product_id, 40, if_match=f'"{version}"').status == 200

    assert_marks_kept(marked, *CATALOG)


def test_a_variant_takes_unknown_fields_to_its_new_group():
    tea = variant()
    mark_stored_items(ProductGroup)

    def mark_of(group: str) -> Any:
        entries = [entry["M"] for entry in stored_item(ProductGroup, group)["variants"]["L"]]
        marks = {entry["product_id"]["S"]: entry.get(NAME) for entry in entries}
        return marks.get(tea.product_id)

    before = mark_of("TEAS")
    patch_product(tea.product_id, {"group": "POTS"})

    assert before is not None
    assert (mark_of("TEAS"), mark_of("POTS")) == (None, before)


def test_an_imported_row_keeps_unknown_fields():
    tea = variant()
    marked = mark_stored_items(*CATALOG)

    upload = import_rows(csv_row("TEA", available=33, name="New"), csv_row("CUP", available=1))

    assert (upload.written, upload.rejected) == (2, 0)
    assert (Product.get(tea.product_id).name, shop.available(tea)) == ("New", 33)
    assert_marks_kept(marked, *CATALOG)


def test_the_progress_of_an_import_keeps_unknown_fields():
    imports.upload()
    event = put_file(CSV_HEADER + csv_row("TEA", price="free") + csv_row("CUP"))
    marked = mark_stored_items(Upload)

    import_file.handler(event, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"
    assert_marks_kept(marked, Upload)


def test_indexing_again_keeps_unknown_fields():
    tea = variant()
    shop.index_products(Product.get(tea.product_id))
    marked = mark_stored_items(Listing, Posting)
    patch_product(tea.product_id, {"name": "Better tea", "price": {"amount_minor": 5}})

    shop.index_products(Product.get(tea.product_id))

    assert any(item["price_key"] for item in marked.values() if "price_key" in item)
    assert_marks_kept(marked, Listing, Posting)


def test_an_announced_level_keeps_unknown_fields():
    tea = shop.listed_product("TEA", available=1)

    def watch() -> None:
        key = {"product_id": {"S": tea.product_id}}
        watch_stock_levels({"Records": [{"dynamodb": {"Keys": key}}]}, CONTEXT)

    watch()
    marked = mark_stored_items(Stock)
    adjust_stock(tea.product_id, -1)

    watch()

    assert stored_item(Stock, f"{tea.product_id}#level")["level"] == {"S": "depleted"}
    assert_marks_kept(marked, Stock)


def test_no_view_of_a_product_shows_unknown_fields():
    tea = variant()
    mark_stored_items(*CATALOG)

    for answer in (get_product(tea.product_id), get_staff_answer(tea.product_id)):
        assert answer.status == 200
        assert NAME not in str(answer.body)


# A status that only newer code knows


@pytest.fixture
def preorder() -> Product:
    tea = shop.listed_product("TEA", available=3)
    item = stored_item(Product, tea.product_id) | {"status": {"S": "preorder"}}
    client().put_item(TableName=Product.Meta.table_name, Item=item)
    return tea


def test_staff_see_a_status_of_newer_code(preorder):
    assert get_staff_answer(preorder.product_id).body["status"] == "preorder"
    assert get_product(preorder.product_id).status == 404


@pytest.mark.parametrize("edit", ["patch", "put with defaults", "price", "reshard up", "count"])
def test_an_edit_keeps_a_status_of_newer_code(preorder, edit):
    answer = EDITS[edit](preorder.product_id)

    assert answer.status == 200
    assert Product.get(preorder.product_id).status == "preorder"


def test_an_import_keeps_a_status_of_newer_code(preorder):
    upload = import_rows(csv_row("TEA", name="New"))

    stored = Product.get(preorder.product_id)
    assert (upload.written, stored.name, stored.status) == (1, "New", "preorder")


def test_a_status_of_newer_code_can_be_replaced(preorder):
    assert patch_product(preorder.product_id, {"status": "active"}).body["status"] == "active"
    assert edit_product("archive", preorder.product_id).status in (200, 204)
