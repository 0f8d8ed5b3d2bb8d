"""What DynamoDB does to transactions that meet at one item, which no engine on this machine does.

- A transaction holds its items until it ends. Whoever else writes one of them, or reads it in a
  transaction, is refused at once: DynamoDB keeps no queue.
- A plain read waits for nobody, and sees what was stored before the transaction.
- One item takes 1,000 write units a second, and a transactional write 2. A refused one counts too.

It is a model, and simpler than DynamoDB: each transaction takes equally long, also if a condition
fails; a refused one never holds an item; reads take equally long; and there is no burst capacity.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from benchmarks.virtual_threads import VirtualThreads
from tests.histories.aws_calls import Call, Reply, error_reply, written_items
from tests.histories.tables import key_names

READ_SECONDS = 0.005
REFUSAL_SECONDS = 0.003  # to the reply that a transaction was refused
WRITES_PER_SECOND = 500  # of transactions, to one item
CONFLICT = "TransactionConflict"
THROTTLED = "ThrottlingError"

Key = tuple[str, ...]  # the table, and the values of the key


class ContendedItems:
    """An `answer` for `tests.histories.aws_calls`: it delays calls, and refuses some of them."""

    def __init__(
        self, threads: VirtualThreads, hold_seconds: float, *, stores: bool = True
    ) -> None:
        """`stores`: otherwise every condition holds, and nothing is stored, which takes a third."""
        self.refusals: Counter[str] = Counter()  # by code
        self.attempts = 0  # transactions, refused ones too
        self._threads = threads
        self._hold_seconds = hold_seconds
        self._stores = stores
        self._held: set[Key] = set()
        self._writes: Counter[tuple[Key, int]] = Counter()  # by item and second

    def answer(self, call: Call) -> Reply | None:
        """None: the call has its effect, at the end of its time."""
        if call.operation == "TransactWriteItems":
            return self._write_together(call)
        keys = [_key(table, item) for table, item in _touched_items(call)]
        self._threads.sleep(READ_SECONDS)
        if not self._held.intersection(keys):
            return None
        self.refusals[CONFLICT] += 1
        if call.operation == "TransactGetItems":
            return _cancelled([CONFLICT if key in self._held else "None" for key in keys])
        return error_reply("TransactionConflictException")

    def _write_together(self, call: Call) -> Reply | None:
        self.attempts += 1
        keys = [_key(table, item) for table, item in written_items(call)]
        reasons = [self._reason(key) for key in keys]
        refused = set(reasons) - {"None"}
        if refused:
            self.refusals.update(refused)
            self._threads.sleep(REFUSAL_SECONDS)
            return _cancelled(reasons)
        self._held.update(keys)
        self._threads.sleep(self._hold_seconds)
        self._held.difference_update(keys)
        return None if self._stores else (200, {}, "{}")

    def _reason(self, key: Key) -> str:
        second = (key, int(self._threads.now))
        if self._writes[second] >= WRITES_PER_SECOND:
            return THROTTLED
        self._writes[second] += 1
        return CONFLICT if key in self._held else "None"


def _touched_items(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a call outside of a transaction that writes must find free. Plain reads need nothing."""
    if call.operation == "TransactGetItems":
        for item in call.body["TransactItems"]:
            yield item["Get"]["TableName"], item["Get"]["Key"]
    yield from written_items(call)


def _key(table: str, item: dict[str, Any]) -> Key:
    return (table, *(item[name]["S"] for name in _key_names(table)))


_key_names = cache(key_names)


def _cancelled(codes: list[str]) -> Reply:
    reasons = [{"Code": code, "Message": "simulated"} for code in codes]
    return error_reply("TransactionCanceledException", CancellationReasons=reasons)
