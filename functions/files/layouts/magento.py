"""Magento's product CSV. Pure.

A configurable product is no product itself. Its row names its variants and their options in
`configurable_variations`, or in Magento 1 its further rows name them. They become one group,
wherever those rows stand.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.combined_values import decide_description, decide_price
from files.layouts.import_rows import ImportDefaults, ImportRow, PictureReference
from files.layouts.layout import RecognisedColumns
from files.layouts.magento_1 import SKU as SUPER_SKU
from files.layouts.magento_1 import VARIANT, JoinedRow, Variant, parse_variants
from files.layouts.magento_columns import TARGETS, parse_variations
from files.layouts.readings import Reading
from files.layouts.systems import (
    NOT_HERE,
    UNRECOGNISED,
    SystemLayout,
    fit_identifier,
    normalize_header,
)
from files.layouts.targets import Target
from shared.catalog_names import sku_key

_CONFIGURABLE = "configurable"
_NO_PRODUCTS = (_CONFIGURABLE, "grouped", "bundle")
_IGNORED = re.compile("(tier price|group price|links|associated|custom option|media) .*")
_SIGNS = frozenset(
    [
        "attribute set code",
        "attribute set",
        "product websites",
        "additional attributes",
        "product online",
        "use config manage stock",
        "configurable variations",
        "super products sku",
    ]
)


class MagentoLayout(SystemLayout):
    name: ClassVar[str] = "magento"
    names_variants: ClassVar[bool] = True
    TARGETS: ClassVar[Mapping[str, Target]] = TARGETS
    SHARED: ClassVar[frozenset[str]] = frozenset(
        ["name", "description", "short_description", "category_names"]
    )

    def __init__(self, recognised: RecognisedColumns, defaults: ImportDefaults) -> None:
        super().__init__(recognised, defaults)
        self._last_variants: tuple[int, dict[str, Variant]] | None = None
        self._is_version_1 = any(column.strip().startswith("_") for column in recognised.columns)
        self._places = {column.strip(): at for at, column in enumerate(recognised.columns)}

    @classmethod
    def recognises(cls, headers: Collection[str]) -> bool:
        return "sku" in headers and bool(_SIGNS.intersection(headers))

    @classmethod
    def find_target(cls, column: str) -> Target:
        """Magento 1 begins the names of its own columns with an underscore."""
        header = normalize_header(column.strip().lstrip("_"))
        target = super().find_target(header)
        return NOT_HERE if target is UNRECOGNISED and _IGNORED.fullmatch(header) else target

    @property
    def has_parents(self) -> bool:
        return "variations" in self._index or SUPER_SKU in self._index

    def join_rows(self, rows: Iterable[SourceRow]) -> Iterable[SourceRow]:
        return self._join(rows) if self._is_version_1 else rows

    def _join(self, rows: Iterable[SourceRow]) -> Iterator[SourceRow]:
        product: JoinedRow | None = None
        for row in rows:
            if isinstance(row.cells, dict):
                yield row  # an object of JSON is a whole product
                continue
            if product and not self.cell(row, "sku"):
                if row.problems:
                    product.end_at(row)
                elif not self._store_view(row):
                    product.add(row)
                yield row.replace(problems=())  # they are the product's
                continue
            if product:
                yield product.join()
            product = JoinedRow(row, self._index)
        if product:
            yield product.join()

    def parent_keys(self, row: SourceRow) -> Sequence[str]:
        """A configurable product knows its variants; they do not know it."""
        return tuple(self._find_variants(row)) if self.parent_key(row) else ()

    def parent_key(self, row: SourceRow) -> str | None:
        is_parent = self._type(row) == _CONFIGURABLE and not self._store_view(row)
        return (self.cell(row, "sku") or None) if is_parent else None

    def written_key(self, row: SourceRow, key: str) -> str:
        return self._find_variants(row)[key].sku

    def needs_parent(self, row: SourceRow) -> str | None:
        sku = self.sku(row)
        return sku_key(sku) if sku and self.has_parents else None

    def sku(self, row: SourceRow) -> str | None:
        is_product = self._type(row) not in _NO_PRODUCTS
        is_whole = not self._store_view(row)
        return (self.cell(row, "sku") or None) if is_product and is_whole else None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        reading = self._convert(row)
        if self.sku(row) is None:
            return self._leave_out(reading, row)
        pictures = _find_pictures(reading.values)
        if parent is not None:
            self._combine_variant(reading, row, parent)
            pictures += _find_pictures(self._read_parent(parent).values)
        self._combine(reading)
        found: dict[str, PictureReference] = {}
        for picture in pictures:
            found.setdefault(picture.url_or_name, picture)
        return self._finish_product(reading).replace(pictures=tuple(found.values()))

    def _type(self, row: SourceRow) -> str:
        return self.cell(row, "type").casefold()

    def _store_view(self, row: SourceRow) -> str:
        """Empty for values of all of them, which Magento 1 can call `admin`."""
        view = self.cell(row, "store")
        return "" if view.casefold() == "admin" else view

    def _leave_out(self, reading: Reading, row: SourceRow) -> ImportRow:
        kind, view = self._type(row), self._store_view(row)
        if kind in ("grouped", "bundle"):
            message = f"Left out: products of the type {kind} have no place here."
            reading.warn("sku", "grouped_product", message)
        elif _is_whole(reading.values) and (view or "sku" not in reading.values):
            why = f"belongs to the store view {view}" if view else "has no SKU"
            reading.warn("sku", "row_left_out", f"Left out: the row {why}.")
        reading.values, reading.problems = {}, []
        return self._finish(reading, is_product=False)

    def _combine_variant(self, reading: Reading, row: SourceRow, parent: SourceRow) -> None:
        values, shared = reading.values, self._read_parent(parent).values
        sku = values["sku"]
        variant = self._find_variants(parent).get(sku_key(sku), Variant(sku, {}))
        options = {n: self._attribute(row, n) or text for n, text in variant.options.items()}
        self._take_shared(reading, self._read_parent(parent))
        attributes = {**shared.get("attributes", {}), **values.get("attributes", {})}
        values["attributes"] = {n: text for n, text in attributes.items() if n not in options}
        if shared.get("status") == "draft":
            values["status"] = "draft"
        self._check_price(reading, shared, variant)
        if not any(options.values()):
            message = "Its configurable product names no option of it, so it is a single product."
            reading.warn("options", "option_missing", message)
            return
        values |= {slot: shared[slot] for slot in ("name",) if slot in shared}
        values["group"] = fit_identifier(shared.get("sku", ""))
        values |= {f"option:{name}": value for name, value in options.items() if value}

    def _check_price(self, reading: Reading, shared: Mapping[str, Any], variant: Variant) -> None:
        own, of_parent = reading.values.get("regular_price"), shared.get("regular_price")
        if self._is_version_1 and of_parent and (own != of_parent or variant.has_correction):
            message = (
                "Magento 1 sells it at the price of its configurable product, with corrections for "
                "options. Its own price is imported. Compare it."
            )
            reading.warn("price", "price_of_variant", message)

    def _attribute(self, row: SourceRow, name: str) -> str:
        """Magento 1 has a column for each attribute.

        It counts before the option beside the SKU: early releases paired these at random.
        """
        place = self._places.get(name) if self._is_version_1 else None
        cells = row.cells if isinstance(row.cells, list) else []
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def _find_variants(self, parent: SourceRow) -> dict[str, Variant]:
        """By the key of the SKU. Its variants mostly stand together, so that they are kept."""
        if self._last_variants is None or self._last_variants[0] != parent.number:
            named = parse_variations(self.cell(parent, "variations"))
            found = {sku_key(sku): Variant(sku, options) for sku, options in named.items()}
            found |= parse_variants(self.cell(parent, SUPER_SKU))
            self._last_variants = (parent.number, found)
        return self._last_variants[1]

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
        *("pictures", "more_pictures", "image_alt", *VARIANT),
        *("backorders", "default_backorders", "counts", "default_counts"),
        *("units_max", "default_units_max", "low_stock", "default_low_stock"),
    ]
)


def _is_whole(values: Mapping[str, Any]) -> bool:
    """Whether the row could be a product, and not only translate or continue one."""
    return "name" in values and "regular_price" in values


def _find_pictures(values: Mapping[str, Any]) -> list[PictureReference]:
    """The text is that of the first one."""
    names = dict.fromkeys([*values.get("pictures", []), *values.get("more_pictures", [])])
    alt = values.get("image_alt")
    return [PictureReference(name, None if index else alt) for index, name in enumerate(names)]
