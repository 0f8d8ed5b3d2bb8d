"""Whole slice: an export is imported, and the shop is exported again."""

import json
from collections.abc import Callable

import pytest

from files.workers.import_file import handler
from shared.storage.models.catalog import Product, ProductGroup, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.catalog import create_product, set_stock
from tests.support.categories import create_category
from tests.support.http import CONTEXT
from tests.support.pictures import create_queue, sent_messages, store_picture
from tests.support.product_exports import build_hostile_shop, export_products, product_id

pytestmark = pytest.mark.usefixtures("aws")

FORMATS = ["csv", "jsonl", "xlsx"]
UPLOADS, EXPORTS, OUTBOX = "souk-uploads", "souk-exports", "souk-outbox"


def import_file(content: bytes, filename: str = "products.csv") -> Upload:
    imports.upload(filename=filename)
    handler(imports.put_file(content), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    return Upload.get("upl_one", "upload")


def catalog_items() -> set[tuple[str, str]]:
    """Every item but those of the import and the export themselves."""
    return {item for item in shop.stored_items() if item[0] not in (UPLOADS, EXPORTS, OUTBOX)}


def catalog_events() -> list[str]:
    payloads = [json.loads(row.payload) for row in OutboxRow.scan()]
    events = [event for each in payloads for event in (each if isinstance(each, list) else [each])]
    return [event["id"] for event in events if event["type"].startswith(("product.", "stock."))]


@pytest.fixture(autouse=True)
def _queue(aws: None) -> None:  # noqa: ARG001 (it needs the account)
    create_queue()


def add_pictures(*skus: str) -> None:
    """Gives each product three, with texts that are hard to write, and one that an import made."""
    for sku in skus:
        for name, alt in (("b", "=A|b, 'c'"), ("a", None), ("c", "Tea\\n")):
            store_picture(product_id(sku), f"{name}{sku}", alt)
        store_picture(product_id(sku), sku, "From a supplier", source="tea.jpg")


def assert_nothing_changes(export: Callable[[str], bytes]) -> None:
    first, items, events = export("exp_one"), catalog_items(), catalog_events()

    upload = import_file(first)

    assert upload.status == "completed", upload.errors
    assert [error.attribute_values for error in upload.errors] == []
    assert catalog_items() == items
    assert catalog_events() == events
    assert (sent_messages(), upload.pictures) == ([], 0)
    assert export("exp_two") == first


@pytest.mark.parametrize("format_", FORMATS)
def test_an_import_of_an_export_writes_nothing(format_):
    build_hostile_shop()
    add_pictures("FULL", "GONE", "=TEAS-S", "=TEAS-=M")

    assert_nothing_changes(lambda export_id: export_products(export_id, format=format_))


@pytest.mark.parametrize("format_", FORMATS)
def test_an_import_of_an_export_restores_an_empty_shop(format_):
    build_hostile_shop()
    first = export_products(format=format_)
    for table in (Product, ProductGroup, Stock, StockMovement):
        for item in table.scan():
            item.delete()

    upload = import_file(first)

    assert [error.attribute_values for error in upload.errors] == []
    assert export_products("exp_two", format=format_) == first


def build_shop_for_shopify() -> None:
    """What Shopify's columns can hold: one title for a group, and one currency."""
    create_category(name="Home & garden", parent=None)
    create_category(name="Tea pots", parent="home-garden")
    attributes = {"vendor": "Acme", "seo_title": "Pots", "type": "Loose"}
    create_product(sku="POT", name="=Pot", category="home-garden/tea-pots", attributes=attributes)
    create_product(sku="CUP", category="home-garden/tea-pots", tags=["a", "=b"], weight_grams=0)
    create_product(
        sku="TEA 1",
        description='<p>One</p>\n\nTwo, "three"',
        barcode="4006381333931",
        compare_at_price={"amount_minor": 2000, "currency": "EUR"},
        weight_grams=250,
    )
    for size in ("S", "M"):
        options = {"Size": size, "=Colour": "red"}
        create_product(sku=f"TEAS-{size}", group="TEAS", options=options, status="draft")
    create_product(sku="BACK", stock_policy="backorder")
    set_stock(product_id("BACK"), -4)
    create_product(sku="DOWNLOAD", stock_policy="untracked")
    create_product(sku="GONE", status="archived")
    set_stock(product_id("CUP"), 7)
    add_pictures("POT", "TEAS-S", "TEAS-M", "GONE")


def test_an_import_of_shopify_s_columns_writes_nothing():
    build_shop_for_shopify()

    assert_nothing_changes(
        lambda export_id: export_products(export_id, format="shopify", currency="EUR")
    )


def test_an_import_of_shopify_s_columns_keeps_what_they_lack():
    more = {
        "attributes": {"size": 1, "list": [None], "vendor": "Acme"},
        "tax_class": "reduced",
        "low_stock_at": 3,
        "order_quantity_max": 2,
        "stock_shards": 2,
    }
    create_product(sku="TEA", **more)
    create_product(sku="BACK", stock_policy="backorder", backorder_limit=9, **more)

    assert_nothing_changes(
        lambda export_id: export_products(export_id, format="shopify", currency="EUR")
    )


def test_a_column_of_attributes_replaces_them_all():
    create_product(sku="TEA", attributes={"a": 1, "b": 2})

    import_file(b'{"sku": "TEA", "attributes": {"a": 3, "c": null}}\n', "products.jsonl")

    assert Product.get(product_id("TEA")).attributes_json == {"a": 3, "c": None}


def test_a_column_of_one_attribute_keeps_the_others():
    create_product(sku="TEA", attributes={"size": 1, "vendor": "Old"})

    import_file(b"Handle,Title,Vendor,Variant SKU,Variant Price\nt,Tea,Acme,TEA,1.00\n")

    assert Product.get(product_id("TEA")).attributes_json == {"size": 1, "vendor": "Acme"}
