"""Products in the columns of Shopify's product CSV. Pure.

A product of Shopify is a handle with one row for each variant; only the first row has what all
variants share. So a group is one handle. What these columns cannot hold, docs/importing.md lists.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from anyascii import anyascii

from products.exporting.service import ExportedPicture, ExportedProduct
from shared.money import Money
from shared.storage.models.catalog import BACKORDER, UNTRACKED

OPTIONS_MAX = 3
TRUE, FALSE = "TRUE", "FALSE"
_OPTION_COLUMNS = tuple(
    f"Option{number} {part}" for number in range(1, OPTIONS_MAX + 1) for part in ("Name", "Value")
)
COLUMNS = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published"),
    *_OPTION_COLUMNS,
    *("Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty"),
    *("Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price"),
    *("Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable"),
    *("Variant Barcode", "Image Src", "Image Position", "Image Alt Text", "SEO Title"),
    *("SEO Description", "Variant Image", "Variant Weight Unit", "Status"),
)
# What Shopify itself writes for a product without options.
_NO_OPTIONS = {"Option1 Name": "Title", "Option1 Value": "Default Title"}
_NO_VALUE = "-"  # Shopify refuses a variant without a value for an option that others have
_STATUSES = ("active", "draft", "archived")  # the first one that a variant has is the handle's
_HANDLE = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_DIGEST_LENGTH = 6
# A handle with a digest, which an import has made the group. It stays the same from then on.
_IMPORTED_GROUP = re.compile(rf"[a-z0-9]+(-[a-z0-9]+)*--[0-9a-f]{{{_DIGEST_LENGTH}}}")


def write_group(
    variants: Sequence[ExportedProduct], category_names: Sequence[str]
) -> list[list[str]]:
    """The rows of one handle: the variants of a group, or one product without a group.

    A handle has the pictures of its first variant, one in each row; those that are left over follow
    in rows of their own. Of another variant it has the first picture.

    `category_names`: of the first one's category, from the top down.
    """
    names = list(dict.fromkeys(name for each in variants for name in each.fields["options"]))
    handle = _handle_of(variants[0])
    rows = [_variant_cells(each, names) for each in variants]
    rows[0] |= _shared_cells(variants, " > ".join(category_names))
    if len(variants) > 1:
        for row, variant in zip(rows, variants, strict=True):
            row["Variant Image"] = next((picture.url for picture in variant.pictures), "")
    pictures = [_picture_cells(*each) for each in enumerate(variants[0].pictures, start=1)]
    nothing: dict[str, str] = {}
    together = [
        {"Handle": handle, **row, **picture}
        for row, picture in zip_longest(rows, pictures, fillvalue=nothing)
    ]
    return [[row.get(column, "") for column in COLUMNS] for row in together]


def _shared_cells(variants: Sequence[ExportedProduct], category: str) -> dict[str, str]:
    """An import of Shopify's file keeps what has no field here as attributes: they go back."""
    first = variants[0].fields
    type_ = _text_in(first, "type")
    found = {variant.fields["status"] for variant in variants}
    status = next((each for each in _STATUSES if each in found), first["status"])
    return {
        "Title": first["name"],
        "Body (HTML)": first["description"],
        "Vendor": _text_in(first, "vendor"),
        "Product Category": category if type_ else "",
        "Type": type_ or category,
        "Tags": ", ".join(tag.replace(",", ";") for tag in first["tags"]),
        "Published": TRUE if status == "active" else FALSE,
        "SEO Title": _text_in(first, "seo_title"),
        "SEO Description": _text_in(first, "seo_description"),
        "Status": status,
    }


def _variant_cells(variant: ExportedProduct, names: Sequence[str]) -> dict[str, str]:
    fields, available = variant.fields, variant.available
    grams, before = fields["weight_grams"], fields["compare_at_price"]
    is_counted = fields["stock_policy"] != UNTRACKED
    return {
        **_option_cells(fields["options"], names),
        "Variant SKU": fields["sku"],
        "Variant Grams": "" if grams is None else str(grams),
        "Variant Inventory Tracker": "shopify" if is_counted else "",
        "Variant Inventory Qty": "" if available is None else str(available),
        "Variant Inventory Policy": "continue" if fields["stock_policy"] == BACKORDER else "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": _in_major_units(fields["price"]),
        "Variant Compare At Price": _in_major_units(before) if before else "",
        "Variant Requires Shipping": TRUE,
        "Variant Taxable": TRUE,
        "Variant Barcode": fields["barcode"] or _text_in(fields, "barcode"),
        "Variant Weight Unit": "" if grams is None else "g",
    }


def _picture_cells(position: int, picture: ExportedPicture) -> dict[str, str]:
    return {
        "Image Src": picture.url,
        "Image Position": str(position),
        "Image Alt Text": picture.alt or "",
    }


def _option_cells(options: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """With more options than Shopify has, the last one holds the rest."""
    if not names:
        return _NO_OPTIONS
    pairs = [(name, options.get(name, _NO_VALUE)) for name in names]
    kept, rest = pairs[: OPTIONS_MAX - 1], pairs[OPTIONS_MAX - 1 :]
    if rest:
        kept.append((" / ".join(name for name, _ in rest), " / ".join(value for _, value in rest)))
    cells: dict[str, str] = {}
    for number, (name, value) in enumerate(kept, start=1):
        cells |= {f"Option{number} Name": name, f"Option{number} Value": value}
    return cells


def _handle_of(first: ExportedProduct) -> str:
    """A group is its own handle where it can be one, so that an import finds the group again.

    No two products or groups have one handle: two hyphens stand only before an SKU or a digest.
    """
    group, sku = first.fields["group"], first.fields["sku"]
    if group:
        return group if _IMPORTED_GROUP.fullmatch(group) else _to_handle(group)
    return f"{_slug(first.fields['name']) or 'product'}--{_to_handle(sku)}"


def _to_handle(text: str) -> str:
    """The text, or where it has other characters than a handle, its letters and a digest."""
    if _HANDLE.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{_slug(text)}--{digest}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", anyascii(text).lower()).strip("-")


def _text_in(fields: Mapping[str, Any], attribute: str) -> str:
    value = fields["attributes"].get(attribute)
    return value if isinstance(value, str) else ""


def _in_major_units(price: Mapping[str, Any]) -> str:
    """`19.99`, `500` for a currency without minor units, `1.250` for one with three decimals."""
    return f"{Money(**price).in_major_units():f}"
