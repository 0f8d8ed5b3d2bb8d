"""Cuts a file into chunks, finds repeated SKUs, and gives rows their parents.

It reads parents that a search has stored from the disk.
"""

from collections.abc import Iterable, Iterator

from files.chunks.contents import ChunkWriter
from files.formats.source_rows import BrokenFile, Problem, SourceRow
from files.layouts.layout import Layout
from files.parents.kept_parents import NearbyParents, StoredParents
from files.seen_keys import KEYS_MAX, SeenKeys
from products.importing.service import find_ids
from shared.catalog_names import sku_key


class ChunkCutter:
    """Reads rows in their order.

    `far`: the parents that a search has found. `ids`: the products that the file has, if that
    matters.
    """

    def __init__(
        self, layout: Layout, far: StoredParents | None = None, *, collects_ids: bool = False
    ) -> None:
        self._layout = layout
        self._skus = SeenKeys()
        self._nearby = NearbyParents()
        self._far = far
        self._keeps_parents = layout.has_parents and not layout.names_variants
        self.ids = SeenKeys() if collects_ids else None
        self.rows = 0

    def cut(self, rows: Iterable[SourceRow]) -> Iterator[ChunkWriter]:
        """Raises BrokenFile where the file is broken, or has too many rows."""
        chunk, group = ChunkWriter(), None
        for row in self._layout.join_rows(rows):
            key = self._layout.needs_parent(row)
            parent = self._find_parent(key) if key else None
            own = self._layout.parent_key(parent or row) or key
            if not chunk.has_room(continues_group=own is not None and own == group):
                yield chunk
                chunk = ChunkWriter()
            group = own
            chunk.add(self._judge(row), parent)
            self.rows += 1
            if self._keeps_parents:
                self._nearby.remember(self._layout.parent_keys(row), row)
        if chunk.rows:
            yield chunk

    def _find_parent(self, key: str) -> SourceRow | None:
        found = self._nearby.find(key)
        return self._far.find(key) if found is None and self._far is not None else found

    def _judge(self, row: SourceRow) -> SourceRow:
        sku = self._layout.sku(row)
        if not sku:
            return row
        if len(self._skus) >= KEYS_MAX:
            message = f"The file has more than {KEYS_MAX:,} products. Divide it."
            raise BrokenFile("too_many_rows", message, row=row.number)
        if self.ids is not None:
            for product_id in find_ids(sku):
                self.ids.add(product_id, row.number)
        first = self._skus.add(sku_key(sku), row.number)
        if first is None or row.problems:
            return row
        message = f"Row {first} has this SKU, too. Keep one of the rows."
        problem = Problem(row.number, self._layout.column_of("sku"), "duplicate_sku", message, sku)
        return row.replace(problems=(problem,))
