"""Counts what is on sale in each category, in the transactions that store the listings.

So a repeated or lost event changes no count: what is listed is counted, and nothing else. A count
is divided into shards, because workers that index at once write to those of the same categories.
"""

import random
from collections.abc import Mapping

from shared.records import Record
from shared.storage.models.categories import CategoryCount
from shared.storage.transactions import Transaction

COUNT_SHARDS = 8  # of each count


class CountChange(Record):
    """Changes of counts, by path. Each attempt of the transaction writes to another shard."""

    changes: Mapping[str, int]

    @property
    def writes_max(self) -> int:
        return len(self.changes)

    def stage(self, transaction: Transaction) -> None:
        shard = random.randrange(COUNT_SHARDS)  # noqa: S311 (no secret)
        for path, change in self.changes.items():
            transaction.update(
                CategoryCount(path=count_key(path, shard)), [CategoryCount.entries.add(change)]
            )

    def on_commit(self) -> None: ...


def count_key(path: str, shard: int) -> str:
    return f"{path}#{shard}"


def stage_counts(transaction: Transaction, changes: Mapping[str, int]) -> None:
    """Add these changes to the transaction. One write for each path whose count changes."""
    transaction.choose(CountChange({path: change for path, change in changes.items() if change}))
