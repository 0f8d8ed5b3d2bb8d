"""Pure: the domain events."""

import json
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from shared import observability
from shared.events.accounts import UserEvent, UserRegistered
from shared.events.all_events import Event, parse_event
from shared.events.base import DomainEvent
from shared.events.catalog import CatalogEvent, CategoryEvent, ProductUpdatedData
from shared.events.files import UploadEvent
from shared.events.order_data import (
    OrderedLine,
    OrderTotalsData,
    ReturnedLine,
)
from shared.events.orders import (
    ExportRequested,
    OrderEvent,
    OrderPartiallyCancelled,
    OrderPartiallyShipped,
    OrderReturned,
)
from shared.money import Money

EUR_25 = Money(amount_minor=2500, currency="EUR")
NONE = Money.zero("EUR")
LINE = OrderedLine(
    product_id="prd_tea",
    sku="TEA",
    name="Tea",
    quantity=2,
    unit_price=Money(amount_minor=1250, currency="EUR"),
    line_total=EUR_25,
)
FACTS = {
    "user_id": "usr_ada",
    "access_epoch": 1,
    "order_count": 3,
    "session_id": "ses_one",
    "key_id": "key_one",
    "enabled": True,
    "product_id": "prd_tea",
    "group": "teas",
    "sku": "TEA",
    "changed": ["group", "price"],
    "previous_group": "drinks",
    "available": 0,
    "backordered": 2,
    "availability": "backorder",
    "category_id": "cat_tea",
    "path": "kitchen/tea",
    "parent": "garden",
    "previous_parent": None,
    "order_id": "ord_1",
    "buyer_id": "usr_ada",
    "previous_buyer_id": "gst_before",
    "total": EUR_25,
    "currency": "EUR",
    "totals": OrderTotalsData(items=EUR_25, discount=NONE, shipping=NONE, tax=NONE, total=EUR_25),
    "lines": [LINE],
    "carrier": "DHL",
    "tracking_number": "1Z999",
    "tracking_url": "https://carrier.example/1Z999",
    "shipment_id": "shp_1",
    "shipped_lines": [],
    "cancellation_id": "cnl_1",
    "refund_id": "rfd_1",
    "amount": EUR_25,
    "is_full": True,
    "dispute_id": "dp_1",
    "reason": "fraudulent",
    "status": "needs_response",
    "export_id": "exp_1",
    "upload_id": "upl_one",
    "filename": "spring.csv",
    "rows": 120,
    "written": 118,
    "rejected": 2,
    "archived": 3,
    "code": "stopped_at_error",
}
ABOUT_ADA = {"user_id": "usr_ada", "access_epoch": 1}
RETURNED = ReturnedLine(product_id="prd_tea", sku="TEA", name="Tea", quantity=1)
FACTS_OF = {
    OrderReturned: {"lines": [RETURNED]},
    OrderPartiallyCancelled: {"lines": [RETURNED]},
    OrderPartiallyShipped: {"shipped_lines": [RETURNED]},
}
EVERY_EVENT = get_args(get_args(Event)[0])
SECRET = ("email", "password", "token", "address", "card", "phone")


def sample_of(kind: type[DomainEvent]) -> DomainEvent:
    facts = FACTS | FACTS_OF.get(kind, {})
    names = kind.model_fields["data"].annotation.model_fields
    return kind(data={name: facts[name] for name in names})


SAMPLES = [sample_of(kind) for kind in EVERY_EVENT]


def every_model_in(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for each in (field.annotation, *get_args(field.annotation)):
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= every_model_in(each)
    return found


def test_every_group_of_events_is_part_of_all_events():
    groups = UserEvent | CatalogEvent | CategoryEvent | OrderEvent | ExportRequested | UploadEvent

    assert set(EVERY_EVENT) == set(get_args(groups))


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_an_event_reaches_its_consumer_unchanged(event):
    as_text = event.model_dump_json()

    assert parse_event(as_text) == event
    assert parse_event(as_text.encode()) == event
    assert parse_event(json.loads(as_text)) == event


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_an_event_has_the_envelope_of_the_contract(event):
    document = json.loads(event.model_dump_json())

    assert set(document) == {"id", "type", "version", "occurred_at", "correlation_id", "data"}
    assert document["id"].startswith("evt_")
    assert document["version"] == 1
    assert document["occurred_at"].endswith("Z")


def test_an_event_has_the_id_of_its_request():
    observability.set_log_context("request-1")

    assert (
        UserRegistered(data={"user_id": "usr_ada", "access_epoch": 1}).correlation_id == "request-1"
    )


def test_each_event_has_a_new_id():
    assert (
        len({UserRegistered(data={"user_id": "usr_ada", "access_epoch": 1}).id for _ in range(100)})
        == 100
    )


@pytest.mark.parametrize("model", EVERY_EVENT, ids=lambda model: model.__name__)
def test_no_event_has_a_field_for_a_secret(model):
    names = {name for each in every_model_in(model) for name in each.model_fields}

    assert not [name for name in names if any(word in name for word in SECRET)]


@pytest.mark.parametrize(
    "change",
    [{"type": "user.abducted"}, {"type": None}, {"version": 2}, {"data": {}}, {"data": None}],
)
def test_an_unknown_event_is_refused(change):
    document = json.loads(SAMPLES[0].model_dump_json()) | change

    with pytest.raises(ValidationError):
        parse_event(document)


@pytest.mark.parametrize("document", ["", "{}", "[]", "null", "{", b"\xff"])
def test_a_document_that_is_not_an_event_is_refused(document):
    with pytest.raises(ValidationError):
        parse_event(document)


def test_a_field_of_a_newer_producer_is_ignored():
    document = json.loads(SAMPLES[0].model_dump_json()) | {"tenant": "berlin"}

    assert parse_event(document) == SAMPLES[0]


@pytest.mark.parametrize("kind", get_args(OrderEvent), ids=lambda kind: kind.__name__)
def test_an_order_event_of_the_previous_release_is_read(kind):
    """It had neither currency nor totals, and only some events had lines."""
    document = json.loads(sample_of(kind).model_dump_json())
    for name in {"currency", "totals"} | ({"lines"} if kind is not OrderReturned else set()):
        del document["data"][name]
    for line in document["data"].get("lines", []):
        del line["sku"], line["name"]

    event = parse_event(document)

    assert (event.data.currency, event.data.totals) == (None, None)
    assert event.data.total == EUR_25


def test_an_event_is_immutable():
    with pytest.raises(ValidationError):
        SAMPLES[0].id = "evt_other"


@pytest.mark.parametrize("kind", get_args(CatalogEvent), ids=lambda kind: kind.__name__)
def test_catalog_events_name_the_product_and_its_group(kind):
    """Consumers find derived data by both; the group can be null."""
    document = json.loads(
        kind(
            data={name: FACTS[name] for name in kind.model_fields["data"].annotation.model_fields}
            | {"group": None}
        ).model_dump_json()
    )

    assert (document["data"]["product_id"], document["data"]["group"]) == ("prd_tea", None)
    del document["data"]["group"]
    with pytest.raises(ValidationError):
        parse_event(document)


def test_catalog_and_stock_events_have_their_contract_names():
    names = {kind.model_fields["type"].default for kind in get_args(CatalogEvent)}

    assert names == {
        "product.created",
        "product.updated",
        "product.archived",
        "stock.depleted",
        "stock.low",
        "stock.replenished",
    }


def test_a_product_that_stays_in_its_group_left_none():
    change = ProductUpdatedData(product_id="prd_tea", sku="TEA", group="teas", changed=["price"])

    assert change.previous_group is None
