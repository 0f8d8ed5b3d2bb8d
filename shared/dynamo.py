"""DynamoDB as Souk uses it: tables on one connection, whose failures are refusals."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Self

import botocore.session
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BrokenConnection
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from shared import aws
from shared.errors import Unavailable

# What is left when botocore's own retries are used up.
_OVERLOADED = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
        *("500", "502", "503", "504"),  # botocore's code for a reply that is not DynamoDB's
    }
)
BUSY = "The shop is very busy. Try again in a second."


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
            raise Unavailable(BUSY) from error
        except ClientError as error:
            if error.response["Error"].get("Code") in _OVERLOADED:
                raise Unavailable(BUSY) from error
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


def read_together(*keys: tuple[type[Table], *tuple[str, ...]]) -> list[Any]:
    """The items with these keys, of any tables, as they are now: one BatchGetItem.

    Each key is a table, a hash key and, where the table has one, a range key. In the order asked
    for, with None for what does not exist. Raises Unavailable when some of it was left unread.
    """
    request: dict[str, Any] = {}
    for table, *key in keys:
        batch = request.setdefault(_name(table), {"Keys": [], "ConsistentRead": True})
        if (raw := _raw_key(table, key)) not in batch["Keys"]:  # DynamoDB refuses duplicates
            batch["Keys"].append(raw)
    answer = connection().dispatch("BatchGetItem", {"RequestItems": request})
    if answer.get("UnprocessedKeys"):
        raise Unavailable(BUSY)
    return [
        _found(table, _raw_key(table, key), answer["Responses"].get(_name(table), []))
        for table, *key in keys
    ]


def _name(table: type[Table]) -> str:
    return str(table.Meta.table_name)


def _raw_key(table: type[Table], key: Iterable[str]) -> dict[str, dict[str, str]]:
    names = (table._hash_keyname, table._range_keyname)  # noqa: SLF001 (it has no public name)
    return {str(name): {"S": value} for name, value in zip(names, key, strict=False)}


def _found(table: type[Table], key: dict[str, Any], items: list[dict[str, Any]]) -> Table | None:
    raw = next((item for item in items if key.items() <= item.items()), None)
    return None if raw is None else table.from_raw_data(raw)
