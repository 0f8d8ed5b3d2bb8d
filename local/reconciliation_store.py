"""Sums by key for any number of keys, in a few megabytes of memory: SQLite keeps them on disk."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Self

PROMOTION_KEY = "promotion "  # prefix of the keys that are not a product's id
Column = Literal["before", "explained", "after"]

_TABLE = """
CREATE TABLE sums (
    key TEXT PRIMARY KEY,
    before INTEGER NOT NULL DEFAULT 0, before_allocated INTEGER NOT NULL DEFAULT 0,
    explained INTEGER NOT NULL DEFAULT 0, explained_allocated INTEGER NOT NULL DEFAULT 0,
    after INTEGER NOT NULL DEFAULT 0, after_allocated INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID
"""
_IS_EXPLAINED = """
explained BETWEEN min(before, after) AND max(before, after)
AND explained_allocated
    BETWEEN min(before_allocated, after_allocated) AND max(before_allocated, after_allocated)
"""


def promotion_key(code: str, customer: str | None) -> str:
    return f"{PROMOTION_KEY}{code} of {customer}" if customer else f"{PROMOTION_KEY}{code}"


def promotion_of(key: str) -> tuple[str, str | None]:
    """The code of a promotion's key, and the customer whose uses it counts."""
    code, _, customer = key.removeprefix(PROMOTION_KEY).partition(" of ")
    return code, customer or None


def is_promotion(key: str) -> bool:
    return key.startswith(PROMOTION_KEY)


@dataclass(frozen=True)
class Difference:
    key: str
    available: int
    recomputed: int
    allocated: int
    recomputed_allocated: int


class ReconciliationStore:
    """For each key: what is stored, read before and after, and the sum that explains it.

    A key is a product's id or a promotion's. Promotions have no allocated units.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # a temporary file that SQLite deletes when it is closed
        self._file.execute(_TABLE)
        self._accepts_new_keys = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, column: Column, amounts: Iterable[tuple[str, int, int]]) -> None:
        """Adds amounts to a column. Each amount is a key, a count and the allocated units."""
        if self._accepts_new_keys:
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

    def count(self, excluded_prefix: str = "") -> int:
        """The number of keys, without those that have the prefix."""
        statement = "SELECT count(*) FROM sums WHERE ?1 = '' OR substr(key, 1, length(?1)) <> ?1"
        return int(self._file.execute(statement, (excluded_prefix,)).fetchone()[0])

    def delete_explained(self) -> int:
        """Deletes the keys whose sum explains what is stored. Returns how many are left.

        From now on `add` ignores keys that are not left.
        """
        self._file.execute(f"DELETE FROM sums WHERE {_IS_EXPLAINED}")  # noqa: S608
        self._accepts_new_keys = False
        return self.count()

    def reset_sums(self) -> None:
        """Sets all sums to zero and keeps the keys."""
        self._file.execute(
            "UPDATE sums SET before = 0, before_allocated = 0, explained = 0, "
            "explained_allocated = 0, after = 0, after_allocated = 0"
        )

    def list_differences(self) -> Iterator[Difference]:
        for row in self._file.execute(
            "SELECT key, after, explained, after_allocated, explained_allocated "
            "FROM sums ORDER BY key"
        ):
            yield Difference(*row)
