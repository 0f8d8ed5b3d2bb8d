"""Cuts a file into chunks, finds repeated SKUs, and remembers what rows share. Pure."""

from collections.abc import Iterable, Iterator

from files.chunks.contents import ChunkWriter
from files.formats.source_rows import BrokenFile, Problem, SourceRow, count_characters
from files.layouts.layout import Layout
from files.planning.seen_keys import KEYS_MAX, SeenKeys
from products.importing.service import find_ids
from shared.catalog_names import sku_key

PARENTS_KEPT_CHARACTERS = 16_000_000  # of rows that later rows take fields from


class ChunkCutter:
    """Reads rows in their order. `ids`: the products that the file has, if that matters."""

    def __init__(self, layout: Layout, *, collects_ids: bool = False) -> None:
        self._layout = layout
        self._skus = SeenKeys()
        self._parents: dict[str, SourceRow] = {}
        self._parents_size = 0
        self.ids = SeenKeys() if collects_ids else None
        self.rows = 0

    def cut(self, rows: Iterable[SourceRow]) -> Iterator[ChunkWriter]:
        """Raises BrokenFile where the file is broken, or has too many rows."""
        chunk, group = ChunkWriter(), None
        for row in rows:
            key = self._layout.needs_parent(row)
            own = self._layout.parent_key(row)
            continues_group = group is not None and group in (key, own)
            if not chunk.has_room(continues_group=continues_group):
                yield chunk
                chunk = ChunkWriter()
            group = key if own is None else own
            chunk.add(self._judge(row), key, self._parents.get(key) if key else None)
            self.rows += 1
            for each in self._layout.parent_keys(row):
                self._remember(each, row)
        if chunk.rows:
            yield chunk

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
        problem = Problem(row.number, self._sku_column(), "duplicate_sku", message, sku)
        return row.replace(problems=(problem,))

    def _sku_column(self) -> str | None:
        found = (each.column for each in self._layout.columns if each.field == "sku")
        return next(found, None)

    def _remember(self, key: str, row: SourceRow) -> None:
        """The oldest are forgotten if there are too many: the rows of a group are close."""
        before = self._parents.pop(key, None)
        if before is not None:
            self._parents_size -= count_characters(before)
        self._parents[key] = row
        self._parents_size += count_characters(row)
        while self._parents_size > PARENTS_KEPT_CHARACTERS:
            oldest = next(iter(self._parents))
            self._parents_size -= count_characters(self._parents.pop(oldest))
