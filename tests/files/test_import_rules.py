"""An imported row obeys the rules of the API: the same product gets the same refusal from both."""

import csv
import io
from typing import Any

import pytest

from files.workers.import_file import handler
from products.fields import AVAILABLE_MAX
from products.identifiers import product_id_of
from shared.money import AMOUNT_MINOR_MAX
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.catalog import (
    create_product,
    edit_product,
    patch_product,
    post_product,
    set_stock,
)
from tests.support.http import CONTEXT, Answer
from tests.support.imports import put_file

pytestmark = pytest.mark.usefixtures("aws")

TEA: dict[str, Any] = {
    "sku": "TEA",
    "name": "Green tea",
    "description": "",
    "category": None,
    "price": {"amount_minor": 1250, "currency": "EUR"},
    "tags": [],
    "tax_class": "standard",
    "stock_policy": "tracked",
    "backorder_limit": None,
    "order_quantity_max": None,
    "compare_at_price": None,
    "weight_grams": None,
    "barcode": None,
}
Refusals = list[tuple[str, str]]  # each invalid field with the code of its error


def price(amount_minor: Any = 1250, currency: Any = "EUR") -> dict[str, Any]:
    return {"price": {"amount_minor": amount_minor, "currency": currency}}


def before(amount_minor: Any) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def import_product(product: dict[str, Any], available: Any = 0) -> Refusals:
    """Import a file with this one product, with every column."""
    columns = {
        **{name: product[name] for name in ("sku", "name", "description", "tax_class")},
        "category": product["category"] or "",
        "tags": "|".join(product["tags"]),
        "price_minor": product["price"]["amount_minor"],
        "currency": product["price"]["currency"],
        **{
            name: product[name]
            for name in (
                *("stock_policy", "backorder_limit", "order_quantity_max"),
                *("weight_grams", "barcode"),
            )
        },
        "compare_at_price_minor": (product["compare_at_price"] or {}).get("amount_minor"),
        "available": available,
    }
    text = io.StringIO()
    csv.writer(text).writerows([columns.keys(), columns.values()])
    imports.upload()
    handler(put_file(text.getvalue()), CONTEXT)
    return [(error.field or "", error.code) for error in Upload.get("upl_one", "upload").errors]


def refusals_of(answer: Answer) -> Refusals:
    """The refusals of the API, with the columns that a file has for the fields."""
    if "fields" not in answer.error["details"]:
        return [("", answer.code)]
    return [
        (_column(field["path"].removeprefix("body.")), field["code"])
        for field in answer.error["details"]["fields"]
    ]


def _column(path: str) -> str:
    if path.startswith("compare_at_price"):
        return "compare_at_price_minor"
    if path.startswith("price"):
        return {"price.amount_minor": "price_minor"}.get(path, "currency")
    return path.partition(".")[0]


BAD_FIELDS = {
    "sku empty": {"sku": ""},
    "sku with a tab": {"sku": "TEA\tPOT"},
    "sku with a hidden space": {"sku": "TEA\u200bPOT"},
    "sku too long": {"sku": "T" * 65},
    "name empty": {"name": ""},
    "name too long": {"name": "x" * 201},
    "name of two lines": {"name": "Green\ntea"},
    "name with a tab": {"name": "Green\ttea"},
    "description too long": {"description": "x" * 5_001},
    "category in upper case": {"category": "Kitchen"},
    "category with an empty level": {"category": "kitchen//tea"},
    "category that begins with /": {"category": "/kitchen"},
    "category that ends with /": {"category": "kitchen/"},
    "category too deep": {"category": "/".join("abcdefghi")},
    "category too long": {"category": "x" * 201},
    "price negative": price(-1),
    "price too high": price(AMOUNT_MINOR_MAX + 1),
    "price a fraction": price("12.50"),
    "price a word": price("free"),
    "currency in lower case": price(currency="eur"),
    "currency too long": price(currency="EURO"),
    "currency that does not exist": price(currency="EUX"),
    "currency of a metal": price(currency="XAU"),
    "currency empty": price(currency=""),
    "too many tags": {"tags": [f"t{number}" for number in range(21)]},
    "a tag too long": {"tags": ["green", "x" * 51]},
    "a tag empty": {"tags": ["green", "", "loose"]},
    "a tag of two lines": {"tags": ["green\ntea"]},
    "tax class in upper case": {"tax_class": "Reduced"},
    "tax class too long": {"tax_class": "x" * 41},
    "tax class with a space": {"tax_class": "re duced"},
    "price before below the price": {"compare_at_price": before(1249)},
    "price before equal to the price": {"compare_at_price": before(1250)},
    "price before too high": {"compare_at_price": before(AMOUNT_MINOR_MAX + 1)},
    "price before a fraction": {"compare_at_price": before("19.99")},
    "weight negative": {"weight_grams": -1},
    "weight too high": {"weight_grams": 10**8 + 1},
    "weight a fraction": {"weight_grams": "1.5"},
    "barcode mistyped": {"barcode": "4006381333930"},
    "barcode too short": {"barcode": "36000291452"},
    "barcode of a spreadsheet": {"barcode": "4.00638E+12"},
    "policy of another shop": {"stock_policy": "deny"},
    "policy in upper case": {"stock_policy": "TRACKED"},
    "limit of back-orders zero": {"backorder_limit": 0},
    "limit of back-orders negative": {"backorder_limit": -1},
    "limit of back-orders too high": {"backorder_limit": AVAILABLE_MAX + 1},
    "limit of back-orders a word": {"backorder_limit": "none"},
    "limit of an order zero": {"order_quantity_max": 0},
    "limit of an order negative": {"order_quantity_max": -5},
    "limit of an order too high": {"order_quantity_max": 10_001},
    "limit of an order a fraction": {"order_quantity_max": "1.5"},
    "limit of an order a word": {"order_quantity_max": "many"},
    "several fields at once": {"name": "", "category": "A", "tags": ["x" * 51], **price(-1)},
}


@pytest.mark.parametrize("bad", BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_a_bad_new_product_is_refused_by_both(bad):
    refused = refusals_of(post_product(**TEA | bad))

    assert import_product(TEA | bad) == refused
    assert Product.count() == 0


@pytest.mark.parametrize(
    "bad", [bad for bad in BAD_FIELDS.values() if "sku" not in bad], ids=lambda bad: str(bad)[:40]
)
def test_a_bad_edit_is_refused_by_both(bad):
    product = create_product(**TEA)
    refused = refusals_of(edit_product("replace", product["id"], TEA | bad))
    patched = refusals_of(patch_product(product["id"], bad))

    imported = import_product(TEA | bad)

    assert imported == refused
    assert {column for column, _ in imported} == {column for column, _ in patched}
    assert Product.get(product["id"]).version == 1


@pytest.mark.parametrize("available", [-1, AVAILABLE_MAX + 1, "many", "1.5", 10**17])
def test_a_bad_stock_is_refused_by_both(available):
    product = create_product(**TEA)

    refused = refusals_of(set_stock(product["id"], available))

    assert import_product(TEA, available) == refused
    assert len(refused) == 1


GOOD_FIELDS = {
    "the longest texts": {"name": "x" * 200, "description": "x" * 5_000},
    "the longest sku": {"sku": "T" * 64},
    "the deepest category": {"category": "/".join("abcdefgh")},
    "the most tags": {"tags": [f"{number:02}".ljust(50, "x") for number in range(20)]},
    "a real sku": {"sku": 'TEST3/4"'},
    "a sku of two words": {"sku": "123456 Oaktree"},
    "a sku with a formula": {"sku": "=1+1"},
    "no price": price(0),
    "a price before": {"compare_at_price": before(1251)},
    "the highest price before": {"compare_at_price": before(AMOUNT_MINOR_MAX)},
    "a price before for what is free now": {**price(0), "compare_at_price": before(1)},
    "no weight": {"weight_grams": 0},
    "the highest weight": {"weight_grams": 10**8},
    "a printed barcode": {"barcode": "4 006381 333931"},
    "another stock policy": {"stock_policy": "backorder", "backorder_limit": AVAILABLE_MAX},
    "a tag twice": {"tags": ["green", "green"]},
    "the highest price": price(AMOUNT_MINOR_MAX),
    "a price without minor units": price(1, "JPY"),
}


@pytest.mark.parametrize("good", GOOD_FIELDS.values(), ids=GOOD_FIELDS)
def test_a_product_at_its_bounds_is_accepted_by_both(good):
    sku = good.get("sku", "TEA")
    create_product(**TEA | good)
    created = Product.get(product_id_of(sku))
    created.delete()

    assert import_product(TEA | good, AVAILABLE_MAX) == []

    imported = Product.get(created.product_id)
    times = ("created_at", "updated_at", "listed_at")
    kept = set(Product.get_attributes()) - {*times, "by_status"}
    assert {name: getattr(imported, name) for name in kept} == {
        name: getattr(created, name) for name in kept
    }


def in_open_orders(product_id: str) -> None:
    set_stock(product_id, 9)
    shop.sell(Product.get(product_id), 2)


def beside_another_variant(product_id: str) -> None:
    group = {"group": "SHIRT", "options": {"size": "S"}}
    assert patch_product(product_id, group).status == 200
    create_product(**TEA | {"sku": "OTHER"}, group="SHIRT", options={"size": "M"})


def both(product_id: str) -> None:
    in_open_orders(product_id)
    beside_another_variant(product_id)


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (in_open_orders, "currency_in_use"),
        (beside_another_variant, "mixed_currencies"),
        (both, "currency_in_use"),
    ],
)
@pytest.mark.parametrize("how", ["replace", "patch"])
def test_another_currency_is_refused_by_both(prepare, code, how):
    product_id = create_product(**TEA)["id"]
    prepare(product_id)
    stored = Product.get(product_id)
    more = {"group": stored.group, "options": stored.options_json} if how == "replace" else {}
    body = (TEA if how == "replace" else {}) | price(currency="USD") | more

    refused = refusals_of(edit_product(how, product_id, body))

    assert import_product(TEA | price(currency="USD")) == refused == [("", code)]
    assert Product.get(product_id).currency == "EUR"


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_product_that_is_not_on_sale_is_edited_by_both(status):
    product_id = create_product(**TEA, status=status)["id"]
    assert patch_product(product_id, {"name": "Green tea 2"}).status == 200

    assert import_product(TEA | {"name": "Green tea 3"}, 5) == []

    after = Product.get(product_id)
    assert (after.name, after.status, after.version) == ("Green tea 3", status, 3)


def test_a_stored_product_that_breaks_a_rule_is_refused_by_both():
    product = shop.product("TEA", attributes_json={"deep": [[[[[1]]]]]})

    refused = patch_product(product.product_id, {"name": "Tea"})

    assert import_product(TEA) == refusals_of(refused)
