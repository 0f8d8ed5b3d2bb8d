"""The AsyncAPI document says what the shop sends."""

import json
import re
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_all
from jsonschema import Draft7Validator

from docs import asyncapi
from notifications.workers.relay_events import handler as relay
from shared import ids
from shared.events.all_events import parse_event
from shared.money import Money
from tests.reference.calls import call
from tests.support.events import published_events
from tests.support.http import CONTEXT
from tests.support.orders import (
    cancel,
    captured,
    create_order,
    deliver,
    expire,
    mark_paid_manually,
    refund,
    settle_refund,
    ship,
)
from tests.support.outbox_stream import received, stage, streamed, subscribe
from tests.template import stack

DOCUMENT = json.loads(asyncapi.DOCUMENT.read_text())
MESSAGES = DOCUMENT["components"]["messages"]
SCHEMAS = DOCUMENT["components"]["schemas"]
KINDS = {asyncapi.event_type(kind): kind for kind in asyncapi.list_events()}
PERSONAL = re.compile(r"e?mail|address|password|token|phone|postal|city|first|last|recipient|card")
ORDER_FIELDS = {"order_id", "buyer_id", "currency", "total", "totals", "lines"}
PAGE = asyncapi.PAGE.read_text()


def problems(message: dict[str, Any]) -> list[str]:
    """Why the message is not as the document describes its event."""
    payload = MESSAGES[message["detail-type"]]["payload"]
    validator = Draft7Validator(
        payload | {"components": {"schemas": SCHEMAS}},
        format_checker=Draft7Validator.FORMAT_CHECKER,
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(message)]


def fields(name: str) -> dict[str, Any]:
    return SCHEMAS[name]["properties"]


def data_schema(event_type: str) -> str:
    (reference,) = fields(KINDS[event_type].__name__)["data"]["allOf"]
    return reference["$ref"].rsplit("/", 1)[-1]


def field_names(schema: Any) -> set[str]:
    """Of this schema, and of those that it refers to."""
    if isinstance(schema, list):
        return set().union(*map(field_names, schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", {}))
    if "$ref" in schema:
        found |= field_names(SCHEMAS[schema["$ref"].rsplit("/", 1)[-1]])
    return found.union(*map(field_names, schema.values()))


@pytest.mark.parametrize("path", [path for path, _ in asyncapi.outputs()], ids=lambda p: p.name)
def test_the_committed_file_is_up_to_date(path):
    assert path.read_text() == dict(asyncapi.outputs())[path], "run `make openapi`"


def test_the_api_serves_the_committed_events():
    answer = call("GET", "/v1/asyncapi.json")

    assert (answer.status, answer.body) == (200, DOCUMENT)
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_document_has_every_event_of_the_code():
    channel = DOCUMENT["channels"]["events"]["messages"]
    sent = {name for each in DOCUMENT["operations"].values() for name in map(str, each["messages"])}

    assert set(MESSAGES) == set(channel) == set(KINDS)
    assert len(sent) == len(KINDS)


def test_rules_of_the_template_select_described_events():
    rules = [
        rule["EventPattern"]
        for rule in stack.of_type("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("source") == ["souk"]
    ]

    assert rules
    for rule in rules:
        assert set(rule["detail-type"]) <= set(MESSAGES)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("event_type", sorted(KINDS))
def test_an_example_is_what_a_subscriber_receives(event_type):
    (shown,) = MESSAGES[event_type]["examples"]
    queue = subscribe(event_type)

    relay(streamed(*stage(parse_event(shown["payload"]["detail"]))), CONTEXT)

    (message,) = received(queue)
    assert message["detail"] == shown["payload"]["detail"]
    assert set(shown["payload"]) - set(message) == {"account"}  # moto leaves it out
    assert problems(message | {"account": "1"}) == problems(shown["payload"]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"order_id": "42"},
        {"order_id": None},
        {"total": {"amount_minor": 19.99, "currency": "EUR"}},
        {"total": {"amount_minor": 1999, "currency": "euro"}},
        {"lines": None},
        {"totals": {}},
    ],
)
def test_the_schema_refuses_what_is_never_sent(change):
    (shown,) = MESSAGES["order.placed"]["examples"]
    detail = shown["payload"]["detail"]
    wrong = shown["payload"] | {"detail": detail | {"data": detail["data"] | change}}

    assert problems(wrong)


@pytest.mark.usefixtures("aws")
def test_events_of_real_orders_are_as_described():
    buyers = {"buyer_id": ids.new_id("usr")}, {"buyer_id": ids.new_id("gst")}
    lives = [
        (captured, ship, deliver, refund(500), settle_refund()),
        (captured, refund(), settle_refund("failed")),
        (captured, cancel),
        (mark_paid_manually, cancel),
        (cancel,),
        (expire,),
    ]

    for number, life in enumerate(lives):
        create_order(*life, **buyers[number % 2])

    events = published_events()
    assert len({event.type for event in events}) >= 10
    for event in events:
        detail = event.model_dump(mode="json")
        assert problems(asyncapi.to_envelope(detail)) == [], event.type


@pytest.mark.usefixtures("aws")
def test_an_order_event_needs_no_second_call():
    order = create_order(captured, ship)

    for event in published_events():
        data = event.data
        assert [(line.sku, line.quantity) for line in data.lines] == [
            (line.sku, line.quantity) for line in order.lines
        ]
        assert data.lines[0].line_total == Money(amount_minor=2000, currency="EUR")
        assert data.totals.total == data.total == Money(amount_minor=2000, currency="EUR")
        assert data.totals.items == data.totals.total
        assert data.currency == "EUR"


@pytest.mark.parametrize("event_type", sorted(name for name in KINDS if name.startswith("order.")))
def test_every_order_event_has_lines_and_totals(event_type):
    data = SCHEMAS[data_schema(event_type)]

    assert set(data["required"]) == set(data["properties"]) >= ORDER_FIELDS
    assert set(fields("OrderTotalsData")) == {
        *("items", "discount", "shipping", "tax", "taxes", "total")
    }


@pytest.mark.parametrize("event_type", sorted(KINDS))
def test_no_event_describes_a_person(event_type):
    names = field_names(MESSAGES[event_type]["payload"])

    assert {name for name in names if PERSONAL.search(name)} == set()


@pytest.mark.parametrize("event_type", sorted(KINDS))
def test_each_event_and_field_is_described(event_type):
    assert MESSAGES[event_type]["summary"].endswith(".")
    for name in SCHEMAS:
        for field in fields(name).values():
            assert field["description"]


def test_a_field_without_a_description_is_refused(monkeypatch):
    monkeypatch.delitem(asyncapi.FIELDS, "carrier")

    with pytest.raises(ValueError, match="carrier of ShipmentData"):
        asyncapi.document()


def test_every_schema_of_the_events_is_used():
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(DOCUMENT)))

    assert used == set(SCHEMAS)


def test_a_field_is_null_only_where_the_code_sends_null():
    nullable = {
        f"{schema}.{name}"
        for schema in SCHEMAS
        for name, field in fields(schema).items()
        if {"type": "null"} in field.get("anyOf", [])
    }

    assert {name.partition(".")[2] for name in nullable} == {
        "group",
        "parent",
        "previous_group",
        "previous_parent",
        "rate_ppm",  # of an older order
        "shipment_id",
        "tracking_number",
        "tracking_url",
    }


def test_the_template_to_copy_has_no_problem():
    (template,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert [each for each in lint_all(template) if each.rule.severity != "informational"] == []
    resources = yaml.safe_load(re.sub(r"!\w+", "", template))["Resources"]
    assert {each["Type"] for each in resources.values()} == {
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::Events::Rule",
    }
    pattern = resources["Rule"]["Properties"]["EventPattern"]
    assert set(pattern["detail-type"]) <= set(MESSAGES)
    assert pattern["source"] == [asyncapi.SOURCE]
