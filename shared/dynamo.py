"""DynamoDB as Souk uses it: tables on one connection, and transactions whose every write names the
error that its failed condition stands for.
"""

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import botocore.session
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BrokenConnection
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import CancellationReason, DoesNotExist, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from shared import aws
from shared.errors import AppError, Unavailable

ACTIONS_MAX = 100  # DynamoDB's limit on one transaction
TRIES = 4
BACKOFF_SECONDS = 0.05  # doubled at each try, with full jitter: 0.35 s at the worst

# Reasons for which a cancelled transaction may go through at a later try (API_TransactWriteItems).
_TRANSIENT = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
# What is left when botocore's own retries are used up.
_OVERLOADED = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
        *("500", "502", "503", "504"),  # botocore's code for a reply that is not DynamoDB's
    }
)
_BUSY = "The shop is very busy. Try again in a second."


class _SharedConnection(Connection):
    @property
    def session(self) -> botocore.session.Session:
        return aws.session()

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            return super()._make_api_call(operation_name, operation_kwargs)
        except (BrokenConnection, HTTPClientError) as error:  # silent or cut off, at each attempt
            raise Unavailable(_BUSY) from error
        except ClientError as error:
            if error.response["Error"].get("Code") in _OVERLOADED:
                raise Unavailable(_BUSY) from error
            raise


@cache
def connection() -> Connection:
    """One connection, so one client, for all tables: pynamodb would build one for each.

    Each of its calls raises Unavailable when DynamoDB is overloaded or out of reach.
    """
    return _SharedConnection(
        connect_timeout_seconds=aws.CONNECT_SECONDS,
        read_timeout_seconds=aws.READ_SECONDS,
        max_retry_attempts=aws.ATTEMPTS - 1,
    )


class Table(Model):
    """A table whose every model shares the one connection."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if table.connection is not connection():
            connection().add_meta_table(table.get_meta_table())
            table.connection = connection()
        return table

    @classmethod
    def find(cls, key: str, part: str | None = None, *, consistent: bool = False) -> "Self | None":
        """The item with this key, if any. `consistent`: as it is now, for twice the read units."""
        try:
            return cls.get(key, part, consistent_read=consistent)
        except DoesNotExist:
            return None

    @classmethod
    def fetch(cls, keys: Iterable[str], *, consistent: bool = False) -> "dict[str, Self]":
        """The items with these keys, of those that exist: one BatchGetItem for each 100."""
        distinct = list(dict.fromkeys(keys))
        if not distinct:
            return {}
        found = cls.batch_get(distinct, consistent_read=consistent)
        return {getattr(item, str(cls._hash_keyname)): item for item in found}


@dataclass(slots=True)
class Transaction:
    """Writes that happen together or not at all.

    `otherwise` is the refusal that a write's failed condition stands for. Several may fail at
    once: the one raised is that of the write added first.
    """

    _checks: list[tuple[dict[str, Any], AppError]] = field(default_factory=list)
    _puts: list[tuple[dict[str, Any], AppError | None]] = field(default_factory=list)
    _updates: list[tuple[dict[str, Any], AppError | None]] = field(default_factory=list)
    _order: list[AppError | None] = field(default_factory=list)

    def put(
        self,
        item: Model,
        *,
        only_if: Condition | None = None,
        otherwise: AppError | None = None,
    ) -> None:
        self._puts.append(({"model": item, "condition": only_if}, otherwise))
        self._order.append(otherwise)

    def update(
        self,
        item: Model,
        actions: Sequence[Action],
        *,
        only_if: Condition | None = None,
        otherwise: AppError | None = None,
    ) -> None:
        """Change the item with this one's key, creating it unless `only_if` says otherwise."""
        write = {"model": item, "actions": list(actions), "condition": only_if}
        self._updates.append((write, otherwise))
        self._order.append(otherwise)

    def check(
        self, table: type[Model], key: str, *, only_if: Condition, otherwise: AppError
    ) -> None:
        """Write nothing there, but demand this of the item with that key."""
        check = {"model_cls": table, "hash_key": key, "condition": only_if}
        self._checks.append((check, otherwise))
        self._order.append(otherwise)

    def __len__(self) -> int:
        return len(self._order)

    def commit(self) -> None:
        """Write it all, or raise and have written nothing.

        Raises the refusal of the condition that failed, or Unavailable when other writers won
        each of the tries. After an Unavailable for a lost reply it may have been written all the
        same: a retry must find out by a condition.
        """
        for attempt in range(TRIES):
            if attempt:
                _wait_before(attempt)
            try:
                self._send()
            except TransactWriteError as error:
                refusal = self._refusal_in(error.cancellation_reasons)
                if refusal is not None:
                    raise refusal from error
                if not _is_transient(error):
                    raise
            else:
                return
        raise Unavailable(_BUSY)

    def _send(self) -> None:
        with TransactWrite(connection=connection()) as transaction:
            for check, _ in self._checks:
                transaction.condition_check(**check)
            for put, _ in self._puts:
                transaction.save(**put)
            for update, _ in self._updates:
                transaction.update(**update)

    def _refusal_in(self, reasons: list[CancellationReason | None]) -> AppError | None:
        # pynamodb sends checks, then puts, then updates, whatever order they were added in.
        sent = [otherwise for _, otherwise in (*self._checks, *self._puts, *self._updates)]
        failed = {
            id(otherwise)
            for otherwise, reason in zip(sent, reasons, strict=False)
            if otherwise is not None
            and reason is not None
            and reason.code == "ConditionalCheckFailed"
        }
        return next((error for error in self._order if id(error) in failed), None)


def _wait_before(retry: int) -> None:
    """The first retry is 1."""
    time.sleep(random.uniform(0, BACKOFF_SECONDS * 2 ** (retry - 1)))  # noqa: S311 (jitter)


def _is_transient(error: TransactWriteError) -> bool:
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return bool(codes) and codes <= _TRANSIENT
