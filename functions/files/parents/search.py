"""Looks through a file for parents that its chunks would be cut without.

A row may stand before the row that it takes fields from, or so far behind it that the cutter has
forgotten that row. Reading the file once more finds both. Those that are found go to the disk.
"""

from collections.abc import Callable, Iterable

from files.formats.source_rows import WARNINGS_MAX, Problem, SourceRow, Warnings, shorten
from files.layouts.layout import Layout
from files.parents.kept_parents import NearbyParents, StoredParents, too_many_parents
from files.seen_keys import KEYS_MAX, SeenKeys


class ParentSearch:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.found = StoredParents()
        self.warnings = Warnings()

    def run(self, open_rows: Callable[[], Iterable[SourceRow]]) -> None:
        """Raises BrokenFile, also if there are too many parents."""
        if self._layout.names_variants:
            for row in self._layout.join_rows(open_rows()):
                self.add(row)
            return
        wanted = SeenKeys()
        if self._collect(open_rows(), wanted) and len(wanted):
            self._collect(open_rows(), wanted)  # now those before the rows that want them, too

    def add(self, row: SourceRow) -> None:
        """Keep the row, if it is a parent."""
        keys = self._layout.parent_keys(row)
        taken = self.found.add(keys, row) if keys else []
        if self._layout.names_variants:
            for key in taken[: WARNINGS_MAX - len(self.warnings)]:
                self._warn_of_two(row, key)

    def _warn_of_two(self, row: SourceRow, key: str) -> None:
        first = self.found.find(key)
        assert first is not None  # noqa: S101 (an earlier row has the key)
        message = (
            f"Row {first.number} names this variant, too, and keeps it: a product is in one group."
        )
        field, sku = self._layout.column_of("options"), self._layout.written_key(row, key)
        self.warnings.add(Problem(row.number, field, "variant_of_two", message, shorten(sku)))

    def _collect(self, rows: Iterable[SourceRow], wanted: SeenKeys) -> bool:
        """Store parents of `wanted` keys. Whether there are more than stay in memory."""
        nearby = NearbyParents()
        for row in self._layout.join_rows(rows):
            needed = self._layout.needs_parent(row)
            if needed and nearby.find(needed) is None:
                if len(wanted) >= KEYS_MAX:
                    raise too_many_parents(row)
                wanted.add(needed, row.number)
            keys = self._layout.parent_keys(row)
            nearby.remember(keys, row)
            if any(key in wanted and key not in self.found for key in keys):
                self.found.add(keys, row)  # under all keys, as the next run loads it
        return nearby.has_forgotten
