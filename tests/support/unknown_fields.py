"""Items as newer code may have stored them: with a field that this code does not know, everywhere.

`add_unknown_fields` puts one field into the item, into each map at any depth, and into each object
of a JSON document. `assert_unknown_fields_kept` compares an item with what it was. Both take items
as DynamoDB's client has them. `mark_stored_items` and `assert_marks_kept` do so for whole tables.
"""

import copy
import json
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from shared.storage.dynamo import Table, connection, key_names

Raw = dict[str, Any]
Key = tuple[str, str]  # the table and the item's key

NAME = "of_newer_code"
JSON_DOCUMENTS = ("document",)  # string attributes that hold a JSON document with known fields
# An element of a list is the one that it was if it has the same values of these.
_IDENTITY = ("product_id", "refund_id", "return_id", "sku", "at", "by", "row", "code", "text")
_JSON_IDENTITY = ("country", "region", "name", "currency", "from_minor")
_numbers = count(1)


def add_unknown_fields(item: Raw) -> Raw:
    """A copy of the item with an unknown field in each map. Each one has a value of its own."""
    marked = copy.deepcopy(item)
    _mark_map(marked)
    return marked


def unknown_fields_of(item: Raw) -> list[tuple[str, Any]]:
    """The path of each map that has an unknown field, with the field's value."""
    return list(_fields_in_map(item, ""))


def assert_unknown_fields_kept(before: Raw, after: Raw, *, without: Sequence[str] = ()) -> None:
    """Each unknown field of `before` is in `after`, in the same map and with the same value.

    `without`: the paths of maps that the operation removed, such as `/shipping_address`.
    """
    found = unknown_fields_of(after)
    lost = [
        path
        for path, value in unknown_fields_of(before)
        if (path, value) not in found and not path.startswith(tuple(without))
    ]
    assert not lost, f"unknown fields lost: {lost}"


def mark_stored_items(*tables: type[Table]) -> dict[Key, Raw]:
    """Adds unknown fields to each item of these tables that has none. Returns all those items."""
    marked: dict[Key, Raw] = {}
    for table in tables:
        for item in _scan(table):
            new = item if NAME in item else add_unknown_fields(item)
            client().put_item(TableName=table.Meta.table_name, Item=new)
            marked[_key_of(table, new)] = new
    return marked


def assert_marks_kept(marked: dict[Key, Raw], *tables: type[Table]) -> None:
    """The items that `mark_stored_items` returned, as far as they exist, have all their marks."""
    for table in tables:
        for item in _scan(table):
            before = marked.get(_key_of(table, item))
            if before is not None:
                assert_unknown_fields_kept(before, item)


def stored_item(table: type[Table], *key: str) -> Raw:
    """The item as it is stored."""
    names = dict(zip(key_names(table), key, strict=True))
    item: Raw = client().get_item(
        TableName=table.Meta.table_name,
        Key={name: {"S": value} for name, value in names.items()},
        ConsistentRead=True,
    )["Item"]
    return item


def client() -> Any:
    return connection().client


def _mark_map(attributes: Raw) -> None:
    for name, value in attributes.items():
        if _is_document(name, value):
            document = json.loads(value["S"])
            _mark_json(document)
            value["S"] = json.dumps(document)
        for found in _maps_in(value):
            _mark_map(found)
    # One of each type that DynamoDB has.
    attributes[NAME] = {
        "M": {
            "id": {"N": str(next(_numbers))},
            "text": {"S": "new"},
            "bytes": {"B": b"\x00\xff"},
            "set": {"NS": ["1", "2"]},
            "list": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"x": {"BS": [b"1"]}}}]},
        }
    }


def _is_document(name: str, value: Raw) -> bool:
    return name in JSON_DOCUMENTS and value.get("S", "").startswith("{")


def _maps_in(value: Raw) -> Iterator[Raw]:
    if "M" in value:
        yield value["M"]
    for element in value.get("L", ()):
        yield from _maps_in(element)


def _mark_json(value: Any) -> None:
    if isinstance(value, list):
        for element in value:
            _mark_json(element)
    if isinstance(value, dict):
        for child in value.values():
            _mark_json(child)
        if not all(isinstance(child, int) for child in value.values()) or "from_minor" in value:
            value[NAME] = [next(_numbers)]  # not into a mapping, such as the rates by tax class


def _fields_in_map(attributes: Raw, path: str) -> Iterator[tuple[str, Any]]:
    if NAME in attributes:
        yield path or "/", attributes[NAME]
    for name, value in attributes.items():
        if name == NAME:
            continue
        if _is_document(name, value):
            yield from _fields_in_json(json.loads(value["S"]), f"{path}/{name}")
        yield from _fields_in_value(value, f"{path}/{name}")


def _fields_in_value(value: Raw, path: str) -> Iterator[tuple[str, Any]]:
    if "M" in value:
        yield from _fields_in_map(value["M"], path)
    for element in value.get("L", ()):
        if "M" in element:
            identity = [str(element["M"][name]) for name in _IDENTITY if name in element["M"]]
            yield from _fields_in_map(element["M"], f"{path}[{' '.join(identity)}]")


def _fields_in_json(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for element in value:
            yield from _fields_in_json(element, path)
    if isinstance(value, dict):
        identity = " ".join(str(value[name]) for name in _JSON_IDENTITY if name in value)
        if NAME in value:
            yield f"{path}[{identity}]", value[NAME]
        for name, child in value.items():
            if name != NAME:
                yield from _fields_in_json(child, f"{path}[{identity}]/{name}")


def _scan(table: type[Table]) -> Iterator[Raw]:
    pages = client().get_paginator("scan").paginate(TableName=table.Meta.table_name)
    for page in pages:
        yield from page["Items"]


def _key_of(table: type[Table], item: Raw) -> Key:
    return str(table.Meta.table_name), " ".join(item[name]["S"] for name in key_names(table))
