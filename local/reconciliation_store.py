"""Sums by key, of any number of keys in a few megabytes: on disk, in SQLite."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Self

Column = Literal["before", "explained", "after"]

_TABLE = """
CREATE TABLE sums (
    key TEXT PRIMARY KEY,
    before INTEGER NOT NULL DEFAULT 0, before_allocated INTEGER NOT NULL DEFAULT 0,
    explained INTEGER NOT NULL DEFAULT 0, explained_allocated INTEGER NOT NULL DEFAULT 0,
    after INTEGER NOT NULL DEFAULT 0, after_allocated INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID
"""
_LIES_BETWEEN = """
explained BETWEEN min(before, after) AND max(before, after)
AND explained_allocated
    BETWEEN min(before_allocated, after_allocated) AND max(before_allocated, after_allocated)
"""


@dataclass(frozen=True)
class Difference:
    key: str
    available: int
    recomputed: int
    allocated: int
    open: int


class Tally:
    """What is stored of each key, before and after, and what explains it.

    A key is a product's id, or that of something else that is counted: then nothing is on order.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # a temporary file, gone when it is closed
        self._file.execute(_TABLE)
        self._takes_new = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, column: Column, amounts: Iterable[tuple[str, int, int]]) -> None:
        """Add to a column and to what goes with it of orders: key, amount, on order."""
        if self._takes_new:
            statement = (
                f"INSERT INTO sums (key, {column}, {column}_allocated) "  # noqa: S608
                "VALUES (?1, ?2, ?3) ON CONFLICT DO "
                f"UPDATE SET {column} = {column} + ?2, {column}_allocated = {column}_allocated + ?3"
            )
        else:
            statement = (
                f"UPDATE sums SET {column} = {column} + ?2, "  # noqa: S608
                f"{column}_allocated = {column}_allocated + ?3 WHERE key = ?1"
            )
        self._file.executemany(statement, amounts)

    def count(self, but_for: str = "") -> int:
        """How many keys there are, but for those that begin so."""
        statement = "SELECT count(*) FROM sums WHERE ?1 = '' OR substr(key, 1, length(?1)) <> ?1"
        return int(self._file.execute(statement, (but_for,)).fetchone()[0])

    def keep_what_differs(self) -> int:
        """Forget the keys that are explained; of the others, how many there are.

        From here on no other key is taken in.
        """
        self._file.execute(f"DELETE FROM sums WHERE {_LIES_BETWEEN}")  # noqa: S608
        self._takes_new = False
        return self.count()

    def begin_again(self) -> None:
        """All sums to nothing."""
        self._file.execute(
            "UPDATE sums SET before = 0, before_allocated = 0, explained = 0, "
            "explained_allocated = 0, after = 0, after_allocated = 0"
        )

    def differences(self) -> Iterator[Difference]:
        for row in self._file.execute(
            "SELECT key, after, explained, after_allocated, explained_allocated "
            "FROM sums ORDER BY key"
        ):
            yield Difference(*row)
