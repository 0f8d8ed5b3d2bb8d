"""A file of any other system, as its author's mapping describes it. Pure."""

from typing import Any, ClassVar

from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportRow
from files.layouts.layout import INHERITED, Layout
from files.layouts.readings import Reading

_BLANKS: tuple[Any, ...] = (None, "", [], {})  # a price of 0 is a price


class MappedLayout(Layout):
    """Rows with the same text in the column of `group` are variants of each other.

    A row without a name takes its texts from the row of its group that has one.
    """

    name: ClassVar[str] = "mapping"

    @property
    def has_parents(self) -> bool:
        return {"grouped_by", "name"} <= self._index.keys()

    def parent_key(self, row: SourceRow) -> str | None:
        return self.cell(row, "grouped_by") or None if self.cell(row, "name") else None

    def needs_parent(self, row: SourceRow) -> str | None:
        return None if self.cell(row, "name") else self.cell(row, "grouped_by") or None

    def read(self, row: SourceRow, parent: SourceRow | None) -> ImportRow:
        reading = self._convert(row)
        key = reading.values.pop("grouped_by", None)
        if parent is not None:
            self._inherit(reading, self._read_parent(parent))
        if key and any(slot.partition(":")[0].startswith("option") for slot in reading.values):
            reading.values["group"] = key
        if reading.values.get("available_or_untracked", 0) is None:
            reading.values["stock_policy"] = "untracked"
        if "available_or_untracked" in reading.values:
            reading.values["available"] = reading.values.pop("available_or_untracked")
        return self._finish(reading)

    def _inherit(self, reading: Reading, parent: Reading) -> None:
        """A cell that is empty says nothing where another row of the group has the value."""
        for slot, value in parent.values.items():
            is_inherited = slot.partition(":")[0] in (*INHERITED, "attribute")
            if is_inherited and reading.values.get(slot) in _BLANKS:
                reading.values[slot] = value
