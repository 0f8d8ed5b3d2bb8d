"""Transactions in which each write names the error to raise when its condition fails."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from shared import request_budget
from shared.errors.base import Unavailable
from shared.retries import retry
from shared.storage.dynamo import Table, connection

__all__ = [
    "ACTIONS_MAX",
    "ATTEMPTS",
    "HOT_ATTEMPTS",
    "Action",
    "Choice",
    "Condition",
    "Contended",
    "Otherwise",
    "Throttled",
    "Transaction",
    "Unwritable",
]

ACTIONS_MAX = 100  # DynamoDB's limit on one transaction
ATTEMPTS = 4
HOT_ATTEMPTS = 10  # where many buyers write one item, such as stock

# After a cancellation for these reasons a retry may succeed (API_TransactWriteItems).
_CONFLICT = "TransactionConflict"
_THROTTLING = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
_TRANSIENT = _THROTTLING | {_CONFLICT}
# DynamoDB refuses these writes at every attempt: an item or the transaction is too large.
_PERMANENT = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})

# The error to raise when a condition fails, or a function from the stored item to that error.
# DynamoDB can also return the items of checks and deletes, but pynamodb does not request them.
Otherwise = Exception | Callable[[Any], Exception] | None


class Contended(Unavailable):
    """Other writers won every attempt, or DynamoDB throttles. Nothing was written."""


class Throttled(Contended):
    """DynamoDB refused some writes because it is overloaded, and nothing was written."""


class Unwritable(Exception):
    """DynamoDB cannot store these writes, however often they are sent: they are too large."""


class _Kind(IntEnum):
    """In the order in which pynamodb sends writes, and DynamoDB returns reasons."""

    CHECK, DELETE, PUT, UPDATE = range(4)


@dataclass(frozen=True, slots=True)
class _Write:
    kind: _Kind
    model: type[Model]
    send: Callable[[TransactWrite], None]
    otherwise: Otherwise


class Choice(Protocol):
    """Writes that are chosen at each attempt: what fitted before may be taken now."""

    @property
    def writes_max(self) -> int: ...

    def stage(self, transaction: "Transaction") -> None:
        """Add this attempt's writes. What it raises ends the attempt."""

    def on_commit(self) -> None:
        """The writes of the last attempt are stored."""


@dataclass(slots=True)
class Transaction:
    """Writes that DynamoDB applies all together or not at all.

    `otherwise` is the error to raise when a write's condition fails. For a put or an update it may
    be a function from the stored item (None: no item) to the error. When several conditions fail,
    `commit` raises the error of the write that was added first.
    """

    _staged: list[_Write | Choice] = field(default_factory=list)

    def put(
        self, item: Model, *, only_if: Condition | None = None, otherwise: Otherwise = None
    ) -> None:
        returned = _return_values(otherwise)
        self._add(_Kind.PUT, type(item), lambda sent: sent.save(item, only_if, returned), otherwise)

    def update(
        self,
        item: Model,
        actions: Sequence[Action],
        *,
        only_if: Condition | None = None,
        otherwise: Otherwise = None,
    ) -> None:
        """Update the item with this item's key, or create it where `only_if` allows that."""
        returned = _return_values(otherwise)
        self._add(
            _Kind.UPDATE,
            type(item),
            lambda sent: sent.update(item, list(actions), only_if, returned),
            otherwise,
        )

    def upsert(
        self, item: Table, *, only_if: Condition | None = None, otherwise: Otherwise = None
    ) -> None:
        """Write all attributes of the item. A stored one keeps what newer code has added to it.

        A `put` would remove that, so it is for items that do not exist yet.
        """
        self.update(item, item.changes_since(None), only_if=only_if, otherwise=otherwise)

    def delete(
        self, item: Model, *, only_if: Condition | None = None, otherwise: Exception | None = None
    ) -> None:
        """Delete the item with this item's key, if it exists."""
        self._add(_Kind.DELETE, type(item), lambda sent: sent.delete(item, only_if), otherwise)

    def check(
        self, table: type[Model], *key: str, only_if: Condition, otherwise: Exception
    ) -> None:
        """Require a condition of the item with this key without writing it."""
        hash_key, range_key = (*key, None)[:2]
        self._add(
            _Kind.CHECK,
            table,
            lambda sent: sent.condition_check(table, hash_key, range_key, condition=only_if),
            otherwise,
        )

    def choose(self, choice: Choice) -> None:
        self._staged.append(choice)

    def _add(
        self,
        kind: _Kind,
        model: type[Model],
        send: Callable[[TransactWrite], None],
        otherwise: Otherwise,
    ) -> None:
        self._staged.append(_Write(kind, model, send, otherwise))

    def __len__(self) -> int:
        """The most writes that one attempt sends."""
        return sum(
            1 if isinstance(staged, _Write) else staged.writes_max for staged in self._staged
        )

    def commit(self, *, attempts: int = ATTEMPTS, doublings: int = sys.maxsize) -> None:
        """Write everything, or raise and write nothing.

        Raises the `otherwise` of the condition that failed, or Contended. After any other
        Unavailable the writes may exist, because the reply can be lost: a retry needs a condition
        that detects them.
        """
        retry(self._send, on=(Contended,), attempts=attempts, doublings=doublings)

    def _send(self) -> None:
        writes = self._chosen_writes()
        sent = sorted(writes, key=lambda write: write.kind)
        try:
            with TransactWrite(connection=connection()) as transaction:
                for write in sent:
                    write.send(transaction)
        except TransactWriteError as error:
            refused = _error_in(error.cancellation_reasons, sent=sent, added=writes)
            if refused is not None:
                raise refused from error
            if _is_transient(error):
                _record(error)
                raise (Throttled if _codes(error) & _THROTTLING else Contended) from error
            if error.cause_response_code == "ValidationException" or _codes(error) & _PERMANENT:
                raise Unwritable(error.cause_response_message) from error
            raise
        for staged in self._staged:
            if not isinstance(staged, _Write):
                staged.on_commit()

    def _chosen_writes(self) -> list[_Write]:
        """All writes of one attempt, as they were added."""
        writes: list[_Write] = []
        for staged in self._staged:
            if isinstance(staged, _Write):
                writes.append(staged)
            else:
                chosen = Transaction()
                staged.stage(chosen)
                writes.extend(chosen._chosen_writes())
        return writes


def _error_in(
    reasons: Sequence[CancellationReason | None], *, sent: list[_Write], added: list[_Write]
) -> Exception | None:
    failed = {
        id(write): reason
        for write, reason in zip(sent, reasons, strict=False)
        if reason is not None and reason.code == "ConditionalCheckFailed"
    }
    for write in added:
        if id(write) in failed and write.otherwise is not None:
            return _error_of(write, failed[id(write)])
    return None


def _return_values(otherwise: Otherwise) -> str | None:
    """Which attributes DynamoDB returns of an item that fails its condition."""
    return "ALL_OLD" if callable(otherwise) else None


def _error_of(write: _Write, reason: CancellationReason) -> Exception | None:
    if not callable(write.otherwise):
        return write.otherwise
    found = reason.raw_item
    return write.otherwise(write.model.from_raw_data(found) if found else None)


def _is_transient(error: TransactWriteError) -> bool:
    return bool(_codes(error)) and _codes(error) <= _TRANSIENT


def _record(error: TransactWriteError) -> None:
    """In the request's budget: a conflict is no outage, throttling is one."""
    if _codes(error) == {_CONFLICT}:
        request_budget.record_conflict()
    else:
        request_budget.record_failure()


def _codes(error: TransactWriteError) -> set[str]:
    return {reason.code for reason in error.cancellation_reasons if reason is not None}
