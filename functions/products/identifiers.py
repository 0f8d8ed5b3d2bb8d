"""The ids of products, which follow from their SKUs, and barcodes. Pure."""

import re
from functools import lru_cache

from pydantic_core import PydanticCustomError

from shared import ids
from shared.catalog_names import sku_key
from shared.characters import describe_pattern

BARCODE_LENGTH_MAX = 40  # with the spaces and hyphens of its printed form

GTIN = describe_pattern(
    r"^[ -]*(([0-9][ -]*){8}|([0-9][ -]*){12,14})$",
    "Must be a GTIN: 8, 12, 13 or 14 digits. Spaces and hyphens between them do not count",
)

# An earlier release derived a product's id from a SKU of this form as it was spelled.
_EARLIER_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ASCII_CAPITALS = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}


@lru_cache(maxsize=128)  # an import asks for each several times in a row
def product_id_of(sku: str) -> str:
    """The id of a new product with this SKU: the same for each of its spellings.

    A SKU without small letters has the id that earlier releases gave it.
    """
    return ids.derived_id("prd", sku_key(sku).translate(_ASCII_CAPITALS))


def product_ids_of(sku: str) -> list[str]:
    """The ids that the product with this SKU can have, the most likely of several products first.

    An earlier release derived the id from the spelling, so its products are found by that spelling.
    """
    current = product_id_of(sku)
    if sku == sku.upper() or not _EARLIER_FORM.fullmatch(sku):
        return [current]
    return list(dict.fromkeys((ids.derived_id("prd", sku), current)))


def check_gtin(barcode: str) -> str:
    """The digits alone. The check digit follows GS1's General Specifications, 7.9."""
    digits = re.sub("[ -]", "", barcode)
    weighted = sum(
        int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))
    )
    if weighted % 10:
        right = (int(digits[-1]) - weighted) % 10
        raise PydanticCustomError(
            "wrong_check_digit",
            "Is mistyped: after {digits} the check digit is {right}, not {last}",
            {"digits": digits[:-1], "right": right, "last": digits[-1]},
        )
    return digits
