"""Magento's product CSV. Pure.

A configurable product is no product itself. Its row names its variants and their options in
`configurable_variations`. They become one group if that row stands before theirs.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.combined_values import decide_description, decide_price
from files.layouts.import_rows import ImportRow, PictureReference
from files.layouts.magento_columns import TARGETS, parse_members
from files.layouts.readings import Reading
from files.layouts.systems import SystemLayout, fit_identifier, normalize_header
from files.layouts.targets import Target

_NO_PRODUCTS = ("configurable", "grouped", "bundle")
_SIGNS = frozenset(
    [
        "attribute set code",
        "attribute set",
        "product websites",
        "additional attributes",
        "product online",
        "use config manage stock",
        "configurable variations",
    ]
)


class MagentoLayout(SystemLayout):
    name: ClassVar[str] = "magento"
    TARGETS: ClassVar[Mapping[str, Target]] = TARGETS
    SHARED: ClassVar[frozenset[str]] = frozenset(
        ["name", "description", "short_description", "category_names"]
    )

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        return "sku" in headers and bool(_SIGNS.intersection(headers))

    @classmethod
    def find_target(cls, column: str) -> Target:
        """Magento 1 begins the names of its own columns with an underscore."""
        return super().find_target(normalize_header(column.strip().lstrip("_")))

    def parent_keys(self, row: SourceRow) -> Sequence[str]:
        """A configurable product knows its variants; they do not know it."""
        variations = self._variations(self.cell(row, "variations"))
        return tuple(f"variant {sku}" for sku in variations)

    def needs_parent(self, row: SourceRow) -> str | None:
        sku = self.sku(row)
        return f"variant {sku}" if sku and "variations" in self._index else None

    def sku(self, row: SourceRow) -> str | None:
        is_product = self.cell(row, "type").casefold() not in _NO_PRODUCTS
        is_whole = not self.cell(row, "store")
        return (self.cell(row, "sku") or None) if is_product and is_whole else None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        reading = self._convert(row)
        if self.sku(row) is None:
            return self._leave_out(reading, self.cell(row, "type").casefold())
        if parent is not None:
            self._combine_variant(reading, parent)
        self._combine(reading)
        values = reading.values
        pictures = [*values.pop("pictures", []), *values.pop("more_pictures", [])]
        alt = values.pop("image_alt", None)
        found = tuple(
            PictureReference(name, alt if index == 0 else None)
            for index, name in enumerate(dict.fromkeys(pictures))
        )
        return self._finish_product(reading).replace(pictures=found)

    def _leave_out(self, reading: Reading, kind: str) -> ImportRow:
        if kind in ("grouped", "bundle"):
            message = f"Left out: products of the type {kind} have no place here."
            reading.warn("sku", "grouped_product", message)
        reading.values, reading.problems = {}, []
        return self._finish(reading, is_product=False)

    def _combine_variant(self, reading: Reading, parent: SourceRow) -> None:
        shared = self._read_parent(parent)
        sku = reading.values["sku"]
        options = self._variations(self.cell(parent, "variations")).get(sku, {})
        self._take_shared(reading, shared)
        reading.values["name"] = shared.values.get("name", reading.values.get("name"))
        reading.values["group"] = fit_identifier(shared.values.get("sku", ""))
        reading.values |= {f"option:{name}": value for name, value in options.items() if value}
        own = reading.values.get("attributes", {})
        reading.values["attributes"] = {n: text for n, text in own.items() if n not in options}

    def _variations(self, cell: str) -> dict[str, dict[str, str]]:
        """The options of each variant by its SKU."""
        found = {}
        for variation in cell.split("|"):
            members = parse_members(variation)
            sku = members.pop("sku", None)
            members.pop("default", None)
            if sku:
                found[sku] = members
        return found

    def _combine(self, reading: Reading) -> None:
        values = reading.values
        decide_price(reading)
        decide_description(reading)
        self._decide_stock(values)
        if "units_max" in values and values.get("default_units_max") is False:
            values["order_quantity_max"] = values["units_max"]
        if values.get("low_stock", 0) > 0 and values.get("default_low_stock") is False:
            values["low_stock_at"] = values["low_stock"]
        for slot in _COMBINED & values.keys():
            del values[slot]

    def _decide_stock(self, values: dict[str, Any]) -> None:
        """A column counts where its `use_config_` does not say that the store's setting does."""
        if values.get("counts") is False and not values.get("default_counts"):
            values["stock_policy"] = "untracked"
        elif values.get("backorders") and not values.get("default_backorders"):
            values["stock_policy"] = "backorder"
        elif "backorders" in values or "counts" in values:
            values["stock_policy"] = "tracked"


_COMBINED = frozenset(
    [
        *("store", "type", "variations", "sale_starts", "sale_ends"),
        *("backorders", "default_backorders", "counts", "default_counts"),
        *("units_max", "default_units_max", "low_stock", "default_low_stock"),
    ]
)
