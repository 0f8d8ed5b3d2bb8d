"""A chunk of a file as it is stored: its rows in one form, whatever the file's format. Pure.

A chunk is gzipped JSON Lines. A row is a list: its number, its cells and, if its form is wrong, its
problems. `{"parent": number, "row": ...}` comes before the first row that takes fields from it, and
these rows have that number behind their problems.
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from files.formats.source_rows import Problem, SourceRow
from shared.records import Record

# About two seconds of work for one worker: a cancelled import stops that soon.
ROWS_MAX = 500
BYTES_MAX = 2_000_000
ROWS_OF_GROUP_MAX = 100  # more that a chunk takes, so that a group stays in one

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class ChunkRow(Record):
    row: SourceRow
    parent: SourceRow | None


class ChunkWriter:
    """Collects rows until the chunk is full."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._parents: set[int] = set()
        self._size = 0
        self.rows = 0

    def add(self, row: SourceRow, parent: SourceRow | None = None) -> None:
        line: list[Any] = encode_row(row)
        if parent is not None:
            if parent.number not in self._parents:
                self._parents.add(parent.number)
                self._append({"parent": parent.number, "row": encode_row(parent)})
            line.append(parent.number)
        self._append(line)
        self.rows += 1

    def has_room(self, *, continues_group: bool) -> bool:
        rows_max = ROWS_MAX + (ROWS_OF_GROUP_MAX if continues_group else 0)
        return self.rows < rows_max and self._size < BYTES_MAX

    def to_bytes(self) -> bytes:
        """The same rows give the same bytes."""
        return gzip.compress("\n".join(self._lines).encode(), compresslevel=1, mtime=0)

    def _append(self, line: Any) -> None:
        text = _encode(line)
        self._lines.append(text)
        self._size += len(text)


def read_chunk(content: bytes) -> Iterator[ChunkRow]:
    parents: dict[Any, SourceRow] = {}
    lines = gzip.decompress(content).splitlines()
    for found in json.loads(b"[%b]" % b",".join(lines)):  # each by itself takes three times as long
        if isinstance(found, dict):
            parents[found["parent"]] = decode_row(found["row"])
        else:
            yield ChunkRow(decode_row(found), parents[found[3]] if len(found) > 3 else None)  # noqa: PLR2004


def encode_row(row: SourceRow) -> list[Any]:
    problems = [
        [each.row, each.field, each.code, each.message, each.value] for each in row.problems
    ]
    return [row.number, row.cells, problems]


def decode_row(found: list[Any]) -> SourceRow:
    return SourceRow(found[0], found[1], tuple(Problem(*each) for each in found[2]))
