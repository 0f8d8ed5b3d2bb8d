"""moto's queries, which sort the items that have the keys instead of the whole table."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_query = Table.query

INDEX_NAME = 6  # its place among the parameters of a query after the hash key

KeyConditions = Sequence[tuple[str, DynamoType]]


def query(table: Table, hash_key: DynamoType | None, *rest: Any, **named: Any) -> Any:
    """moto's query of a table that has no other items than those with the hash key."""
    narrowed = copy.copy(table)
    if rest[INDEX_NAME]:
        narrowed.items = _with_keys(table, named["hash_key_conditions"])
    elif hash_key is not None:
        narrowed.items = {hash_key: table.items[hash_key]} if hash_key in table.items else {}
    return _query(narrowed, hash_key, *rest, **named)


def _with_keys(table: Table, conditions: KeyConditions) -> dict[Any, Any]:
    """The items that an index has under these hash keys, in the order of the table."""
    wanted = [(name, value.type, value.value) for name, value in conditions]
    if any(kind != "S" for _, kind, _ in wanted):  # numbers have several spellings
        return table.items
    found = (item for item in _items(table) if _has_all(item.attrs, wanted))
    if table.range_key_attr is None:
        return {item.hash_key: item for item in found}
    by_key: dict[Any, Any] = {}
    for item in found:
        by_key.setdefault(item.hash_key, {})[item.range_key] = item
    return by_key


def _items(table: Table) -> Iterator[Item]:
    for held in table.items.values():
        if table.range_key_attr is None:
            yield held
        else:
            yield from held.values()


def _has_all(attributes: dict[str, DynamoType], wanted: list[tuple[str, str, Any]]) -> bool:
    for name, kind, value in wanted:
        found = attributes.get(name)
        if found is None or found.value != value or found.type != kind:
            return False
    return True
