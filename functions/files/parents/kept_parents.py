"""Rows that other rows take fields from: the close ones in memory, the others on the disk.

Of two rows with one key the first one counts, as of two rows with one SKU: of those that are still
in memory, or of those that are stored.
"""

import json
import os
import weakref
import zlib
from collections.abc import Iterable, Iterator

from files.chunks.contents import decode_row, encode_row
from files.formats.source_rows import BrokenFile, SourceRow, count_bytes
from files.formats.unpacking import open_unnamed_file
from files.seen_keys import SeenKeys

NEARBY_BYTES_MAX = 32_000_000
STORED_BYTES_MAX = 100_000_000  # Lambda has 512 MB on disk, which a workbook needs, too
STORED_KEYS_MAX = 750_000  # their table takes 13 MB
_LENGTH_BYTES = 4  # before each stored row


def too_many_parents(row: SourceRow) -> BrokenFile:
    message = (
        "The file has too many products with variants. Of a file of Magento all of them count, of "
        "others those whose variants stand far away. Divide it, so that each has whole products."
    )
    return BrokenFile("too_many_parents", message, row=row.number)


class NearbyParents:
    """Parents of the rows read so far. The oldest are forgotten if there are too many."""

    def __init__(self) -> None:
        self._rows: dict[str, SourceRow] = {}
        self._size = 0
        self.has_forgotten = False

    def find(self, key: str) -> SourceRow | None:
        return self._rows.get(key)

    def remember(self, keys: Iterable[str], row: SourceRow) -> None:
        for key in keys:
            known = self._rows.pop(key, None)
            self._rows[key] = row if known is None else known
            if known is None:
                self._size += count_bytes(row)
        while self._size > NEARBY_BYTES_MAX:
            oldest = next(iter(self._rows))
            self._size -= count_bytes(self._rows.pop(oldest))
            self.has_forgotten = True


class StoredParents:
    """Parents in an unnamed file. Iterate over the rows in their order."""

    def __init__(self) -> None:
        self._places = SeenKeys()
        self._file = open_unnamed_file()
        weakref.finalize(self, os.close, self._file)
        self._size = 0
        self._last: tuple[int, SourceRow] | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[SourceRow]:
        place = 0
        while place < self._size:
            length = self._read_length(place)
            yield self._read(place)
            place += _LENGTH_BYTES + length

    def add(self, keys: Iterable[str], row: SourceRow) -> list[str]:
        """The keys that an earlier row has. Raises BrokenFile if there is no room."""
        encoded = _pack(row)
        place = self._size
        taken = [key for key in keys if self._places.add(key, place) not in (None, place)]
        os.pwrite(self._file, len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded, place)
        self._size += _LENGTH_BYTES + len(encoded)
        if self._size > STORED_BYTES_MAX or len(self._places) > STORED_KEYS_MAX:
            raise too_many_parents(row)
        return taken

    def find(self, key: str) -> SourceRow | None:
        place = self._places.find(key)
        return None if place is None else self._read(place)

    def _read(self, place: int) -> SourceRow:
        """The variants of a product mostly stand together, so that the last row is kept."""
        if self._last is None or self._last[0] != place:
            encoded = os.pread(self._file, self._read_length(place), place + _LENGTH_BYTES)
            self._last = (place, decode_row(json.loads(zlib.decompress(encoded))))
        return self._last[1]

    def _read_length(self, place: int) -> int:
        return int.from_bytes(os.pread(self._file, _LENGTH_BYTES, place), "big")


def _pack(row: SourceRow) -> bytes:
    """UTF-8, as escapes of texts that are not Latin take three times as much."""
    text = json.dumps(encode_row(row), ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
