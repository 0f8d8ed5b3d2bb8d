"""DynamoDB: tables that share one connection, and raise Unavailable when it fails."""

from collections.abc import Iterable, Sequence
from functools import cache
from threading import RLock
from typing import Any, ClassVar, Self

import botocore.session
from botocore.exceptions import ClientError
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from shared import aws, request_budget, snapstart
from shared.errors.base import Unavailable
from shared.retries import retry
from shared.storage import fast_path
from shared.storage.documents import Extensible, Raw
from shared.storage.fast_models import FastModel

BATCH_MAX = 100  # DynamoDB's limit on the keys of one BatchGetItem
PUTS_MAX = 25  # DynamoDB's limit on the items of one BatchWriteItem
BATCH_ATTEMPTS = 3  # for what DynamoDB leaves unread or unwritten, as it does when it throttles


class _SharedConnection(Connection):
    @property
    def session(self) -> botocore.session.Session:
        return aws.session()

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            return super()._make_api_call(operation_name, operation_kwargs)
        except aws.SILENCE as error:  # at each attempt
            raise Unavailable from error
        except ClientError as error:
            if error.response["Error"].get("Code") in {*aws.OVERLOADED, aws.CONFLICT}:
                raise Unavailable from error
            raise


@cache
def connection() -> Connection:
    """The one connection, and so one client, of all tables; pynamodb would build one for each.

    Its calls raise Unavailable when DynamoDB is overloaded or unreachable.
    """
    if fast_path.is_on():
        event = "creating-client-class.dynamodb"
        # The session has it once, however often connections are made and forgotten.
        aws.session().register(event, fast_path.add_base_class, event)  # type: ignore[arg-type]
    return _SharedConnection(
        connect_timeout_seconds=aws.CONNECT_SECONDS,
        read_timeout_seconds=aws.READ_SECONDS,
        max_retry_attempts=aws.ATTEMPTS - 1,
    )


@snapstart.before_snapshot
def _build_client() -> None:
    _ = connection().client


@snapstart.after_restore
def _close_connections() -> None:
    connection().client.close()


# The catalog reads pages in several threads, which cannot build a table or client at once.
_connecting = RLock()


class Table(Extensible, FastModel):
    """A model whose table uses the one connection.

    A model whose items are in another model's table names that model in `shares_table_with`.
    """

    shares_table_with: "ClassVar[type[Table] | None]" = None

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        """The attributes as DynamoDB's client has them, with those that this code does not know."""
        known = super().serialize(null_check)
        return {**self.unknown, **known} if self.unknown else known

    def deserialize(self, attribute_values: dict[str, dict[str, Any]]) -> None:
        super().deserialize(attribute_values)
        self.remember_unknown(attribute_values)

    def changes_since(self, stored: Raw | None) -> list[Action]:
        """The updates that store the attributes which differ from `stored`, an item's `serialize`.

        With None they store every attribute, whatever there is. They never touch the keys, or an
        attribute that this code does not know.
        """
        now = self.serialize()
        actions: list[Action] = []
        for name, attribute in self.get_attributes().items():
            key = attribute.attr_name
            is_key = attribute.is_hash_key or attribute.is_range_key
            if is_key or (stored is not None and now.get(key) == stored.get(key)):
                continue
            actions.append(attribute.set(getattr(self, name)) if key in now else attribute.remove())
        return actions

    @classmethod
    def _get_connection(cls) -> TableConnection:
        with _connecting:
            table = super()._get_connection()
            if table.connection is not connection():
                cls._describe(table)
                table.connection = connection()
                _ = table.connection.client
            return table

    @classmethod
    def _describe(cls, table: TableConnection) -> None:
        if cls.shares_table_with is None:
            connection().add_meta_table(table.get_meta_table())
        else:
            cls.shares_table_with._get_connection()  # noqa: SLF001 (of a Table, too)

    @classmethod
    def find(cls, key: str, part: str | None = None, *, consistent: bool = False) -> "Self | None":
        """The item with this key, or None. A `consistent` read costs twice the read units."""
        try:
            return cls.get(key, part, consistent_read=consistent)
        except DoesNotExist:
            return None

    @classmethod
    def find_many(cls, keys: Iterable[str]) -> "dict[str, Self]":
        """The existing items with these keys, by key; a consistent read.

        One BatchGetItem for each 100 keys. Raises Unavailable.
        """
        distinct = list(dict.fromkeys(keys))
        found = batch_get(*((cls, key) for key in distinct))
        return {key: item for key, item in zip(distinct, found, strict=True) if item is not None}


def batch_get(*keys: tuple[type[Table], *tuple[str, ...]]) -> list[Any]:
    """The items with these keys in any tables, in that order, with None for each missing item.

    Each key is a table, a hash key and, where the table has one, a range key. Reads consistently,
    with one BatchGetItem for each 100 keys. Raises Unavailable when DynamoDB leaves keys unread.
    """
    found: dict[tuple[str, tuple[str, ...]], Any] = {}
    wanted = list(dict.fromkeys(keys))  # DynamoDB refuses duplicates
    for start in range(0, len(wanted), BATCH_MAX):
        found |= _read_batch(wanted[start : start + BATCH_MAX])
    return [_item(table, found.get((_name(table), tuple(key)))) for table, *key in keys]


class _KeysLeftUnread(Unavailable):
    """DynamoDB returned only some of a batch: it throttles, or the items exceed 16 MB."""


def _read_batch(
    keys: Sequence[tuple[type[Table], *tuple[str, ...]]],
) -> dict[tuple[str, tuple[str, ...]], Any]:
    """Each item by its table and key. Raises Unavailable."""
    tables = {_name(table): table for table, *_ in keys}
    found: dict[tuple[str, tuple[str, ...]], Any] = {}
    unread: dict[str, Any] = {}
    for table, *key in keys:
        batch = unread.setdefault(_name(table), {"Keys": [], "ConsistentRead": True})
        batch["Keys"].append(_raw_key(table, key))

    def read_rest() -> None:
        nonlocal unread
        answer = connection().dispatch("BatchGetItem", {"RequestItems": unread})
        for name, items in answer["Responses"].items():
            found.update({(name, _key_in(tables[name], item)): item for item in items})
        unread = answer.get("UnprocessedKeys") or {}
        if unread:
            request_budget.record_failure()
            raise _KeysLeftUnread

    retry(read_rest, on=(_KeysLeftUnread,), attempts=BATCH_ATTEMPTS)
    return found


def batch_put(table: type[Table], items: Sequence[dict[str, Any]]) -> None:
    """Put these items, which have DynamoDB's types and different keys.

    One BatchWriteItem for each 25 items. Raises Unavailable when DynamoDB leaves items unwritten.
    """
    for start in range(0, len(items), PUTS_MAX):
        _put_batch(table, items[start : start + PUTS_MAX])


class _ItemsLeftUnwritten(Unavailable):
    """DynamoDB wrote only some of a batch: it throttles."""


def _put_batch(table: type[Table], items: Sequence[dict[str, Any]]) -> None:
    """Raises Unavailable."""
    unwritten: dict[str, Any] = {_name(table): [{"PutRequest": {"Item": item}} for item in items]}

    def put_rest() -> None:
        nonlocal unwritten
        answer = connection().dispatch("BatchWriteItem", {"RequestItems": unwritten})
        unwritten = answer.get("UnprocessedItems") or {}
        if unwritten:
            raise _ItemsLeftUnwritten

    retry(put_rest, on=(_ItemsLeftUnwritten,), attempts=BATCH_ATTEMPTS)


def _name(table: type[Table]) -> str:
    return str(table.Meta.table_name)


def _raw_key(table: type[Table], key: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in zip(key_names(table), key, strict=False)}


def _key_in(table: type[Table], item: dict[str, dict[str, str]]) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in key_names(table))


@cache
def key_names(table: type[Table]) -> tuple[str, ...]:
    """The attributes of the table's key: the hash key and, where it has one, the range key."""
    names = (table._hash_keyname, table._range_keyname)  # noqa: SLF001 (pynamodb has no public name for it)
    return tuple(name for name in names if name)


def _item(table: type[Table], raw: dict[str, Any] | None) -> Table | None:
    return None if raw is None else table.from_raw_data(raw)
