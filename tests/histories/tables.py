"""What the tables hold, read past the SDK: no fault meets these reads, and no thread switches."""

import os
from collections.abc import Iterator
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from shared.storage.dynamo import Table
from tests.support.moto_snapshots import REGION
from tests.support.template import variable_of

Model = TypeVar("Model", bound=Table)
Image = dict[str, Any]  # an item as DynamoDB's JSON
_plain = TypeDeserializer()


def backend() -> Any:
    return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION]


def table_name(logical_id: str) -> str:
    return os.environ[variable_of(logical_id)]


def key_names(table: str) -> list[str]:
    found = backend().tables[table]
    return [name for name in (found.hash_key_attr, found.range_key_attr) if name]


def image(table: str, item: Image) -> Image | None:
    """The stored item with the key that is in `item`."""
    found = backend().get_item(table, {name: item[name] for name in key_names(table)})
    stored: Image | None = found.to_json()["Attributes"] if found else None
    return stored


def images(table: str) -> Iterator[Image]:
    found = backend().tables[table]
    for entry in list(found.items.values()):
        for item in list(entry.values()) if found.has_range_key else [entry]:
            yield item.to_json()["Attributes"]


def plain_items(table: str) -> Iterator[dict[str, Any]]:
    """Items as plain Python values."""
    return (_plain.deserialize({"M": item}) for item in images(table))


def peek(model: type[Model], *key: str) -> Model | None:
    name = str(model.Meta.table_name)  # type: ignore[attr-defined]
    values = {
        attribute: {"S": value} for attribute, value in zip(key_names(name), key, strict=True)
    }
    found = image(name, values)
    return model.from_raw_data(found) if found else None


def peek_all(model: type[Model]) -> Iterator[Model]:
    name = str(model.Meta.table_name)  # type: ignore[attr-defined]
    return (model.from_raw_data(item) for item in images(name))


def clear() -> None:
    """Delete every item of every table."""
    for table in backend().tables.values():
        table.items.clear()
