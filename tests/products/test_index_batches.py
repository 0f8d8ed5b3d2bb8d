"""A batch of the index worker: the same result as one message at a time, with fewer calls."""

import random
from itertools import pairwise
from string import ascii_lowercase
from types import SimpleNamespace

import pytest

from products.categories import repository as categories
from products.index.updates import EntryUpdate, StoredEntry, pack_updates
from products.search import repository as search
from products.workers.index_products import handler
from shared import clock, retries
from shared.storage.dynamo import Table, connection, key_names
from shared.storage.models import listings
from shared.storage.models.catalog import Product
from shared.storage.models.listings import IndexedEntry, Listing, Posting
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import ACTIONS_MAX
from tests.support import faults, shop
from tests.support.aws_calls import record_calls
from tests.support.catalog import (
    adjust_stock,
    create_product,
    edit_product,
    list_all_skus,
    patch_product,
)
from tests.support.events import published_events, queue_event
from tests.support.http import CONTEXT
from tests.support.interleaving import each_interleaving

pytestmark = pytest.mark.usefixtures("aws")

WORDS = ("kettle", "teapot", "saucer", "breakfast", "porcelain", "sencha", "oolong")
CATEGORIES = (None, "kitchen", "kitchen/tea", "kitchen/tea/green", "garden")
TAGS = ("sale", "new", "gift", "organic")
GROUPS = (None, None, "SHIRT", "MUG")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)


def stored() -> dict[str, object]:
    """The listings, the postings, and the digests of each entry that has any."""
    entries = [IndexedEntry.from_raw_data(item) for item in scan(Listing) if is_digest(item)]
    return {
        "listings": sorted(str(item) for item in scan(Listing) if not is_digest(item)),
        "postings": sorted(str(item) for item in scan(Posting) if not is_word(item)),
        "digests": {
            entry.partition: (entry.listings_json, entry.postings_json)
            for entry in entries
            if entry.listings_json or entry.postings_json
        },
    }


def stored_words() -> dict[str, set[str]]:
    return {item["shard"]["S"]: set(item["words"]["SS"]) for item in scan(Posting) if is_word(item)}


def scan(table: type[Table]) -> list[dict]:
    return connection().client.scan(TableName=table.Meta.table_name)["Items"]


def is_digest(item: dict) -> bool:
    return item["partition"]["S"].startswith("indexed#")


def is_word(item: dict) -> bool:
    return item["shard"]["S"].startswith("~")


def clear_index() -> None:
    for table in (Listing, Posting):
        for item in scan(table):
            key = {name: item[name] for name in key_names(table)}
            connection().client.delete_item(TableName=table.Meta.table_name, Key=key)
    search.known_words.clear()


def index_anew_one_by_one() -> None:
    """Each product in an invocation of its own."""
    clear_index()
    for product in Product.scan():
        shop.index_products(product)


def unlisted(count: int, **changes) -> list[dict]:
    """Products of a category that exists."""
    categories.add_missing(categories.get_tree(), ["kitchen/tea"], clock.utc_now())
    products = [
        create_product(
            sku=f"TEA-{number}",
            name=f"Tea number{ascii_lowercase[number // 26]}{ascii_lowercase[number % 26]}",
            category="kitchen/tea",
            tags=["sale", "new"],
            **{name: change(number) for name, change in changes.items()},
        )
        for number in range(count)
    ]
    search.known_words.clear()
    return products


def take_events() -> list:
    events = sorted(published_events(), key=lambda event: event.occurred_at)
    for row in OutboxRow.scan():
        row.delete()
    return events


def index(events: list, context: object = CONTEXT) -> list[str]:
    """The ids of the messages that failed."""
    answer = handler(queue_event("products.index_products", *events), context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("count", [20, 25, 50])
def test_new_products_take_few_calls_in_a_batch(count):
    unlisted(count)
    events = take_events()

    with record_calls() as calls:
        assert index(events) == []

    assert len(calls) <= 1.5 * count / 2, calls
    assert len(list_all_skus(category="kitchen")) == count


def test_new_variants_take_few_calls_in_a_batch():
    unlisted(25, group=lambda n: f"G{n // 2}", options=lambda n: {"n": str(n)})
    events = take_events()

    with record_calls() as calls:
        assert index(events) == []

    assert len(calls) <= 1.5 * 25, calls
    assert len(list_all_skus()) == 13


def test_archived_products_take_few_calls_in_a_batch():
    products = unlisted(25)
    index(take_events())
    for product in products:
        edit_product("archive", product["id"])
    events = take_events()

    with record_calls() as calls:
        assert index(events) == []

    assert len(calls) <= 25 / 2, calls
    assert list_all_skus() == []


def test_products_with_long_new_words_take_few_calls():
    """Each word of 20 letters is stored under 21 deletions."""
    chance = random.Random(1)  # noqa: S311 (no secret)
    for number in range(25):
        first = "".join(chance.sample(ascii_lowercase, 20))
        create_product(sku=f"S{number}", name=f"{first} {first[::-1]}")
    events = take_events()

    with record_calls() as calls:
        assert index(events) == []

    assert len(calls) <= 1.5 * 25, calls


def test_a_single_product_takes_nine_calls():
    unlisted(1)
    (event,) = take_events()

    with record_calls() as calls:
        index([event])

    assert calls == [
        *["BatchGetItem"] * 3,  # the entry
        *["GetItem", "Query"],  # the tree of categories
        *["TransactWriteItems", "BatchGetItem", "TransactWriteItems"],  # the entry, the words
        "GetItem",  # whether a category was moved since
    ]


def change_something(chance: random.Random) -> None:
    """One edit of the catalog by staff, or a sale."""
    products = list(Product.scan())
    product = chance.choice(products) if products else None
    name = " ".join(chance.sample(WORDS, 2))
    category, tags = chance.choice(CATEGORIES), chance.sample(TAGS, chance.randrange(3))
    match chance.randrange(6):
        case _ if product is None or len(products) < 12:
            sku = f"SKU-{len(products)}"
            group = chance.choice(GROUPS)
            options = {"n": sku} if group else {}
            create_product(
                sku=sku, name=name, category=category, tags=tags, group=group, options=options
            )
        case 0:
            patch_product(product.product_id, {"name": name, "tags": tags})
        case 1:
            patch_product(product.product_id, {"category": category})
        case 2:
            edit_product("archive", product.product_id)
        case 3:
            patch_product(product.product_id, {"status": "active"})
        case 4:
            group = chance.choice(GROUPS)
            options = {"n": product.sku} if group else None
            patch_product(product.product_id, {"group": group, "options": options})
        case 5:
            adjust_stock(product.product_id, chance.choice((3, -3)), key=str(chance.random()))


@pytest.mark.parametrize("seed", range(8))
def test_batches_in_any_order_equal_one_by_one(seed):
    """With repeated messages, and edits between a batch and the next."""
    chance = random.Random(seed)  # noqa: S311
    waiting: list = []
    for _ in range(6):
        for _ in range(chance.randrange(4, 16)):
            change_something(chance)
        waiting += take_events()
        chance.shuffle(waiting)
        late = chance.randrange(len(waiting) + 1)
        waiting, batch = waiting[:late], waiting[late:]
        search.known_words.clear()  # another instance
        assert index([*batch, *chance.sample(batch, len(batch) // 2)]) == []
    index(waiting)
    shop.index_products(*Product.scan())  # stock changes have a stream of their own
    after_batches = stored()

    index_anew_one_by_one()
    one_by_one = stored(), stored_words()
    clear_index()
    shop.index_products(*Product.scan())

    assert after_batches == one_by_one[0]
    assert (stored(), stored_words()) == one_by_one


def test_an_edit_at_any_moment_of_a_batch_is_listed():
    """Staff edit a product of the batch, and another worker indexes it, between any two calls."""
    skus = [f"TEA-{number}" for number in range(4)]

    def prepare(place):
        clear_index()
        category = f"kitchen/p{place}"
        for product in list(Product.scan()):
            product.delete()
        products = [create_product(sku=sku, name="Porcelain", category="kitchen") for sku in skus]
        batch = take_events()

        def edit():
            product_id = products[1]["id"]
            patch_product(product_id, {"category": category, "name": f"edited {place}"})
            shop.index_products(Product.get(product_id))

        return lambda: index(batch), edit

    places = 0
    for place in each_interleaving(prepare):
        places += 1
        found = stored()
        assert list_all_skus(category=f"kitchen/p{place}") == ["TEA-1"]
        index_anew_one_by_one()
        assert found == stored()

    assert places >= 6


def test_entries_that_another_worker_writes_are_tried_alone():
    unlisted(12)
    events = take_events()
    conflict = faults.cancelled_transaction(*["TransactionConflict"] * 2)

    with faults.inject_faults(connection().client, "TransactWriteItems", *[conflict] * 4) as calls:
        assert index(events) == []

    assert len(calls) > 4 + 6
    assert len(list_all_skus()) == 12


@pytest.mark.parametrize("broken", [{"created_at": {"S": "today"}}, {"price_minor": {"S": "1"}}])
def test_an_unreadable_product_fails_its_own_message_only(broken):
    products = unlisted(12)
    events = take_events()
    table, key = Product.Meta.table_name, {"product_id": {"S": products[5]["id"]}}
    item = connection().client.get_item(TableName=table, Key=key)["Item"]
    connection().client.put_item(TableName=table, Item=item | broken)

    assert index(events) == ["message-5"]

    assert len(list_all_skus()) == 11
    connection().client.put_item(TableName=table, Item=item)
    assert index(events[5:6]) == []
    assert len(list_all_skus()) == 12


def test_without_an_answer_only_the_unanswered_messages_fail():
    unlisted(12)
    events = take_events()
    silence = [None, faults.read_timeout()]  # the second transaction, if it were not alone

    with faults.inject_faults(connection().client, "TransactWriteItems", *silence) as calls:
        failed = index(events)

    assert 0 < len(failed) < 12
    assert len(calls) < 6  # no call for each entry
    assert len(list_all_skus()) == 12 - len(failed)
    assert index([event for n, event in enumerate(events) if f"message-{n}" in failed]) == []
    assert len(list_all_skus()) == 12


def test_a_batch_that_runs_out_of_time_fails_what_is_left():
    unlisted(20)
    events = take_events()
    left = iter([10_000, 10_000, *[1_000] * 100])
    context = SimpleNamespace(
        **vars(CONTEXT) | {"get_remaining_time_in_millis": lambda: next(left)}
    )

    failed = index(events, context)

    listed = len(list_all_skus())
    assert 0 < listed < 20
    assert len(failed) == 20 - listed
    assert index(events) == []
    assert len(list_all_skus()) == 20


def test_nothing_is_read_when_there_is_no_time_to_write():
    unlisted(30)
    events = take_events()
    context = SimpleNamespace(**vars(CONTEXT) | {"get_remaining_time_in_millis": lambda: 1_000})

    with record_calls() as calls:
        failed = index(events, context)

    assert len(failed) == 30
    assert calls == []


def test_words_that_do_not_fit_together_are_stored_alone(monkeypatch):
    monkeypatch.setattr(listings, "WORDS_MAX", 3)
    search.store_words(["teaa", "teab"])

    search.store_words(["teac", "tead", "kettle"])

    assert stored_words()["~tea"] == {"teaa", "teab", "teac"}
    assert stored_words()["~kettle"] == {"kettle"}


@pytest.mark.parametrize("seed", range(20))
def test_packed_updates_fit_in_transactions_in_their_order(seed):
    chance = random.Random(seed)  # noqa: S311
    sizes = [chance.choice((1, 7, 15, 60, 98, 99)) for _ in range(chance.randrange(40))]
    updates = [
        EntryUpdate(StoredEntry(str(number), {}, 0), [(("listing", ""), None, "")] * size)
        for number, size in enumerate(sizes)
    ]

    batches = list(pack_updates(updates))

    assert [update for batch in batches for update in batch] == updates
    assert all(sum(len(update.changes) + 1 for update in each) <= ACTIONS_MAX for each in batches)
    assert all(
        sum(len(update.changes) + 1 for update in [*batch, after[0]]) > ACTIONS_MAX
        for batch, after in pairwise(batches)
    )
