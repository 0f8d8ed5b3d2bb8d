"""A shop with products that are hard to write to a file, and the worker that exports them."""

import json
from datetime import timedelta
from typing import Any

from shared import clock, ids
from shared.aws import client
from shared.storage.models.catalog import Product
from shared.storage.models.exports import Export
from tests.support import shop
from tests.support.catalog import create_product, patch_product, set_stock
from tests.support.exports import run_export_worker

ATTRIBUTES = {
    "float": 0.1,
    "tiny": 5e-324,
    "whole_float": 2.0,
    "integer": 2**63 - 1,
    "negative": -1,
    "null": None,
    "yes": True,
    "empty": "",
    "list": [1, [2, {"deep": []}], "=1+1", None],
    "object": {"quote": 'He said "no", then\nleft', "": {}},
    "unicode": "\u00e4\u2028\U0001f375'\\",
}
JOINER = "\u200d"  # no SKU has one
# Each may be read as something else: a formula, a number, a separator, nothing.
TEXTS = (
    '=HYPERLINK("http://example.com";"tea")',
    "'=1+1",
    "''=1+1",
    "'quoted'",
    "+49 123",
    "-5",
    "'-5",
    "@here",
    '"quotes" and ""doubled""',
    "a,b;c|d",
    "0017",
    "1E5",
    "true",
    "null",
    "[x]",
    '{"a": 1}',
    "T\u00e4\u00df\u00e9\u4e2d\U0001f375\u200d\U0001f375",
    "\u05e9\u05dc\u05d5\u05dd",
    "&amp; <b>bold</b> _x000D_",
    "\\n\\",
    "#N/A",
)
LINES = 'One\nTwo\r\nThree\rFour\n\n=SUM(A1)\n\'x\n\tindented, "quoted"\n-'


def build_hostile_shop() -> list[str]:
    """Stores products through the API. Returns their SKUs, in the order of their creation."""
    for number, text in enumerate(TEXTS):
        create_product(sku=f"TEXT-{number}", name=text, tags=[text, "plain"], description=text)
        create_product(sku=f"{text.replace(JOINER, '')} {number}"[:64], name="Named by its SKU")
    create_product(sku="LINES", description=LINES, attributes={"lines": LINES})
    create_product(sku="BARS", tags=["a|b", "[", "c"], description="")
    create_product(sku="ATTRIBUTES", attributes=ATTRIBUTES)
    create_product(sku="FLAT", attributes={"a": 1, "b": {"c": None}})
    create_product(
        sku="FULL",
        name="Full",
        category="home/kitchen",
        price={"amount_minor": 0, "currency": "EUR"},
        compare_at_price={"amount_minor": 10**12, "currency": "EUR"},
        low_stock_at=3,
        order_quantity_max=2,
        tax_class="reduced",
        weight_grams=0,
        barcode="4006381333931",
        stock_shards=3,
    )
    for currency, amount in (("JPY", 500), ("KWD", 1250), ("USD", 1999)):
        create_product(sku=currency, price={"amount_minor": amount, "currency": currency})
    _build_groups()
    _build_stock()
    create_product(sku="DRAFT", status="draft")
    create_product(sku="GONE")
    patch_product(_id("GONE"), {"status": "archived"})
    return [product.sku for product in list_products()]


def _build_groups() -> None:
    for group in ("=TEAS", "POTS"):
        for size in ("S", "=M", ""):
            options = {"Size": size or "'-", "Colour, or =not": "red"}
            create_product(sku=f"{group}-{size}", group=group, options=options, status="active")


def _build_stock() -> None:
    create_product(sku="SOME")
    set_stock(_id("SOME"), 7)
    create_product(sku="BACK", stock_policy="backorder", backorder_limit=9)
    set_stock(_id("BACK"), -4)
    create_product(sku="BACK-ANY", stock_policy="backorder")
    create_product(sku="SHARDS", stock_shards=4)
    set_stock(_id("SHARDS"), 101)
    create_product(sku="UNTRACKED")
    set_stock(_id("UNTRACKED"), 5)
    patch_product(_id("UNTRACKED"), {"stock_policy": "untracked"})
    create_product(sku="UNTRACKED-NEVER", stock_policy="untracked")


def _id(sku: str) -> str:
    return ids.derived_id("prd", sku)


def list_products() -> list[Product]:
    return sorted(Product.scan(), key=lambda product: str(product.listed_at))


def product_export(export_id: str = "exp_one", **changes: Any) -> Export:
    """Stores an export of all products that usr_staff has just requested."""
    now = clock.utc_now()
    stored = Export(
        **{
            "export_id": export_id,
            "owner_id": "products#usr_staff",
            "kind": "products",
            "format": "csv",
            "status": "requested",
            "created_at": now,
            "expires_at": now + timedelta(days=7),
        }
        | changes
    )
    stored.save()
    return stored


def export_products(export_id: str = "exp_one", **changes: Any) -> bytes:
    """The content of a new export's file."""
    product_export(export_id, **changes)
    assert run_export_worker(export_id) == []
    export = Export.get(export_id)
    assert export.status == "completed"
    body: bytes = client("s3").get_object(Bucket="souk-uploads", Key=export.file_key)["Body"].read()
    return body


def tea(sku: str, **changes: Any) -> Product:
    """Stores a product directly, without a group's item."""
    return shop.product(sku, **changes)


def json_lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.decode().split("\n") if line]
