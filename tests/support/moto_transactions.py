"""moto's transactions, which copy the items that they write instead of whole tables."""

import copy
from collections import defaultdict
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

Key = dict[str, Any]

_transact = DynamoDBBackend.transact_write_items
_written: list[tuple[str, Key]] = []  # table, and key or item, of the current transaction's writes
_copies: dict[str, Table] = {}  # of the tables that the current transaction writes


def transact(backend: DynamoDBBackend, actions: list[dict[str, Any]]) -> None:
    """Notes what the transaction writes. A call with bytes, which moto answers, comes here too."""
    writes = [write for action in actions for write in action.values()]
    _written[:] = [(write["TableName"], write.get("Item") or write["Key"]) for write in writes]
    _copies.clear()
    _transact(backend, actions)


def copy_original(original: Any) -> Any:
    """One copy of a table for all actions: moto asks for one each, before it applies the first."""
    if not isinstance(original, Table):
        return copy.deepcopy(original)
    if original.name not in _copies:
        _copies[original.name] = _copy_table(original)
    return _copies[original.name]


def _copy_table(original: Table) -> Table:
    """moto keeps the copy of a table if the transaction fails, and changes items in place."""
    copied = copy.copy(original)
    if copied.stream_shard is not None:
        copied.stream_shard = copy.copy(copied.stream_shard)
        copied.stream_shard.items = list(copied.stream_shard.items)
    copied.items = defaultdict(dict, original.items)
    for name, item in _written:
        if name == original.name:
            _separate(copied, item)
    return copied


def _separate(copied: Table, item: Key) -> None:
    """Copy the item with this key, and what holds it: both tables have the same ones."""
    items, key = copied.items, DynamoType(item[copied.hash_key_attr])
    if key not in items:
        return
    items[key] = copy.copy(items[key]) if copied.range_key_attr else copy.deepcopy(items[key])
    if copied.range_key_attr:
        range_key = DynamoType(item[copied.range_key_attr])
        if range_key in items[key]:
            items[key][range_key] = copy.deepcopy(items[key][range_key])
