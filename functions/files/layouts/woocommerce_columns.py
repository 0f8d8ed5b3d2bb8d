"""The columns of WooCommerce's product CSV, of its versions since 3.1. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from files.layouts.amounts import PLAIN
from files.layouts.cells import normalize_word, parse_yes_or_no
from files.layouts.systems import NOT_HERE
from files.layouts.targets import (
    OMIT,
    Target,
    amount,
    category_names,
    entries_if_any,
    ignored,
    optional_whole_number,
    text_if_any,
    to,
    units_if_any,
)

_PRICE = amount("major", PLAIN)
_LINE_END = re.compile(r"\\(\\n)|\\n")


def _description(cell: str, _currency: str) -> Any:
    """WooCommerce writes the end of a line as a backslash and an n, and such a pair with two."""
    return _LINE_END.sub(lambda found: found[1] or "\n", cell) if cell else OMIT


def _published(cell: str, _currency: str) -> Any:
    """1 is public; 0 is private, and -1 a draft."""
    return (cell != "-1" and parse_yes_or_no(cell)) if cell else OMIT


def _in_stock(cell: str, _currency: str) -> Any:
    if not cell:
        return OMIT
    word = normalize_word(cell)
    return "backorder" if word in ("backorder", "onbackorder") else parse_yes_or_no(word)


def _stock(cell: str, currency: str) -> Any:
    return "parent" if normalize_word(cell) == "parent" else units_if_any(cell, currency)


def _backorders(cell: str, _currency: str) -> Any:
    word = normalize_word(cell)
    return (word == "notify" or parse_yes_or_no(word)) if word else OMIT


def _tax_class(cell: str, _currency: str) -> Any:
    """Empty: the standard rate. A variation can have `parent`."""
    word = "-".join(normalize_word(cell).split())
    return OMIT if word == "parent" else word or "standard"


def _one_each(cell: str, _currency: str) -> Any:
    return 1 if cell and parse_yes_or_no(cell) else None


def _categories(cell: str, currency: str) -> Any:
    return category_names(">", ",")(cell, currency) or OMIT


_NOT_HERE = (
    "is featured?|visibility in catalog|tax status|allow customer reviews?|purchase note|"
    "shipping class|download limit|download expiry days|grouped products|upsells|cross-sells|"
    "button text|position|swatches attributes"
)
TARGETS: Mapping[str, Target] = {
    "id": Target("id", text_if_any, None, "finds the parent of a variation"),
    "type": Target("type", text_if_any, None, "says which rows are variants"),
    "sku": to("sku", text_if_any),
    "gtin, upc, ean, or isbn": to("barcode", text_if_any, "if it is no GTIN: an attribute"),
    "name": to("name", text_if_any, "variations have the name of their product"),
    "published": Target("published", _published, "status", "no: a draft"),
    "short description": Target("short_description", _description, "attributes.short_description"),
    "description": to("description", _description),
    "date sale price starts": Target("sale_starts", text_if_any, None, "a sale without end only"),
    "date sale price ends": Target("sale_ends", text_if_any, None, "a sale without end only"),
    "tax class": to("tax_class", _tax_class),
    "in stock?": Target("in_stock", _in_stock, "stock_policy"),
    "stock": Target("stock", _stock, "available", "empty: the stock is not counted"),
    "low stock amount": to("low_stock_at", optional_whole_number),
    "backorders allowed?": Target("backorders", _backorders, "stock_policy"),
    "sold individually?": to("order_quantity_max", _one_each, "yes: 1"),
    "sale price": Target("sale_price", _PRICE, "price"),
    "regular price": Target("regular_price", _PRICE, "price", "during a sale: compare_at_price"),
    "categories": to("category_names", _categories, "the first one; made if it does not exist"),
    "tags": to("tags", entries_if_any(",")),
    "images": to("pictures", entries_if_any(",")),
    "parent": Target("parent", text_if_any, "group"),
    "external url": Target("attribute:external_url", text_if_any, "attributes.external_url"),
    "brands": Target("attribute:brand", text_if_any, "attributes.brand"),
    "cost of goods": ignored("products show no costs"),
    **dict.fromkeys(_NOT_HERE.split("|"), NOT_HERE),
}
SIGNS = frozenset(
    ["regular price", "in stock?", "attribute 1 name", "is featured?", "visibility in catalog"]
)
