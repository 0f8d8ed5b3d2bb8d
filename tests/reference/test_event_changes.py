"""Pure: a change of the events that would break a subscriber is found, and no other."""

import json
from copy import deepcopy
from typing import Any

import pytest

from docs import event_changes
from docs.event_changes import find_breaks

CURRENT = json.loads(event_changes.CURRENT.read_text())
MONEY = {"$ref": "#/components/schemas/Money"}
TEXT = {"type": "string"}
NULLABLE = {"anyOf": [TEXT, {"type": "null"}]}


def breaks(change) -> list[str]:
    after = deepcopy(CURRENT)
    change(after["components"])
    return find_breaks(CURRENT, after)


def fields(components: Any, schema: str) -> dict[str, Any]:
    return components["schemas"][schema]["properties"]


def remove_event(components):
    del components["messages"]["order.placed"]


def rename_event(components):
    components["messages"]["order.created"] = components["messages"].pop("order.placed")


def remove_field(schema, name):
    def change(components):
        del fields(components, schema)[name]
        components["schemas"][schema]["required"].remove(name)

    return change


def rename_field(schema, name, new):
    def change(components):
        fields(components, schema)[new] = fields(components, schema)[name]
        remove_field(schema, name)(components)

    return change


def set_field(schema, name, value):
    return lambda components: fields(components, schema).update({name: value})


def set_keyword(schema, name, **keywords):
    return lambda components: fields(components, schema)[name].update(keywords)


def drop_keyword(schema, name, keyword):
    return lambda components: fields(components, schema)[name].pop(keyword)


def make_optional(schema, name):
    return lambda components: components["schemas"][schema]["required"].remove(name)


def in_message(**keywords):
    return lambda components: components["messages"]["order.placed"]["payload"]["properties"][
        "source"
    ].update(keywords)


REFUSED = {
    "an event removed": (remove_event, "order.placed is removed."),
    "an event renamed": (rename_event, "order.placed is removed."),
    "a field removed": (remove_field("ShipmentData", "carrier"), "data.carrier is removed."),
    "a field renamed": (
        rename_field("OrderedLine", "sku", "code"),
        "data.lines[].sku is removed.",
    ),
    "a field of money removed": (
        remove_field("Money", "currency"),
        "data.totals.tax.currency is removed.",
    ),
    "a field of the event removed": (
        remove_field("OrderPlaced", "correlation_id"),
        "order.placed.detail.correlation_id is removed.",
    ),
    "a number as text": (
        set_keyword("Money", "amount_minor", type="string"),
        "amount_minor has another type",
    ),
    "an integer with a fraction": (
        set_keyword("OrderedLine", "quantity", type="number"),
        "quantity has another type",
    ),
    "an object as text": (set_field("OrderData", "total", TEXT), "data.total has another type"),
    "a list as one value": (
        set_field("OrderData", "lines", {"$ref": "#/components/schemas/OrderedLine"}),
        "data.lines has another type",
    ),
    "other elements of a list": (
        set_field("ProductUpdatedData", "changed", {"type": "array", "items": {"type": "integer"}}),
        "data.changed[] has another type",
    ),
    "a second type": (
        set_field("ShipmentData", "carrier", {"anyOf": [TEXT, {"type": "integer"}]}),
        "data.carrier has another type",
    ),
    "a second type in a list of types": (
        set_field("ShipmentData", "carrier", {"type": ["string", "integer"]}),
        "data.carrier has another type",
    ),
    "null by anyOf": (set_field("ShipmentData", "carrier", NULLABLE), "data.carrier can be null"),
    "null by a list of types": (
        set_field("ShipmentData", "carrier", {"type": ["string", "null"]}),
        "data.carrier can be null",
    ),
    "a null object": (
        set_field("OrderData", "total", {"anyOf": [MONEY, {"type": "null"}]}),
        "data.total can be null",
    ),
    "a field that can be missing": (
        make_optional("OrderData", "totals"),
        "data.totals is not required any more",
    ),
    "the data that can be missing": (
        make_optional("OrderPaid", "data"),
        "order.paid.detail.data is not required any more",
    ),
    "a time as another text": (
        drop_keyword("OrderPlaced", "occurred_at", "format"),
        "occurred_at has another format",
    ),
    "ids of another kind": (
        set_keyword("OrderData", "order_id", pattern="^o_"),
        "order_id has another pattern",
    ),
    "ids of any kind": (
        drop_keyword("OrderData", "order_id", "pattern"),
        "order_id has another pattern",
    ),
    "a list of values that do not fit the pattern": (
        lambda components: (
            set_keyword("OrderData", "currency", enum=["EUR", "euro"])(components),
            drop_keyword("OrderData", "currency", "pattern")(components),
        ),
        "data.currency has another pattern",
    ),
    "another version": (
        set_keyword("OrderPlaced", "version", const=2),
        "order.placed.detail.version has another const",
    ),
    "another source": (in_message(const="shop"), "order.placed.source has another const"),
    "longer texts": (set_keyword("OrderedLine", "sku", maxLength=65), "sku has a wider maxLength"),
    "texts of any length": (
        drop_keyword("OrderedLine", "name", "maxLength"),
        "name has a wider maxLength",
    ),
    "larger numbers": (
        set_keyword("Money", "amount_minor", maximum=10**13),
        "amount_minor has a wider maximum",
    ),
    "numbers below zero": (
        set_keyword("Money", "amount_minor", minimum=-1),
        "amount_minor has a wider minimum",
    ),
}

ACCEPTED = {
    "nothing": lambda _: None,
    "a new event": lambda components: components["messages"].update(
        {"order.packed": components["messages"]["order.paid"]}
    ),
    "a new field": set_field("OrderData", "channel", NULLABLE),
    "a new field in a line": set_field("OrderedLine", "weight", {"type": "integer"}),
    "another description": set_keyword("OrderData", "order_id", description="The order."),
    "a schema with another name": lambda components: (
        components["schemas"].update(Amount=components["schemas"]["Money"]),
        set_field("OrderData", "total", {"$ref": "#/components/schemas/Amount"})(components),
    ),
    "a field that is never null any more": set_field("ShipmentData", "tracking_number", TEXT),
    "a list of values that fit the pattern": lambda components: (
        set_keyword("OrderData", "currency", enum=["EUR", "USD"])(components),
        drop_keyword("OrderData", "currency", "pattern")(components),
    ),
    "shorter texts": set_keyword("OrderedLine", "sku", maxLength=63),
    "a text with a format": set_keyword("ShipmentData", "carrier", format="hostname"),
    "a null by a list of types": set_field(
        "ShipmentData", "tracking_number", {"type": ["string", "null"]}
    ),
}


@pytest.mark.parametrize(("change", "text"), REFUSED.values(), ids=REFUSED)
def test_a_change_that_breaks_a_subscriber_is_found(change, text):
    assert any(text in found for found in breaks(change))


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_a_change_that_breaks_nobody_passes(change):
    assert breaks(change) == []


@pytest.mark.parametrize(
    ("before", "after", "is_break"),
    [
        (["won"], ["won"], False),
        (["won", "lost"], ["lost"], False),
        (["won"], ["won", "lost"], True),
        (["won"], None, True),
        (None, ["won"], False),
    ],
)
def test_a_closed_list_does_not_grow(before, after, is_break):
    def with_enum(values):
        document = deepcopy(CURRENT)
        if values:
            set_keyword("DisputeData", "status", enum=values)(document["components"])
        return document

    assert bool(find_breaks(with_enum(before), with_enum(after))) is is_break


def test_the_next_release_breaks_no_subscriber():
    assert find_breaks(json.loads(event_changes.RELEASED.read_text()), CURRENT) == []


def test_the_gate_names_what_breaks(monkeypatch, tmp_path, capsys):
    changed = deepcopy(CURRENT)
    remove_event(changed["components"])
    path = tmp_path / "asyncapi.json"
    path.write_text(json.dumps(changed))
    monkeypatch.setattr(event_changes, "CURRENT", path)

    assert event_changes.main() == 1
    assert capsys.readouterr().err == "Breaks subscribers: order.placed is removed.\n"
