"""How cells of our own columns become values, and which other names the columns can have. Pure.

An empty cell of an optional column removes the value. So it does in a file of a person: who does
not want to change a field leaves its column out.
"""

import re
from typing import Any

from files.layouts.cells import BadCell
from files.layouts.own_columns import IMAGE_SEPARATOR, read_tags
from files.layouts.targets import (
    Target,
    amount,
    ignored,
    json_object,
    omit,
    optional_text,
    optional_whole_number,
    text,
    text_if_any,
    to,
    whole_number,
)
from shared.storage.models.catalog import TRACKED

_STANDARD_TAX = "standard"
UNKNOWN_COLUMN = (
    "This column is unknown. Remove it, or say in the mapping where it goes; "
    '"field": "ignored" leaves it out.'
)


def _tags(cell: str, _currency: str) -> list[str]:
    return read_tags(cell)


def _shards(cell: str, _currency: str) -> int:
    return whole_number(cell, _currency) if cell else 1


def _pictures(cell: str, _currency: str) -> list[str]:
    return [name.strip() for name in cell.split(IMAGE_SEPARATOR) if name.strip()]


OWN_TARGETS: dict[str, Target] = {
    "sku": to("sku", text),
    "name": to("name", text),
    "description": to("description", text),
    "status": to("status", text_if_any),
    "price_minor": Target("price", amount("minor", blank=""), "price"),
    "price": to("price", amount(None, blank="")),
    "currency": to("currency", text),
    "compare_at_price_minor": Target(
        "compare_at_price", amount("minor", blank=None), "compare_at_price"
    ),
    "compare_at_price": to("compare_at_price", amount(None, blank=None)),
    "category": to("category", optional_text),
    "tags": to("tags", _tags),
    "group": to("group", optional_text),
    "options": to("options", json_object),
    "attributes": to("attributes", json_object),
    "stock_policy": to("stock_policy", lambda cell, _: cell or TRACKED),
    "available": to("available", optional_whole_number),
    "backorder_limit": to("backorder_limit", optional_whole_number),
    "low_stock_at": to("low_stock_at", optional_whole_number),
    "order_quantity_max": to("order_quantity_max", optional_whole_number),
    "stock_shards": to("stock_shards", _shards),
    "tax_class": to("tax_class", lambda cell, _: cell or _STANDARD_TAX),
    "weight_grams": to("weight_grams", optional_whole_number),
    "barcode": to("barcode", optional_text),
    "images": to("pictures", _pictures, "URLs or file names with bars between them"),
}
# Names that stock files, price files and other short files have for these columns.
_OTHER_NAMES = {
    "available": ("quantity", "qty", "stock", "stock_quantity", "inventory", "on_hand"),
    "name": ("title", "product_name"),
    "sku": ("product_sku",),
    "barcode": ("gtin", "ean", "ean13", "upc"),
    "images": ("pictures",),
}
OWN_TARGETS |= {
    name: OWN_TARGETS[column] for column, names in _OTHER_NAMES.items() for name in names
}
# What a file of rejected rows adds, and what answers of the API have besides.
ERROR_COLUMNS = ("error_row", "error_column", "error_code", "error_message")
NOT_REJECTED = "not_rejected"  # the code of a row that is there because others need it
_READ_ONLY = (
    "id product_id version created_at updated_at availability variants category_name "
    "quantity_limits allocated stock_version"
)
_SET_BY_SHOP = ignored("set by the shop")
ERROR_TARGETS = dict.fromkeys(ERROR_COLUMNS, _SET_BY_SHOP)
OWN_TARGETS |= dict.fromkeys(_READ_ONLY.split(), _SET_BY_SHOP) | ERROR_TARGETS

_OPTION = re.compile(r"option_(.+)", re.IGNORECASE)


def find_own_target(column: str) -> Target | None:
    """The target of a column with this name in whatever case; `option_Size` keeps its case."""
    key = column.lower().replace(" ", "_")
    found = OWN_TARGETS.get(key)
    option = None if found else _OPTION.fullmatch(column)
    if option:
        name = option[1].strip()
        return Target(f"option:{name}", text_if_any, f"options.{name}")
    return found


def _refuse_data(cell: str, currency: str) -> Any:
    if not cell:
        return omit(cell, currency)
    raise BadCell("unknown_column", UNKNOWN_COLUMN)


# For a column that nobody knows, and that was empty where the header was recognised.
UNKNOWN = Target("", _refuse_data, None, "unknown, and empty")
