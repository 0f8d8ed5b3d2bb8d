"""The index worker derives listings and postings from products, groups and stock."""

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
from shared.storage.models.listings import IndexedEntry, Listing, Posting
from tests.support import shop
from tests.support.catalog import create_product, edit_product, list_all_skus, patch_product
from tests.support.events import published_events
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("aws")


def stored() -> dict[str, list]:
    """All listings and postings."""
    listings = [
        listing for listing in Listing.scan() if not listing.partition.startswith("indexed#")
    ]
    postings = [posting for posting in Posting.scan() if not posting.shard.startswith("~")]
    return {
        "listings": sorted((listing.to_simple_dict() for listing in listings), key=str),
        "postings": sorted((posting.to_simple_dict() for posting in postings), key=str),
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
    product = shop.listed_product(sku, **changes)
    for table in (Listing, Posting):
        for item in table.scan():
            item.delete()
    return product


def test_a_message_lists_its_product():
    tea = unlisted("TEA", category="kitchen/tea", tags=["sale"])

    answer = handler(messages(tea), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert {listing["partition"].partition("#")[0] for listing in stored()["listings"]} == {
        "shop",
        "category",
        "tag",
    }
    assert list_all_skus(category="kitchen") == ["TEA"]


def test_a_repeated_message_writes_nothing():
    tea = shop.listed_product("TEA", tags=["sale"])
    (before,) = IndexedEntry.query(f"indexed#{tea.product_id}")

    handler(messages(tea, tea), CONTEXT)

    (after,) = IndexedEntry.query(f"indexed#{tea.product_id}")
    assert after.version == before.version


def test_a_broken_message_does_not_stop_the_batch():
    tea, pot = unlisted("TEA"), unlisted("POT")
    event = messages(tea, pot)
    event["Records"].insert(1, event["Records"][0] | {"messageId": "broken", "body": "{"})
    event["Records"].append(
        event["Records"][0]
        | {"messageId": "other", "body": json.dumps({"detail": {"type": "user.deleted"}})}
    )

    answer = handler(event, CONTEXT)

    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {
        "broken",
        "other",
    }
    assert sorted(list_all_skus()) == ["POT", "TEA"]


def test_an_entry_that_fails_fails_only_its_own_messages(monkeypatch):
    tea, pot, cup = unlisted("TEA"), unlisted("POT"), unlisted("CUP")
    store_updates = repository.store_updates

    def fail_for_tea(updates):
        if tea.product_id in {update.entry_id for update in updates}:
            raise ConcurrentModification
        store_updates(updates)

    monkeypatch.setattr(repository, "store_updates", fail_for_tea)

    answer = handler(messages(pot, tea, cup), CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert sorted(list_all_skus()) == ["CUP", "POT"]


def test_a_slower_worker_reads_the_entry_again(monkeypatch):
    """The slower of two workers has read an older product."""
    tea = shop.listed_product("TEA", name="Old tea")
    patch_product(tea.product_id, {"category": "old"})  # not indexed yet
    get_catalog_entries, turns = repository.get_catalog_entries, iter([True])

    def read_slowly(entry_ids):
        entries = get_catalog_entries(entry_ids)
        if next(turns, False):
            patch_product(tea.product_id, {"name": "New tea", "category": "new"})
            shop.index_products(tea)  # by another, faster worker
        return entries

    monkeypatch.setattr(repository, "get_catalog_entries", read_slowly)

    answer = handler(messages(tea), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (list_all_skus(category="new"), list_all_skus(category="old")) == (["TEA"], [])
    assert any("new" in posting["text"] for posting in stored()["postings"])


def test_a_newer_entry_replaces_one_stored_in_between(monkeypatch):
    tea = shop.listed_product("TEA", category="old")
    get_catalog_entries, turns = repository.get_catalog_entries, iter([True])

    def read_slowly(entry_ids):
        if not next(turns, False):
            return get_catalog_entries(entry_ids)
        patch_product(tea.product_id, {"category": "between"})
        shop.index_products(tea)  # another worker stores what will be outdated
        patch_product(tea.product_id, {"category": "new"})
        return get_catalog_entries(entry_ids)

    monkeypatch.setattr(repository, "get_catalog_entries", read_slowly)

    answer = handler(messages(tea), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (list_all_skus(category="new"), list_all_skus(category="between")) == (["TEA"], [])


def test_failing_to_store_words_does_not_delay_listings(monkeypatch):
    tea = unlisted("TEA")

    def busy(_):
        raise Unavailable("too busy")

    monkeypatch.setattr(index_products, "store_words", busy)

    assert handler(messages(tea), CONTEXT) == {"batchItemFailures": []}
    assert list_all_skus() == ["TEA"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_events_does_not_matter(order):
    tea = create_product(category="a", tags=["x"])
    patch_product(tea["id"], {"category": "b", "name": "Sencha"})
    patch_product(tea["id"], {"tags": ["y"], "price": {"amount_minor": 5}})
    events = sorted(published_events(), key=lambda event: event.occurred_at)

    for at in (*order, *order):
        shop.invoke_index_worker(events[at])

    assert list_all_skus(category="b") == list_all_skus(tag="y") == ["TEA"]
    assert list_all_skus(category="a") == list_all_skus(tag="x") == []


def test_an_archived_product_leaves_no_listings_or_postings():
    tea = create_product(category="kitchen/tea", tags=["sale"])
    shop.index_published_events()
    assert stored()["listings"] != []

    edit_product("archive", tea["id"])
    shop.index_published_events()

    assert stored() == {"listings": [], "postings": []}


def test_a_large_entry_takes_several_transactions():
    """A group of many variants, each with its own words and tags."""
    for n in range(12):
        shop.listed_product(
            f"SHIRT-{n}",
            name=f"shirt{n} cotton{n} sleeve{n}",
            tags=[f"tag{n}-{m}" for m in range(10)],
            group="SHIRT",
            options_json={"n": str(n)},
        )

    tags = [listing for listing in stored()["listings"] if listing["partition"].startswith("tag#")]
    assert len(tags) == 120
    assert {listing["entry_id"] for listing in tags} == {"grp#SHIRT"}


def test_the_next_message_completes_an_interrupted_update(monkeypatch):
    products = [
        shop.listed_product(
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

    def commit_once(transaction):
        if not next(turns, False):
            raise RuntimeError("killed")
        commit(transaction)

    with monkeypatch.context() as patched:
        patched.setattr(repository.Transaction, "commit", commit_once)
        handler(messages(products[0]), CONTEXT)
    assert 0 < len(stored()["listings"]) < len(expected["listings"])

    handler(messages(products[0]), CONTEXT)

    assert stored() == expected


def test_a_depleted_product_leaves_the_lists_of_stock():
    tea = shop.listed_product("TEA", available=1)
    assert list_all_skus(in_stock="true") == ["TEA"]

    shop.sell(tea, 1)
    data = StockData(product_id=tea.product_id, group=None, available=0)
    shop.invoke_index_worker(StockDepleted(data=data))

    assert (list_all_skus(in_stock="true"), list_all_skus()) == ([], ["TEA"])


def test_an_unknown_product_is_not_indexed():
    answer = handler(sample("products.index_products"), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert stored() == {"listings": [], "postings": []}
