"""Shopify's product CSV: rows that share a handle, their options and their pictures. Pure.

The first row of a handle has the texts of the product. Each row has a variant, a picture, or both.
A product with one variant has the option `Title` with the value `Default Title`.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportRow, PictureReference
from files.layouts.readings import Reading
from files.layouts.shopify_columns import MARKET, OPTIONS, TARGETS
from files.layouts.systems import NOT_HERE, SystemLayout, fit_identifier, join_words
from files.layouts.targets import Target, text_if_any

_DEFAULTS = ("Default Title", "Default")  # the second one in files of apps
_METAFIELD = re.compile(r".+ \(product\.metafields\.(.{1,50})\)")


class ShopifyLayout(SystemLayout):
    name: ClassVar[str] = "shopify"
    TARGETS: ClassVar[Mapping[str, Target]] = TARGETS
    SHARED: ClassVar[frozenset[str]] = frozenset(
        ["name", "description", "category_names", "type", "tags", "status", "published"]
        + [f"option{number}_name" for number in OPTIONS]
    )

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        if "handle" in headers:
            return any(header.startswith(("variant ", "option1 ", "body (")) for header in headers)
        return "url handle" in headers

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        return None if "handle" in slots else "Handle"

    @classmethod
    def find_target(cls, column: str) -> Target:
        """`Variant Price` is `Price` today. Each market and each metafield has columns, too."""
        header = " ".join(column.split()).casefold()
        metafield = _METAFIELD.fullmatch(header)
        if metafield:
            member = metafield[1]
            return Target(f"attribute:{member}", text_if_any, f"attributes.{member}")
        if header.startswith("google shopping /"):
            return NOT_HERE
        if " / " in header:
            return MARKET
        return super().find_target(header.removeprefix("variant "))

    @property
    def has_parents(self) -> bool:
        return {"handle", "name"} <= self._index.keys()

    def parent_key(self, row: SourceRow) -> str | None:
        return self.cell(row, "handle") or None if self._is_first(row) else None

    def needs_parent(self, row: SourceRow) -> str | None:
        return None if self._is_first(row) else self.cell(row, "handle") or None

    def sku(self, row: SourceRow) -> str | None:
        """Shopify needs none: then it follows from the handle and the options."""
        if not self._has_variant(row):
            return None
        values = [self.cell(row, f"option{number}_value") for number in OPTIONS]
        given = self.cell(row, "sku")
        return given or join_words(self.cell(row, "handle"), *_without_default(values)) or None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        reading = self._convert(row)
        if not reading.values.get("handle"):
            reading.refuse("group", "required", "Is required: it says which product this row is.")
        elif parent is None and self._lacks_parent(row):
            message = "No row has this handle and a title. Add it, or the title."
            reading.refuse("group", "parent_missing", message, reading.values["handle"])
        if parent is not None:
            self._take_shared(reading, self._read_parent(parent))
        pictures = self._pictures(reading, row, parent)
        if not self._has_variant(row):
            sku = self.sku(parent) if parent is not None else None
            reading.values = {"sku": sku} if sku else {}
            return self._finish(reading, is_product=False).replace(pictures=pictures)
        self._combine(reading, row)
        return self._finish_product(reading).replace(pictures=pictures)

    def _is_first(self, row: SourceRow) -> bool:
        """Whether the row has the product's texts; one without names of options needs them."""
        has_names = bool(self.cell(row, "option1_name")) or not self.cell(row, "option1_value")
        return bool(self.cell(row, "name")) and has_names

    def _lacks_parent(self, row: SourceRow) -> bool:
        """A file without titles changes variants that are here, and creates none."""
        is_change = "name" not in self._index and bool(self.cell(row, "sku"))
        return not (is_change or self._is_first(row))

    def _has_variant(self, row: SourceRow) -> bool:
        slots = ("name", "sku", "price", "option1_value")
        return any(self.cell(row, slot) for slot in slots)

    def _pictures(
        self, reading: Reading, row: SourceRow, parent: SourceRow | None
    ) -> tuple[PictureReference, ...]:
        """Those of the product belong to its first variant."""
        values = reading.values
        found = []
        image, of_variant = values.get("image"), values.get("variant_image")
        if image:
            is_own = parent is None or not self._has_variant(row)
            owner = None if is_own or parent is None else self.sku(parent)
            position = values.get("image_position")
            found.append(PictureReference(image, values.get("image_alt"), position, owner))
        if of_variant and (of_variant != image or parent is not None):
            found.append(PictureReference(of_variant))
        return tuple(found)

    def _combine(self, reading: Reading, row: SourceRow) -> None:
        """The fields that several columns decide about."""
        values = reading.values
        own = {slot: values.pop(slot) for slot in list(values) if slot in _COMBINED}
        self._take_sku(reading, row, "Has no SKU. It follows from the handle and the options.")
        for number in OPTIONS:
            name, value = own.get(f"option{number}_name"), own.get(f"option{number}_value")
            if name and value and not (name == "Title" and value in _DEFAULTS):
                values[f"option:{name}"] = value
        values["group"] = fit_identifier(own.get("handle", ""))
        if "type" in own:
            names = own["type"]
            if values.setdefault("category_names", names) != names:
                values["attribute:type"] = " > ".join(names)
        if own.get("published") is False and values.get("status", "active") == "active":
            values["status"] = "draft"
        elif "published" in self._index:
            values.setdefault("status", "active")
        self._decide_policy(values, own)

    def _decide_policy(self, values: dict[str, Any], own: Mapping[str, Any]) -> None:
        if "tracker" in self._index and "tracker" not in own:
            values["stock_policy"] = "untracked"
        elif own.get("continues"):
            values["stock_policy"] = "backorder"
        elif "tracker" in own or "continues" in own:
            values["stock_policy"] = "tracked"


_COMBINED = frozenset(
    ["handle", "type", "published", "tracker", "continues", "image", "variant_image"]
    + ["image_alt", "image_position"]
    + [f"option{number}_{part}" for number in OPTIONS for part in ("name", "value")]
)


def _without_default(values: list[str]) -> list[str]:
    return [value for value in values if value not in _DEFAULTS]
