"""PrestaShop's product CSV: its import file, and the export of its catalog. Pure."""

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.amounts import POINT_OF_SYSTEM, POINT_ROUNDED, parse_decimal
from files.layouts.cells import BadCell
from files.layouts.combined_values import decide_description, decide_price
from files.layouts.import_rows import ImportRow, PictureReference
from files.layouts.readings import PICTURES_OF_ROW_MAX, Reading
from files.layouts.systems import NOT_HERE, SystemLayout, join_words
from files.layouts.targets import (
    OMIT,
    Target,
    amount,
    category_names,
    entries,
    ignored,
    optional_whole_number,
    text_if_any,
    to,
    units_if_any,
    yes_or_no,
)

_EXTRAS = re.compile(r"\(.*?\)|[*#:]")  # what the headers add to the names of columns
_UNCLEAR_PERCENT = (
    "Can be {twenty:f} or {cell} percent. Write it as text, with a sign: {twenty:f}% or {cell}%."
)
_FEATURE = re.compile(r"([^:,][^:]{0,49}):([^:]*?)(?::(?:\d+)?)?(?:,|$)")


def _percent(cell: str, _currency: str) -> Any:
    """Excel has the cell that it shows as 20% as 0.2."""
    if not cell:
        return OMIT
    value = parse_decimal(cell.removesuffix("%").strip(), POINT_OF_SYSTEM)
    if 0 < value < 1 and not cell.endswith("%"):
        raise BadCell(
            "ambiguous_percent",
            _UNCLEAR_PERCENT.format(cell=cell, twenty=(value * 100).normalize()),
        )
    return value


def _date(cell: str, _currency: str) -> Any:
    """PrestaShop writes 0000-00-00 for none."""
    return OMIT if not cell.strip("0-: ") else cell


def _features(cell: str, _currency: str) -> dict[str, str]:
    """`Material:Oak:1, Origin:Latvia:2` as a dict."""
    return {found[1].strip(): found[2].strip() for found in _FEATURE.finditer(cell)}


def _categories(cell: str, currency: str) -> Any:
    """Names or paths; an id means nothing here."""
    names = [name for name in entries(",")(cell, currency) if not name.isdigit()]
    return (category_names("/")(names[0], currency) or OMIT) if names else OMIT


_PRICE = amount("major", POINT_ROUNDED)
_REGULAR = Target("regular_price", _PRICE, "price", "with a discount: compare_at_price")
_STATUS = Target("active", yes_or_no, "status", "0: a draft")
_NOT_HERE = (
    "tax rules id|tax rule id|on sale|supplier reference|supplier|ecotax|width|height|depth|"
    "delivery time of in-stock products|"
    "delivery time of out-of-stock products with allowed orders|minimal quantity|"
    "minimum quantity|visibility|additional shipping cost|unity|unit for base price|unit price|"
    "base price|meta keywords|url rewritten|rewritten url|text when in stock|label when in stock|"
    "text when backorder allowed|label when backorder allowed|position|image|available for order|"
    "product available date|product availability date|product creation date|show price|"
    "delete existing images|available online only|condition|customizable|uploadable files|"
    "text fields|id / name of shop|advanced stock management|depends on stock|warehouse|"
    "send me an email when the quantity is under this level|virtual product|file url|"
    "number of allowed downloads|expiration date|number of days|accessories|isbn|mpn|"
    "receive a low stock alert by email"
)
_TARGETS = {
    "id": Target("id", text_if_any, None, "the SKU, if the row has no reference"),
    "product id": Target("id", text_if_any, None, "the SKU, if the row has no reference"),
    "active": _STATUS,
    "enabled": _STATUS,
    "status": _STATUS,
    "name": to("name", text_if_any),
    "categories": to("category_names", _categories, "the first one; made if it does not exist"),
    "category": to("category_names", _categories, "made if it does not exist"),
    "price": _REGULAR,
    "price tax excluded": _REGULAR,
    "price tax included": _REGULAR,
    "price tax excluded or price tax included": _REGULAR,
    "discount amount": Target("discount_amount", _PRICE, "price"),
    "discount percent": Target("discount_percent", _percent, "price"),
    "discount from": Target("sale_starts", _date, None, "then no discount"),
    "discount to": Target("sale_ends", _date, None, "then no discount"),
    "reference": to("sku", text_if_any),
    "manufacturer": Target("attribute:vendor", text_if_any, "attributes.vendor"),
    "brand": Target("attribute:vendor", text_if_any, "attributes.vendor"),
    "ean13": to("barcode", text_if_any, "if it is no GTIN: an attribute"),
    "upc": Target("upc", text_if_any, "barcode", "without an EAN13"),
    "weight": ignored("the file names no unit: map it"),
    "quantity": to("available", units_if_any),
    "low stock level": to("low_stock_at", optional_whole_number),
    "short description": Target("short_description", text_if_any, "attributes.short_description"),
    "summary": Target("short_description", text_if_any, "attributes.short_description"),
    "description": to("description", text_if_any),
    "tags": to("tags", entries(",")),
    "meta title": Target("attribute:seo_title", text_if_any, "attributes.seo_title"),
    "meta description": Target(
        "attribute:seo_description", text_if_any, "attributes.seo_description"
    ),
    "image urls": to("pictures", entries(",")),
    "image alt texts": Target("image_alts", entries(","), "pictures"),
    "feature": to("attributes", _features),
    "action when out of stock": Target("backorders", text_if_any, "stock_policy", "1: sold"),
    "out of stock action": Target("backorders", text_if_any, "stock_policy", "1: sold"),
    "wholesale price": ignored("products show no costs"),
    "cost price": ignored("products show no costs"),
    **dict.fromkeys(_NOT_HERE.split("|"), NOT_HERE),
}
_POLICIES = {"0": "tracked", "1": "backorder"}
_COMBINED = frozenset(
    [
        *("id", "sale_starts", "sale_ends", "discount_amount", "discount_percent"),
        *("upc", "backorders", "image_alts"),
    ]
)


class PrestaShopLayout(SystemLayout):
    name: ClassVar[str] = "prestashop"
    TARGETS: ClassVar[Mapping[str, Target]] = _TARGETS

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        """Its prices say whether they have tax."""
        starts = ("price tax ex", "price tax in", "price (tax")
        return any(header.startswith(starts) for header in headers) or (
            "reference #" in headers and "active (0/1)" in headers
        )

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        return None if "sku" in slots or "id" in slots else "Reference #"

    @classmethod
    def find_target(cls, column: str) -> Target:
        return super().find_target(_EXTRAS.sub(" ", column))

    def sku(self, row: SourceRow) -> str | None:
        number = self.cell(row, "id")
        return self.cell(row, "sku") or (join_words("ps", number) if number else None)

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        del parent
        reading = self._convert(row)
        values = reading.values
        self._take_sku(reading, row, "Has no reference. The SKU follows from the ID.")
        _decide_discount(reading)
        decide_description(reading)
        if "active" in values:
            values["status"] = "active" if values.pop("active") else "draft"
        if policy := _POLICIES.get(values.get("backorders", "")):
            values["stock_policy"] = policy
        if "upc" in values:
            values.setdefault("barcode", values["upc"])
        alts = values.get("image_alts", [])
        values["pictures"] = [
            PictureReference(name, alts[index] if index < len(alts) else None)
            for index, name in enumerate(values.get("pictures", [])[:PICTURES_OF_ROW_MAX])
        ]
        for slot in _COMBINED & values.keys():
            del values[slot]
        return self._finish_product(reading)


def _decide_discount(reading: Reading) -> None:
    values = reading.values
    regular = values.get("regular_price")
    if regular is None:
        return
    percent = values.get("discount_percent", Decimal(0))
    off = (regular * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    sale = regular - values.get("discount_amount", 0) - int(off)
    if sale < 0:
        reading.refuse("price", "discount_too_large", "The discount is more than the price.")
    elif sale < regular:
        values["sale_price"] = sale
    decide_price(reading)
