"""Shopify's inventory CSV: the stock of variants at one location. Pure.

Its titles and options are not imported: the file is for counts.
"""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.cells import normalize_word
from files.layouts.import_rows import ImportRow
from files.layouts.systems import NOT_HERE, SystemLayout, normalize_header
from files.layouts.targets import OMIT, Target, text_if_any, to, units_if_any


def _available(cell: str, currency: str) -> Any:
    return OMIT if normalize_word(cell) == "not stocked" else units_if_any(cell, currency)


_ON_HAND = {
    "on hand (current)": Target("on_hand", _available, None, "compared with `On hand (new)`"),
    "on hand (new)": Target("on_hand_new", _available, "available", "changes `Available` so far"),
}
_AVAILABLE = to("available", _available, "of one location: two are the same SKU twice")


class ShopifyInventoryLayout(SystemLayout):
    name: ClassVar[str] = "shopify_inventory"
    TARGETS: ClassVar[Mapping[str, Target]] = {
        "sku": to("sku", text_if_any),
        "available": _AVAILABLE,
        "available (not editable)": _AVAILABLE,
        **_ON_HAND,
    }

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        """A file has one location on each row, or a column for each, which a mapping chooses."""
        if not {"handle", "sku"} <= set(headers):
            return False
        has_available = any(header.startswith("available") for header in headers)
        return ("location" in headers and has_available) or {"hs code", "coo"} <= set(headers)

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        return next((name for name in ("SKU", "Available") if name.lower() not in slots), None)

    @classmethod
    def find_target(cls, column: str) -> Target:
        """All columns are Shopify's own; none is added by apps."""
        return cls.TARGETS.get(normalize_header(column), NOT_HERE)

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        del parent
        reading = self._convert(row)
        self._require_sku(reading)
        values = reading.values
        before, after = values.pop("on_hand", None), values.pop("on_hand_new", None)
        if after is not None:  # Shopify lets its user edit nothing else
            available = values.get("available", before)
            values["available"] = after if before is None else after + available - before
        return self._finish_product(reading)
