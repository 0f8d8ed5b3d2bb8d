"""The rows of Magento 1's product CSV that continue a product. Pure.

They have no SKU, and one more value of some columns: a category, a picture, a translation, or a
variant of a configurable product with one of its options. Joined rows have the pictures of all
these rows, and all their variants in one cell, as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from files.formats.source_rows import ROW_CHARACTERS_MAX, Problem, SourceRow
from shared.catalog_names import sku_key
from shared.records import Record

PICTURES, SKU = "more_pictures", "super_sku"
VARIANT = (SKU, "super_code", "super_option", "super_price")
_OVERHEAD = 20  # characters around a variant in the joined cell


class Variant(Record, frozen=False):
    sku: str  # as its configurable product writes it
    options: dict[str, str]
    has_correction: bool = False  # of the price of the configurable product


class JoinedRow:
    """A product's row, to which its further rows are added. `places`: of the columns by slot."""

    def __init__(self, row: SourceRow, places: Mapping[str, int]) -> None:
        self._row = row
        self._places = places
        self._size = 0
        self._problems = row.problems
        self._has_ended = False
        self._pictures: dict[str, None] = {}
        self._variants: list[tuple[str, ...]] = []
        self.add(row)

    def add(self, row: SourceRow) -> None:
        """Past the length of a row, nothing more is kept."""
        if self._has_ended:
            return
        cells = list(row.cells)
        variant = tuple(self._find(cells, slot) for slot in VARIANT)
        if any(variant):
            # A row of an error file is joined already.
            self._variants += _parse_rows(variant[0]) or [variant]
            self._size += sum(map(len, variant)) + _OVERHEAD
        picture = self._find(cells, PICTURES)
        if picture and picture not in self._pictures:
            self._pictures[picture] = None
            self._size += len(picture) + _OVERHEAD
        if self._size > ROW_CHARACTERS_MAX:
            message = f"The rows of this product have more than {ROW_CHARACTERS_MAX:,} characters."
            self._refuse(Problem(self._row.number, None, "row_too_long", message))

    def end_at(self, row: SourceRow) -> None:
        """The row is malformed. Those behind it may continue a product that nobody can read."""
        if self._has_ended:
            return
        found = row.problems[0]
        message = (
            f"Row {row.number}, which continues this product, is malformed: {found.message} "
            "It and what continues the product behind it are left out here. Complete this row, or "
            "correct that one and upload the whole file."
        )
        self._refuse(Problem(self._row.number, found.field, found.code, message, found.value))

    def join(self) -> SourceRow:
        cells = list(self._row.cells)
        if self._pictures:
            cells[self._places[PICTURES]] = ",".join(self._pictures)
        if self._variants and SKU in self._places:
            cells[self._places[SKU]] = json.dumps(self._variants, ensure_ascii=False)
        return self._row.replace(cells=cells, problems=self._problems)

    def _refuse(self, problem: Problem) -> None:
        self._problems = (*self._problems, problem)
        self._has_ended = True

    def _find(self, cells: Sequence[str], slot: str) -> str:
        place = self._places.get(slot)
        return cells[place].strip() if place is not None and place < len(cells) else ""


def parse_variants(cell: str) -> dict[str, Variant]:
    """The variants of a joined row by the key of their SKU, each with all options that are named.

    An option that no row names for a variant is "".
    """
    rows = _parse_rows(cell)
    names = dict.fromkeys(name for _, name, _, _ in rows if name)
    variants = {sku_key(sku): Variant(sku, dict.fromkeys(names, "")) for sku, *_ in rows if sku}
    for sku, name, value, correction in rows:
        if sku and name:
            variants[sku_key(sku)].options[name] = value
            variants[sku_key(sku)].has_correction |= bool(correction.strip("0.%"))
    return variants


def _parse_rows(cell: str) -> list[tuple[str, str, str, str]]:
    """The rows in the cell of a joined row; none in any other cell."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return []
    rows: list[Any] = found if isinstance(found, list) else []
    return [(row[0], row[1], row[2], row[3]) for row in rows if _is_variant(row)]


def _is_variant(row: Any) -> bool:
    is_row = isinstance(row, list) and len(row) == len(VARIANT)
    return is_row and all(isinstance(text, str) for text in row)
