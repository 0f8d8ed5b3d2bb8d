"""The layout of a file: which column is which field, and which rows belong together. Pure.

`Layout` reads files whose columns are fields of products one by one. Those of other systems are
subclasses, which also combine values, and take fields from other rows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from files.formats.source_rows import Problem, SourceRow, shorten
from files.layouts.cells import BadCell
from files.layouts.import_rows import ColumnUse, ImportDefaults, ImportRow
from files.layouts.own_targets import NOT_REJECTED, UNKNOWN, find_own_target
from files.layouts.readings import (
    PRICES,
    Reading,
    convert_json,
    refuse_second,
    to_money,
    to_pictures,
    warn_of_power,
)
from files.layouts.targets import OMIT, Target, text
from shared.money import CURRENCIES
from shared.records import Record
from shared.storage.models.catalog import UNTRACKED

NAMES_MAX = 1_000  # of members, whose targets are kept
_OBJECTS = ("options", "attributes")


class RecognisedColumns(Record):
    """The columns of a file with their targets, in their order; a JSON file has none."""

    columns: Sequence[str]
    targets: Sequence[Target]
    constants: Mapping[str, Any]  # by slot: for rows whose cells do not say it
    warnings: tuple[Problem, ...] = ()


# Slots that rows take from the parent that they need, if they do not say them.
_INHERITED = (
    "name description category category_names tags tax_class status price compare_at_price "
    "attributes"
)
INHERITED = frozenset(_INHERITED.split())


class Layout:
    name: ClassVar[str] = "souk"
    has_all_attributes: ClassVar[bool] = True  # in its column of attributes, if it has one
    names_variants: ClassVar[bool] = False  # parents name the rows that need them

    def __init__(self, recognised: RecognisedColumns, defaults: ImportDefaults) -> None:
        pairs = list(zip(recognised.columns, recognised.targets, strict=True))
        self.columns = [ColumnUse(column, target.field, target.note) for column, target in pairs]
        self.warnings = list(recognised.warnings)
        self._defaults = defaults
        self._constants = dict(recognised.constants)
        self._plan = [
            (index, column, target.slot, target.convert)
            for index, (column, target) in enumerate(pairs)
            if target.slot or target is UNKNOWN
        ]
        self._columns: dict[str, str] = {}
        fields = [(target.field, column) for column, target in pairs if target.field]
        for field, column in [*fields, *((name.partition(".")[0], at) for name, at in fields)]:
            self._columns.setdefault(field, column)
        self._index = {slot: index for index, _, slot, _ in self._plan}
        self._by_name = dict(pairs)
        self._read_currency = next(
            (target.convert for target in recognised.targets if target.slot == "currency"), text
        )
        self._error_codes = next(
            (at for at, column in enumerate(recognised.columns) if column == "error_code"), None
        )
        self._last_parent: tuple[SourceRow, Reading] | None = None
        self._has_option_columns = any(slot.startswith("option:") for slot in self._index)

    @classmethod
    def find_missing(cls, slots: Collection[str]) -> str | None:
        """The column that a file with these slots lacks, if it cannot do without."""
        return None if "sku" in slots else "sku"

    # What the planner asks.

    @property
    def has_parents(self) -> bool:
        """Whether rows of a file with these columns can take fields from others."""
        return False

    def join_rows(self, rows: Iterable[SourceRow]) -> Iterable[SourceRow]:
        """All rows, with what continues a row joined to it. A continued row comes last."""
        return rows

    def column_of(self, field: str) -> str | None:
        return self._columns.get(field)

    def parent_key(self, row: SourceRow) -> str | None:  # noqa: ARG002 (subclasses need it)
        """A key, if this row provides fields to others."""
        return None

    def parent_keys(self, row: SourceRow) -> Sequence[str]:
        """All keys under which other rows look for this one. Most layouts have one at most."""
        key = self.parent_key(row)
        return (key,) if key else ()

    def written_key(self, row: SourceRow, key: str) -> str:  # noqa: ARG002
        """One of the keys as the row writes it."""
        return key

    def needs_parent(self, row: SourceRow) -> str | None:  # noqa: ARG002
        """The key of the row that this one takes fields from."""
        return None

    def sku(self, row: SourceRow) -> str | None:
        """To find the same SKU twice; None for a row that is no product."""
        return self.cell(row, "sku") or None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        """The fields of the row. `parent`: the row with the key that it needs, if the file has it.

        Raises nothing: what cannot be converted is a problem of the row.
        """
        del parent
        return self._finish(self._convert(row))

    def is_beside_rejected(self, row: SourceRow) -> bool:
        """Whether the row is in an error file only because rejected rows need it.

        Objects of JSON need no others.
        """
        place = self._error_codes
        if place is None or isinstance(row.cells, dict):
            return False
        return row.cells[place : place + 1] == [NOT_REJECTED]

    # For subclasses.

    def cell(self, row: SourceRow, slot: str) -> str:
        """The text in the column with this slot, without outer white space; "" if there is none."""
        if isinstance(row.cells, dict):
            value = next(
                (value for _, found, value in self._members(row.cells) if found.slot == slot), None
            )
            return value.strip() if isinstance(value, str) else ""
        index = self._index.get(slot)
        return row.cells[index].strip() if index is not None and index < len(row.cells) else ""

    def _read_parent(self, parent: SourceRow) -> Reading:
        """The parent's values. Its rows mostly stand together, so that the last one is kept."""
        if self._last_parent is None or self._last_parent[0].number != parent.number:
            self._last_parent = (parent, self._convert(parent))
        return self._last_parent[1]

    def _convert(self, row: SourceRow) -> Reading:
        """The values of all slots."""
        if isinstance(row.cells, dict):
            return self._convert_members(row)
        cells = row.cells
        reading = Reading(row.number, self._columns)
        currency = self._currency_of(row)
        values, width = reading.values, len(cells)
        for index, column, slot, convert in self._plan:
            cell = cells[index].strip() if index < width else ""
            try:
                value = convert(cell, currency)
            except BadCell as error:
                reading.problems.append(
                    Problem(row.number, column, error.code, str(error), shorten(cell))
                )
                continue
            if value is not OMIT:
                values[slot] = value
        return reading

    def _currency_of(self, row: SourceRow) -> str:
        """The currency that prices of the row are converted with. Validation refuses others."""
        cell = self.cell(row, "currency")
        named = self._read_currency(cell, "") if cell else self._constants.get("currency")
        return named if named in CURRENCIES else self._defaults.currency

    def _members(self, members: Mapping[str, Any]) -> Iterator[tuple[str, Target, Any]]:
        for name, value in members.items():
            target = self._by_name.get(name)
            if target is None:
                target = find_own_target(name.strip()) or UNKNOWN
                if len(self._by_name) < NAMES_MAX:  # each object can have other names
                    self._by_name[name] = target
            yield name, target, value

    def _convert_members(self, row: SourceRow) -> Reading:
        """The values of a JSON object: those of the API's JSON, or texts as a CSV file has them."""
        members = list(self._members(row.cells))  # type: ignore[arg-type]
        reading = Reading(
            row.number, {target.field: name for name, target, _ in members if target.field}
        )
        currency = self._currency_of(row)
        first: dict[str, str] = {}
        for name, target, value in members:
            try:
                refuse_second(first.setdefault(target.slot or name, name), name)
                converted = convert_json(target, value, currency)
            except BadCell as error:
                shown = shorten(str(value))
                reading.problems.append(Problem(row.number, name, error.code, str(error), shown))
                continue
            if converted is not OMIT:
                reading.values[target.slot] = converted
        return reading

    def _finish(self, reading: Reading, *, is_product: bool = True) -> ImportRow:
        warn_of_power(reading)
        values = {**self._constants, **reading.values}
        named = values.pop("currency", None)
        if named == "":  # an empty cell, which is refused where nothing else says the currency
            named = self._constants.get("currency", "")
        currency = self._defaults.currency if named is None else named
        pictures, oversold = values.pop("pictures", ()), values.pop("oversold", 0)
        fields: dict[str, Any] = {"options": {}} if self._has_option_columns else {}
        for slot, value in values.items():
            kind, _, member = slot.partition(":")
            if member:
                fields[f"{kind}s"] = {**fields.get(f"{kind}s", {}), member: value}
            elif slot in _OBJECTS and isinstance(value, dict):
                fields[slot] = {**value, **fields.get(slot, {})}
            elif slot in PRICES and not isinstance(value, dict):
                fields[slot] = to_money(value, currency)
            elif slot == "category_names" and not value:
                fields["category"] = None
            else:
                fields[slot] = value
        if fields.get("stock_policy") == UNTRACKED and not fields.get("available", 1):
            fields["available"] = None  # there is nothing to count
        return ImportRow(
            number=reading.number,
            fields=fields,
            columns=reading.columns,  # type: ignore[arg-type]
            problems=tuple(reading.problems),
            warnings=tuple(reading.warnings),
            pictures=to_pictures(pictures) if pictures else (),
            is_product=is_product,
            oversold=oversold,
            currency_is_assumed=named is None
            and not self._defaults.is_currency_chosen
            and any(slot in fields for slot in PRICES),
            adds_attributes=not (self.has_all_attributes and "attributes" in values),
        )
