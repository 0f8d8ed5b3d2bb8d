"""Transactions whose every write names the error that its failed condition stands for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from shared.errors.base import Unavailable
from shared.retries import retry
from shared.storage.dynamo import connection

__all__ = [
    "ACTIONS_MAX",
    "ATTEMPTS",
    "Action",
    "Condition",
    "Contended",
    "Otherwise",
    "Transaction",
]

ACTIONS_MAX = 100  # DynamoDB's limit on one transaction
ATTEMPTS = 4

# Reasons for which a cancelled transaction may go through at a later try (API_TransactWriteItems).
_TRANSIENT = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})

# What a failed condition stands for; given as a function, it is told the item that was found.
# DynamoDB also gives those of checks and deletes, but pynamodb does not ask for them.
Otherwise = Exception | Callable[[Any], Exception] | None


class Contended(Unavailable):
    """Other writers won every attempt. Nothing was written."""


@dataclass(frozen=True, slots=True)
class _Write:
    model: type[Model]
    send: Callable[[TransactWrite], None]
    otherwise: Otherwise


@dataclass(slots=True)
class Transaction:
    """Writes that happen together or not at all.

    `otherwise` is the refusal that a write's failed condition stands for; that of a put or an
    update may be a function from the item that was found instead (None: no item) to the refusal.
    Several conditions may fail at once: the refusal raised is that of the write added first.
    """

    _checks: list[_Write] = field(default_factory=list)
    _deletes: list[_Write] = field(default_factory=list)
    _puts: list[_Write] = field(default_factory=list)
    _updates: list[_Write] = field(default_factory=list)
    _order: list[_Write] = field(default_factory=list)

    def put(
        self, item: Model, *, only_if: Condition | None = None, otherwise: Otherwise = None
    ) -> None:
        found = _wanted(otherwise)
        self._add(
            self._puts,
            _Write(type(item), lambda to: to.save(item, only_if, found), otherwise),
        )

    def update(
        self,
        item: Model,
        actions: Sequence[Action],
        *,
        only_if: Condition | None = None,
        otherwise: Otherwise = None,
    ) -> None:
        """Change the item with this one's key, creating it unless `only_if` says otherwise."""
        found = _wanted(otherwise)
        self._add(
            self._updates,
            _Write(
                type(item), lambda to: to.update(item, list(actions), only_if, found), otherwise
            ),
        )

    def delete(
        self, item: Model, *, only_if: Condition | None = None, otherwise: Exception | None = None
    ) -> None:
        """Remove the item with this one's key, if there is one."""
        self._add(self._deletes, _Write(type(item), lambda to: to.delete(item, only_if), otherwise))

    def check(
        self, table: type[Model], *key: str, only_if: Condition, otherwise: Exception
    ) -> None:
        """Write nothing there, but demand this of the item with that key."""
        hash_key, range_key = (*key, None)[:2]
        self._add(
            self._checks,
            _Write(
                table,
                lambda to: to.condition_check(table, hash_key, range_key, condition=only_if),
                otherwise,
            ),
        )

    def _add(self, kind: list[_Write], write: _Write) -> None:
        kind.append(write)
        self._order.append(write)

    def __len__(self) -> int:
        return len(self._order)

    def commit(self, *, attempts: int = ATTEMPTS) -> None:
        """Write it all, or raise and have written nothing.

        Raises the refusal of the condition that failed, or Contended. After an Unavailable for a
        lost reply it may have been written all the same: a retry must find out by a condition.
        """
        retry(self._send, on=(Contended,), attempts=attempts)

    @property
    def _sent(self) -> list[_Write]:
        """In the order that pynamodb sends them in, whatever order they were added in."""
        return [*self._checks, *self._deletes, *self._puts, *self._updates]

    def _send(self) -> None:
        try:
            with TransactWrite(connection=connection()) as transaction:
                for write in self._sent:
                    write.send(transaction)
        except TransactWriteError as error:
            refusal = self._refusal_in(error.cancellation_reasons)
            if refusal is not None:
                raise refusal from error
            if _is_transient(error):
                raise Contended from error
            raise

    def _refusal_in(self, reasons: list[CancellationReason | None]) -> Exception | None:
        failed = {
            id(write): reason
            for write, reason in zip(self._sent, reasons, strict=False)
            if reason is not None and reason.code == "ConditionalCheckFailed"
        }
        for write in self._order:
            if id(write) in failed and write.otherwise is not None:
                return _refusal(write, failed[id(write)])
        return None


def _wanted(otherwise: Otherwise) -> str | None:
    """What DynamoDB is to return of an item that fails its condition."""
    return "ALL_OLD" if callable(otherwise) else None


def _refusal(write: _Write, reason: CancellationReason) -> Exception | None:
    if not callable(write.otherwise):
        return write.otherwise
    found = reason.raw_item
    return write.otherwise(write.model.from_raw_data(found) if found else None)


def _is_transient(error: TransactWriteError) -> bool:
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return bool(codes) and codes <= _TRANSIENT
