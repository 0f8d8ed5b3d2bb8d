"""The columns of Shopify's product CSV, with their names before and after 2024. Pure."""

from collections.abc import Mapping
from typing import Any

from files.layouts.cells import normalize_word, parse_yes_or_no
from files.layouts.systems import NOT_HERE, PRICE
from files.layouts.targets import (
    OMIT,
    Target,
    category_names,
    entries_if_any,
    ignored,
    one_of,
    text_if_any,
    to,
    units_if_any,
    weight,
    yes_or_no,
)

OPTIONS = range(1, 4)
_STATUS = one_of(
    {"active": "active", "draft": "draft", "archived": "archived", "unlisted": "draft"},
    "Must be active, draft or archived.",
)


def _continues(cell: str, _currency: str) -> Any:
    """Whether the product is sold beyond its stock."""
    word = normalize_word(cell)
    if not word:
        return OMIT
    return word == "continue" or (word != "deny" and parse_yes_or_no(word))


def _type(cell: str, currency: str) -> Any:
    """Names: an export writes the levels of a category with `>` between them."""
    return category_names(">")(cell, currency) or OMIT


def _category(cell: str, currency: str) -> Any:
    """Names; exports of some apps have the number of Google's taxonomy instead."""
    return OMIT if not cell or cell.isdigit() else category_names(">")(cell, currency)


_WITHOUT_FIELD = [
    *(f"option{number} linked to" for number in OPTIONS),
    "weight unit",
    "weight unit for display",
    "fulfillment service",
    "requires shipping",
    "taxable",
    "charge tax",
    "tax code",
    "gift card",
    "collection",
    "published scope",
    "unit price total measure",
    "unit price total measure unit",
    "unit price base measure",
    "unit price base measure unit",
]
MARKET = ignored("prices of other markets have no field here")
_HANDLE = Target("handle", text_if_any, "group", "rows with one handle are variants")
_GRAMS = to("weight_grams", weight("g"))
_PUBLISHED = Target("published", yes_or_no, "status", "no: a draft")
_TRACKER = Target("tracker", text_if_any, "stock_policy", "empty: the stock is not counted")
_POLICY = Target("continues", _continues, "stock_policy", "continue: sold beyond the stock")
_CATEGORY = to("category_names", _category, "made if it does not exist")
_IMAGE = Target("image", text_if_any, "pictures")
TARGETS: Mapping[str, Target] = {
    "handle": _HANDLE,
    "url handle": _HANDLE,
    "title": to("name", text_if_any),
    "body (html)": to("description", text_if_any),
    "description": to("description", text_if_any),
    "vendor": Target("attribute:vendor", text_if_any, "attributes.vendor"),
    "product category": _CATEGORY,
    "standard product type": _CATEGORY,
    "standardized product type": _CATEGORY,
    "type": Target("type", _type, "category_names", "the category, if it has no other"),
    "custom product type": Target("type", _type, "category_names"),
    "tags": to("tags", entries_if_any(",")),
    "published": _PUBLISHED,
    "published on online store": _PUBLISHED,
    "status": to("status", _STATUS),
    "sku": to("sku", text_if_any),
    "barcode": to("barcode", text_if_any, "a number that is no GTIN becomes an attribute"),
    "grams": _GRAMS,
    "weight value (grams)": _GRAMS,
    "inventory tracker": _TRACKER,
    "inventory qty": to("available", units_if_any),
    "inventory quantity": to("available", units_if_any),
    "inventory policy": _POLICY,
    "continue selling when out of stock": _POLICY,
    "price": to("price", PRICE),
    "compare at price": to("compare_at_price", PRICE),
    "compare-at price": to("compare_at_price", PRICE),
    "image src": _IMAGE,
    "product image url": _IMAGE,
    "image position": Target("image_position", units_if_any, "pictures"),
    "image alt text": Target("image_alt", text_if_any, "pictures"),
    "image": Target("variant_image", text_if_any, "pictures", "of the variant"),
    "image url": Target("variant_image", text_if_any, "pictures", "of the variant"),
    "seo title": Target("attribute:seo_title", text_if_any, "attributes.seo_title"),
    "seo description": Target(
        "attribute:seo_description", text_if_any, "attributes.seo_description"
    ),
    **{
        f"option{number} {part}": Target(f"option{number}_{part}", text_if_any, "options")
        for number in OPTIONS
        for part in ("name", "value")
    },
    **dict.fromkeys(_WITHOUT_FIELD, NOT_HERE),
    "cost per item": ignored("products show no costs"),
}
