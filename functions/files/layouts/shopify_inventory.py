"""Shopify's inventory CSV: the stock of variants at one location. Pure.

Its titles and options are not imported: the file is for counts.
"""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from files.layouts.cells import normalize_word
from files.layouts.systems import NOT_HERE, SystemLayout, normalize_header
from files.layouts.targets import OMIT, Target, text_if_any, to, units_if_any


def _available(cell: str, currency: str) -> Any:
    return OMIT if normalize_word(cell) == "not stocked" else units_if_any(cell, currency)


_AVAILABLE = to("available", _available, "of one location: two are the same SKU twice")


class ShopifyInventoryLayout(SystemLayout):
    name: ClassVar[str] = "shopify_inventory"
    TARGETS: ClassVar[Mapping[str, Target]] = {
        "sku": to("sku", text_if_any),
        "available": _AVAILABLE,
        "available (not editable)": _AVAILABLE,
    }

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        return {"handle", "sku", "location"} <= set(headers) and any(
            header.startswith("available") for header in headers
        )

    @classmethod
    def find_target(cls, column: str) -> Target:
        """All columns are Shopify's own; none is added by apps."""
        return cls.TARGETS.get(normalize_header(column), NOT_HERE)
