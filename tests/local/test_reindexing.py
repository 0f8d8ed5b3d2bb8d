"""Sending every product to the index worker again, on moto."""

import json

import pytest

from local.reindexing import reindex
from local.targets import OperationFailed
from shared.aws import client
from shared.events.all_events import parse_event
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.listings import Listing
from tests.local import shops
from tests.support import faults
from tests.support.shop import invoke_index_worker, listed_product

pytestmark = pytest.mark.usefixtures("aws", "queue")


@pytest.fixture
def queue() -> None:
    client("sqs").create_queue(QueueName=shops.QUEUE)


def read_queue() -> list[dict]:
    url = client("sqs").get_queue_url(QueueName=shops.QUEUE)["QueueUrl"]
    bodies = []
    while got := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10):
        if "Messages" not in got:
            break
        bodies += [json.loads(message["Body"]) for message in got["Messages"]]
    return bodies


def test_every_product_is_queued_once_as_an_update():
    stored = {listed_product(f"TEA-{n}").product_id for n in range(25)}

    message = reindex(shops.shop())

    events = [parse_event(body["detail"]) for body in read_queue()]
    assert message.startswith("25 products")
    assert sorted(event.data.product_id for event in events) == sorted(stored)
    assert {(event.type, tuple(event.data.changed)) for event in events} == {
        ("product.updated", ())
    }


def test_a_message_has_the_form_of_an_eventbridge_event():
    listed_product("TEA")

    reindex(shops.shop())

    (body,) = read_queue()
    assert (body["source"], body["detail-type"]) == ("souk", "product.updated")
    assert body["detail"]["data"]["sku"] == "TEA"


def test_a_variant_and_its_group_are_both_queued():
    listed_product("TEA-S", group="TEA", options_json={"size": "S"})
    listed_product("SALT")

    reindex(shops.shop())

    changes = [parse_event(body["detail"]).data for body in read_queue()]
    assert {(change.sku, change.group) for change in changes} == {
        ("TEA-S", "TEA"),
        ("SALT", None),
        ("", "TEA"),
    }


def test_a_group_without_products_leaves_the_listings():
    shirt = listed_product("SHIRT", group="SHIRTS", options_json={"size": "S"})
    shirt.update([Product.group.remove(), Product.options_json.set({})])
    ProductGroup("SHIRTS", variants=[], version=2).save()
    assert [listing.entry_id for listing in Listing.scan()].count("grp#SHIRTS") > 0

    reindex(shops.shop())
    for body in read_queue():
        invoke_index_worker(parse_event(body["detail"]))

    listed = {
        listing.entry_id for listing in Listing.scan() if listing.partition.startswith("shop#")
    }
    assert listed == {shirt.product_id}


def test_drafts_and_archived_products_are_queued_too():
    """The worker removes listings that they may still have."""
    for status in ("active", "draft", "archived"):
        listed_product(status, status=status)

    reindex(shops.shop())

    assert len(read_queue()) == 3


def test_a_shop_without_products_queues_nothing():
    assert reindex(shops.shop()).startswith("0 products")

    assert read_queue() == []


def test_a_refused_message_fails_with_its_reason(monkeypatch):
    listed_product("TEA")
    shop, sqs = shops.shop(), client("sqs")
    monkeypatch.setattr(shops.Shop, "client", lambda _, name: client(name))
    refusal = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}

    with (
        faults.inject_faults(sqs, "SendMessageBatch", faults.success_reply(refusal)),
        pytest.raises(OperationFailed, match=r"InternalError.* after 0 products.* again"),
    ):
        reindex(shop)
