"""WooCommerce's product CSV: products, and variable products with their variations. Pure.

A product with variants is a row of the type `variable`, which is no product itself, and one row of
the type `variation` for each variant, whose `Parent` is its SKU or `id:` with its ID.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.combined_values import decide_description, decide_price, decide_stock
from files.layouts.import_rows import ImportRow
from files.layouts.readings import Reading
from files.layouts.systems import (
    NOT_HERE,
    SystemLayout,
    fit_identifier,
    join_words,
    normalize_header,
)
from files.layouts.targets import Target, text_if_any, to, weight
from files.layouts.woocommerce_columns import SIGNS, TARGETS
from shared.catalog_names import sku_key

_WEIGHT = re.compile(r"weight \((kg|g|lbs|lb|oz)\)")
_ATTRIBUTE = re.compile(r"attribute (\d{1,3}) (name|value\(s\)|visible|global|default)")
_IGNORED = re.compile(r"(length|width|height) \(.*\)|meta: .*|download \d+ .*")


class WooCommerceLayout(SystemLayout):
    name: ClassVar[str] = "woocommerce"
    TARGETS: ClassVar[Mapping[str, Target]] = TARGETS
    SHARED: ClassVar[frozenset[str]] = frozenset(
        ["description", "short_description", "category_names", "tags", "tax_class"]
    )

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        return bool(SIGNS.intersection(headers)) and ("sku" in headers or "id" in headers)

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        return None if "sku" in slots or "id" in slots else "SKU"

    @classmethod
    def find_target(cls, column: str) -> Target:
        header = normalize_header(column)
        if weighed := _WEIGHT.fullmatch(header):
            return to("weight_grams", weight(weighed[1]))
        if attribute := _ATTRIBUTE.fullmatch(header):
            number, part = attribute[1], attribute[2].removesuffix("(s)")
            if part not in ("name", "value"):
                return NOT_HERE
            note = "of variations: their options"
            return Target(f"attribute{number}_{part}", text_if_any, "attributes", note)
        return NOT_HERE if _IGNORED.fullmatch(header) else super().find_target(column)

    @property
    def has_parents(self) -> bool:
        return {"type", "parent"} <= self._index.keys()

    def parent_keys(self, row: SourceRow) -> Sequence[str]:
        """Variations name their parent by SKU or by ID."""
        if not self._types(row) & _VARIABLE:
            return ()
        number, sku = self.cell(row, "id"), sku_key(self.cell(row, "sku"))
        return tuple(key for key in (sku, f"id:{number}" if number else "") if key)

    def parent_key(self, row: SourceRow) -> str | None:
        return next(iter(self.parent_keys(row)), None)

    def needs_parent(self, row: SourceRow) -> str | None:
        if not self._types(row) & _VARIATION:
            return None
        return sku_key(self.cell(row, "parent")) or None

    def sku(self, row: SourceRow) -> str | None:
        """WooCommerce needs none: then it is the ID with `woo-`."""
        types = self._types(row)
        if types & _VARIABLE or "grouped" in types:
            return None
        number = self.cell(row, "id")
        return self.cell(row, "sku") or (join_words("woo", number) if number else None)

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        reading = self._convert(row)
        types = self._types(row)
        if types & _VARIABLE:
            return self._no_product(reading)
        if "grouped" in types:
            message = "Left out: products that are sold together have no place here."
            reading.warn("name", "grouped_product", message)
            return self._no_product(reading)
        if "external" in types:
            message = "Imported as a draft: another shop sells it. Its address is an attribute."
            reading.warn("attributes.external_url", "external_product", message)
            reading.values["published"] = False
        if types & _VARIATION:
            self._combine_variation(reading, parent)
        self._combine(reading, row)
        return self._finish_product(reading)

    def _types(self, row: SourceRow) -> set[str]:
        return {part.strip() for part in self.cell(row, "type").casefold().split(",")}

    def _no_product(self, reading: Reading) -> ImportRow:
        reading.values, reading.problems = {}, []
        return self._finish(reading, is_product=False)

    def _combine_variation(self, reading: Reading, parent: SourceRow | None) -> None:
        values = reading.values
        if parent is None:
            message = "No row is the variable product with this SKU or ID. Add it."
            reading.refuse("group", "parent_missing", message, values.get("parent"))
            return
        shared = self._read_parent(parent).values
        self._take_shared(reading, self._read_parent(parent))
        values |= {slot: shared[slot] for slot in ("name",) if slot in shared}
        if shared.get("published") is False:
            values["published"] = False
        group = shared.get("sku") or join_words("woo", shared.get("id", ""))
        values["group"] = fit_identifier(group)
        pictures = [*values.get("pictures", []), *shared.get("pictures", [])]
        values["pictures"] = list(dict.fromkeys(pictures))
        options = _members(values, names=shared)
        attributes = {
            name: value for name, value in _members(shared).items() if name not in options
        }
        values |= {f"attribute:{name}": value for name, value in attributes.items() if value}
        values |= {f"option:{name}": value for name, value in options.items() if value}
        if not any(options.values()):
            message = "The variation has no value of an attribute. Give it one."
            reading.refuse("attributes", "option_missing", message)

    def _combine(self, reading: Reading, row: SourceRow) -> None:
        """The fields that several columns decide about."""
        values = reading.values
        if "group" not in values:
            members = _members(values)
            values |= {f"attribute:{name}": text for name, text in members.items() if text}
        self._take_sku(reading, row, "Has no SKU. It follows from the ID.")
        decide_price(reading)
        decide_stock(reading, self._index)
        decide_description(reading)
        if "published" in values:
            values["status"] = "active" if values.pop("published") else "draft"
        for slot in [slot for slot in values if slot in _COMBINED or _NUMBERED.fullmatch(slot)]:
            del values[slot]


_VARIABLE = {"variable", "variable-subscription"}
_VARIATION = {"variation", "subscription_variation"}
_COMBINED = frozenset(["id", "type", "parent", "sale_starts", "sale_ends"])
_NUMBERED = re.compile(r"attribute\d+_(name|value)")
_NAME = re.compile(r"attribute\d+_name")


def _members(values: Mapping[str, Any], names: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The attributes of a row by name. A row without names has those of `names`."""
    named = {slot: name for slot, name in values.items() if _NAME.fullmatch(slot)}
    if not named and names:
        named = {slot: name for slot, name in names.items() if _NAME.fullmatch(slot)}
    return {
        name: values.get(f"{slot.removesuffix('_name')}_value", "").replace("\\,", ",")
        for slot, name in named.items()
    }
