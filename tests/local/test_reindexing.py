"""Having the listings made anew, against moto."""

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
from tests.support.shop import invoke_index_worker, product

pytestmark = pytest.mark.usefixtures("aws", "queue")


@pytest.fixture
def queue() -> None:
    client("sqs").create_queue(QueueName=shops.QUEUE)


def queued() -> list[dict]:
    url = client("sqs").get_queue_url(QueueName=shops.QUEUE)["QueueUrl"]
    bodies = []
    while got := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10):
        if "Messages" not in got:
            break
        bodies += [json.loads(message["Body"]) for message in got["Messages"]]
    return bodies


def test_every_product_is_queued_once_as_an_update_that_changed_nothing():
    stored = {product(f"TEA-{n}").product_id for n in range(25)}

    said = reindex(shops.shop())

    told = [parse_event(body["detail"]) for body in queued()]
    assert said.startswith("25 products")
    assert sorted(it.data.product_id for it in told) == sorted(stored)
    assert {(it.type, tuple(it.data.changed)) for it in told} == {("product.updated", ())}


def test_a_message_is_in_the_form_that_eventbridge_gives_an_event():
    product("TEA")

    reindex(shops.shop())

    (body,) = queued()
    assert (body["source"], body["detail-type"]) == ("souk", "product.updated")
    assert body["detail"]["data"]["sku"] == "TEA"


def test_a_variant_is_queued_with_its_group_and_so_is_the_group():
    product("TEA-S", group="TEA", options_json={"size": "S"})
    product("SALT")

    reindex(shops.shop())

    told = [parse_event(it["detail"]).data for it in queued()]
    assert {(it.sku, it.group) for it in told} == {("TEA-S", "TEA"), ("SALT", None), ("", "TEA")}


def test_a_group_that_all_have_left_is_taken_from_the_lists():
    shirt = product("SHIRT", group="SHIRTS", options_json={"size": "S"})
    shirt.update([Product.group.remove(), Product.options_json.set({})])
    ProductGroup("SHIRTS", variants=[], version=2).save()
    assert [it.entry_id for it in Listing.scan()].count("grp#SHIRTS") > 0

    reindex(shops.shop())
    for body in queued():
        invoke_index_worker(parse_event(body["detail"]))

    listed = {it.entry_id for it in Listing.scan() if it.partition.startswith("shop#")}
    assert listed == {shirt.product_id}


def test_drafts_and_archived_products_are_queued_too():
    """The worker takes back what there may still be of them."""
    for status in ("active", "draft", "archived"):
        product(status, status=status)

    reindex(shops.shop())

    assert len(queued()) == 3


def test_a_shop_without_products_queues_nothing():
    assert reindex(shops.shop()).startswith("0 products")

    assert queued() == []


def test_what_the_queue_refuses_is_told(monkeypatch):
    product("TEA")
    shop, sqs = shops.shop(), client("sqs")
    monkeypatch.setattr(shops.Shop, "client", lambda _, name: client(name))
    refusal = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}

    with (
        faults.inject_faults(sqs, "SendMessageBatch", faults.success_reply(refusal)),
        pytest.raises(OperationFailed, match="0 products and then InternalError"),
    ):
        reindex(shop)
