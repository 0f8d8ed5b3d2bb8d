"""Where a search is: its windows of postings, and the positions between them. Pure."""

from collections.abc import Sequence
from typing import Any

from products.search.ranking import Hit, Rank
from products.search.terms import SearchQuery
from shared.records import Record


class Position(Record):
    """Where a search continues: in one term's range of keys, which it reads in windows.

    It holds keys, not counts, so that a change of the index moves nothing to another page.
    """

    term: int | None = None  # None: at the first entry of the reading
    start: str | None = None  # the window begins after this key
    until: str | None = None  # and ends with this one; None: as far as one Query reads
    after: list[Any] | None = None  # the rank of the window's last hit that a page has shown
    reading: int = 0


class Hits(Record):
    items: list[Hit]  # the best first
    next: Position | None
    queries: int


class RankedHit(Record):
    rank: Rank
    hit: Hit


class Window(Record):
    position: Position
    hits: list[RankedHit]  # the best first
    end: str | None  # the last key that was read; None: the whole range was read
    read: int

    def rest(self, taken: int) -> Position | None:
        """Where a search continues that has taken the first `taken` hits."""
        if taken < len(self.hits):
            last = self.hits[taken - 1].rank
            return self.position.replace(until=self.end, after=list(last))
        if self.end is None:
            return None
        return self.position.replace(start=self.end, until=None, after=None)


def next_reading(readings: Sequence[SearchQuery], position: Position) -> Position | None:
    following = position.reading + 1
    return Position(reading=following) if following < len(readings) else None
