"""The index worker: listings and postings are what products, groups and stock are, in the end."""

import itertools
import json

import pytest

from products.index import repository
from products.workers import index_products
from products.workers.index_products import handler
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.events.catalog import StockData, StockDepleted
from shared.storage.models.catalog import Product
from shared.storage.models.listings import IndexedUnit, Listing, Posting
from tests.support import events, shop
from tests.support.catalog import create_product, edit_product, list_all_skus, patch_product
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("aws")


def stored() -> dict[str, list]:
    """Everything that was derived."""
    listings = [it for it in Listing.scan() if not it.shelf.startswith("indexed#")]
    postings = [it for it in Posting.scan() if not it.shard.startswith("~")]
    return {
        "listings": sorted((it.to_simple_dict() for it in listings), key=str),
        "postings": sorted((it.to_simple_dict() for it in postings), key=str),
    }


def messages(*products: Product) -> dict:
    event = sample("products.index_products")
    (record,) = event["Records"]
    event["Records"] = []
    for number, product in enumerate(products):
        body = json.loads(record["body"])
        body["detail"]["data"] |= {"product_id": product.product_id, "group": product.group}
        event["Records"].append(record | {"messageId": str(number), "body": json.dumps(body)})
    return event


def unlisted(sku: str, **changes) -> Product:
    product = shop.product(sku, **changes)
    for table in (Listing, Posting):
        for item in table.scan():
            item.delete()
    return product


def test_the_message_that_a_queue_brings_lists_its_product():
    tea = unlisted("TEA", category="kitchen/tea", tags=["sale"])

    answer = handler(messages(tea), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert {it["shelf"].partition("#")[0] for it in stored()["listings"]} == {
        "shop",
        "category",
        "tag",
    }
    assert list_all_skus(category="kitchen") == ["TEA"]


def test_a_message_that_comes_again_writes_nothing():
    tea = shop.product("TEA", tags=["sale"])
    (before,) = IndexedUnit.query(f"indexed#{tea.product_id}")

    handler(messages(tea, tea), CONTEXT)

    (after,) = IndexedUnit.query(f"indexed#{tea.product_id}")
    assert after.version == before.version


def test_all_of_a_batch_are_listed_though_one_message_is_broken():
    tea, pot = unlisted("TEA"), unlisted("POT")
    event = messages(tea, pot)
    event["Records"].insert(1, event["Records"][0] | {"messageId": "broken", "body": "{"})
    event["Records"].append(
        event["Records"][0]
        | {"messageId": "other", "body": json.dumps({"detail": {"type": "user.deleted"}})}
    )

    answer = handler(event, CONTEXT)

    assert {it["itemIdentifier"] for it in answer["batchItemFailures"]} == {"broken", "other"}
    assert sorted(list_all_skus()) == ["POT", "TEA"]


def test_a_unit_that_cannot_be_stored_fails_its_own_messages_alone(monkeypatch):
    tea, pot = unlisted("TEA"), unlisted("POT")
    store = repository.store

    def failing(before, *what):
        if before.unit == tea.product_id:
            raise ConcurrentModification("Another instance has indexed this.")
        return store(before, *what)

    monkeypatch.setattr(repository, "store", failing)

    answer = handler(messages(tea, pot), CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert list_all_skus() == ["POT"]


def test_what_was_read_before_another_stored_is_not_stored_after_it(monkeypatch):
    """The slower of two workers has the older truth: it looks again."""
    tea = shop.product("TEA", name="Old tea")
    patch_product(tea.product_id, {"category": "old"})  # not indexed yet
    units_named, turns = repository.units_named, iter([True])

    def slowly(names):
        units = units_named(names)
        if next(turns, False):
            patch_product(tea.product_id, {"name": "New tea", "category": "new"})
            shop.index_products(tea)  # another worker, faster
        return units

    monkeypatch.setattr(repository, "units_named", slowly)

    answer = handler(messages(tea), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (list_all_skus(category="new"), list_all_skus(category="old")) == (["TEA"], [])
    assert any("new" in it["text"] for it in stored()["postings"])


def test_the_newer_truth_is_stored_though_an_older_one_came_in_between(monkeypatch):
    tea = shop.product("TEA", category="old")
    units_named, turns = repository.units_named, iter([True])

    def slowly(names):
        if not next(turns, False):
            return units_named(names)
        patch_product(tea.product_id, {"category": "between"})
        shop.index_products(tea)  # another worker stores what it has read, and that is old by now
        patch_product(tea.product_id, {"category": "new"})
        return units_named(names)

    monkeypatch.setattr(repository, "units_named", slowly)

    answer = handler(messages(tea), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (list_all_skus(category="new"), list_all_skus(category="between")) == (["TEA"], [])


def test_words_that_cannot_be_learnt_now_do_not_hold_up_the_listing(monkeypatch):
    tea = unlisted("TEA")

    def busy(_):
        raise Unavailable("too busy")

    monkeypatch.setattr(index_products, "learn", busy)

    assert handler(messages(tea), CONTEXT) == {"batchItemFailures": []}
    assert list_all_skus() == ["TEA"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_in_whatever_order_events_come_the_end_is_the_same(order):
    tea = create_product(category="a", tags=["x"])
    patch_product(tea["id"], {"category": "b", "name": "Sencha"})
    patch_product(tea["id"], {"tags": ["y"], "price": {"amount_minor": 5}})
    told = sorted(events.published_events(), key=lambda it: it.occurred_at)

    for at in (*order, *order):
        shop.invoke_index_worker(told[at])

    assert list_all_skus(category="b") == list_all_skus(tag="y") == ["TEA"]
    assert list_all_skus(category="a") == list_all_skus(tag="x") == []


def test_what_is_archived_leaves_nothing_behind():
    tea = create_product(category="kitchen/tea", tags=["sale"])
    shop.index_published_events()
    assert stored()["listings"] != []

    edit_product("archive", tea["id"])
    shop.index_published_events()

    assert stored() == {"listings": [], "postings": []}


def test_more_than_a_transaction_holds_is_stored_in_several():
    """A group of many variants, each with words and tags of its own."""
    for n in range(12):
        shop.product(
            f"SHIRT-{n}",
            name=f"shirt{n} cotton{n} sleeve{n}",
            tags=[f"tag{n}-{m}" for m in range(10)],
            group="SHIRT",
            options_json={"n": str(n)},
        )

    tags = [it for it in stored()["listings"] if it["shelf"].startswith("tag#")]
    assert len(tags) == 120
    assert {it["unit"] for it in tags} == {"grp#SHIRT"}


def test_a_run_that_was_cut_off_is_gone_on_with(monkeypatch):
    products = [
        shop.product(
            f"SHIRT-{n}",
            tags=[f"tag{n}-{m}" for m in range(15)],
            group="SHIRT",
            options_json={"n": str(n)},
        )
        for n in range(9)
    ]
    expected = stored()
    for table in (Listing, Posting):
        for item in table.scan():
            item.delete()
    commit, turns = repository.Transaction.commit, iter([True, False])

    def once(transaction):
        if not next(turns, False):
            raise RuntimeError("killed")
        commit(transaction)

    with monkeypatch.context() as patched:
        patched.setattr(repository.Transaction, "commit", once)
        handler(messages(products[0]), CONTEXT)
    assert 0 < len(stored()["listings"]) < len(expected["listings"])

    handler(messages(products[0]), CONTEXT)

    assert stored() == expected


def test_a_depleted_product_is_not_among_what_can_be_had():
    tea = shop.product("TEA", available=1)
    assert list_all_skus(in_stock="true") == ["TEA"]

    shop.sell(tea, 1)
    about = StockData(product_id=tea.product_id, group=None, available=0)
    shop.invoke_index_worker(StockDepleted(data=about))

    assert (list_all_skus(in_stock="true"), list_all_skus()) == ([], ["TEA"])


def test_an_unknown_product_is_nothing_to_index():
    answer = handler(sample("products.index_products"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert stored() == {"listings": [], "postings": []}
