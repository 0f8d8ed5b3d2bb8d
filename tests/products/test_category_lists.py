"""What products do to categories and categories to lists: counts, moves, races."""

import json

import pytest

from products.categories import repository
from products.categories.counts import COUNT_SHARDS
from products.categories.repository import TreeChanged
from products.categories.schemas import NAME_MAX
from products.categories.service import list_categories as read_categories
from products.categories.tree import CATEGORIES_MAX
from products.index import entry_messages
from products.workers import index_products
from shared.aws import client
from shared.events.catalog import CategoryDeleted, CategoryMoved
from shared.storage.dynamo import connection
from shared.storage.models.categories import Category, CategoryCount
from tests.support import faults, shop
from tests.support.catalog import create_product, list_all_skus, patch_product
from tests.support.categories import (
    counts,
    create_category,
    delete_category,
    list_categories,
    list_paths,
    patch_category,
)
from tests.support.events import published_events, queue_event
from tests.support.http import CONTEXT

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def queue() -> str:
    """The index worker's queue."""
    url: str = client("sqs").create_queue(QueueName="souk-catalog-index")["QueueUrl"]
    return url


def index_category_events(queue: str) -> None:
    """Sends the events of moved and deleted categories to the worker, and what it queues then."""
    for event in published_events():
        if isinstance(event, CategoryMoved | CategoryDeleted):
            assert shop.invoke_index_worker(event) == {"batchItemFailures": []}
    while received := client("sqs").receive_message(QueueUrl=queue).get("Messages"):
        for message in received:
            client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            assert index_message(json.loads(message["Body"])) == {"batchItemFailures": []}


def index_message(body: dict) -> dict:
    batch = queue_event(
        "products.index_products", CategoryDeleted(data={"category_id": "cat_x", "path": "x"})
    )
    batch["Records"][0]["body"] = json.dumps(body)
    return index_products.handler(batch, CONTEXT)


def move(path: str, parent: str | None) -> None:
    (category,) = list_categories(path=path).body["items"]
    answer = patch_category(category["id"], {"parent": parent})
    assert answer.status == 200, answer


def test_a_product_creates_its_category():
    shop.listed_product("TEA", category="kitchen/tea-pots")

    items = list_categories().body["items"]

    assert [(item["path"], item["name"], item["parent"]) for item in items] == [
        ("kitchen", "Kitchen", None),
        ("kitchen/tea-pots", "Tea pots", "kitchen"),
    ]


def test_a_category_of_staff_keeps_its_name():
    create_category("Küche")

    shop.listed_product("TEA", category="kuche")

    assert [item["name"] for item in list_categories().body["items"]] == ["Küche"]


def test_the_category_of_a_draft_is_created_on_sale():
    product = create_product(sku="TEA", category="kitchen", status="draft")
    shop.index_published_events()
    assert list_paths() == []

    patch_product(product["id"], {"status": "active"})
    shop.index_published_events()

    assert counts() == {"kitchen": 1}


def test_what_is_on_sale_is_counted_up_the_tree():
    shop.listed_product("TEA", category="kitchen/tea")
    shop.listed_product("POT", category="kitchen/pots")
    shop.listed_product("PAN", category="kitchen")
    shop.listed_product("ROSE", category="garden")
    shop.listed_product("CARD")

    assert counts() == {"garden": 1, "kitchen": 3, "kitchen/pots": 1, "kitchen/tea": 1}


def test_a_group_of_variants_counts_once():
    for size in ("S", "M", "L"):
        shop.listed_product(
            f"SHIRT-{size}", group="SHIRT", options_json={"size": size}, category="shirts"
        )

    assert counts() == {"shirts": 1}


def test_a_category_is_deleted_once_its_products_have_another(queue):
    tea = shop.listed_product("TEA", category="kitchen/tea")
    (kitchen, old) = list_categories().body["items"]
    gifts = create_category("Gifts")
    assert delete_category(old["id"]).code == "category_not_empty"

    patch_product(tea.product_id, {"category": gifts["path"]})
    shop.index_products(tea)
    assert delete_category(old["id"]).status == 204
    index_category_events(queue)

    found = {item["path"]: item["products_on_sale"] for item in list_categories().body["items"]}
    assert found == {"kitchen": 0, "gifts": 1}
    assert delete_category(kitchen["id"]).status == 204
    assert list_all_skus(category="gifts") == ["TEA"]


def test_a_repeated_event_counts_once():
    tea = shop.listed_product("TEA", category="kitchen")

    for _ in range(3):
        shop.index_products(tea, tea)

    assert counts() == {"kitchen": 1}


def test_an_edit_moves_the_count():
    tea = shop.listed_product("TEA", category="kitchen/tea")

    patch_product(tea.product_id, {"category": "kitchen/gifts"})
    shop.index_products(tea)
    assert counts() == {"kitchen": 1, "kitchen/gifts": 1, "kitchen/tea": 0}

    patch_product(tea.product_id, {"status": "archived"})
    shop.index_products(tea)
    assert counts() == {"kitchen": 0, "kitchen/gifts": 0, "kitchen/tea": 0}


def test_a_refused_transaction_counts_nothing():
    tea = shop.product("TEA", category="kitchen")
    create_category("Kitchen")
    conflict = faults.cancelled_transaction(*["TransactionConflict"] * 2)

    with faults.inject_faults(connection().client, "TransactWriteItems", conflict, conflict):
        shop.index_products(tea)

    assert counts() == {"kitchen": 1}


def test_counts_are_divided_into_shards():
    for number in range(30):
        shop.listed_product(f"P{number}", category="kitchen")

    shards = list(CategoryCount.scan(CategoryCount.partition == "counts"))
    assert 1 < len(shards) <= COUNT_SHARDS
    assert counts() == {"kitchen": 30}


def test_a_count_is_never_below_zero():
    CategoryCount(path="kitchen#0", entries=-3).save()
    create_category("Kitchen")

    assert counts() == {"kitchen": 0}


def test_shoppers_can_hide_empty_categories():
    create_category("Empty")
    shop.listed_product("TEA", category="kitchen/tea")

    assert list_paths() == ["empty", "kitchen", "kitchen/tea"]
    assert list_paths(include_empty="false") == ["kitchen", "kitchen/tea"]


def test_a_moved_category_takes_its_products_along(queue):
    shop.listed_product("TEA", category="kitchen/tea")
    shop.listed_product("POT", category="kitchen/tea/pots")
    shop.listed_product("PAN", category="kitchen")
    create_category("Garden")

    move("kitchen/tea", "garden")
    index_category_events(queue)

    assert sorted(list_all_skus(category="garden")) == ["POT", "TEA"]
    assert list_all_skus(category="kitchen") == ["PAN"]
    assert sorted(list_all_skus(category="kitchen/tea")) == ["POT", "TEA"]
    assert counts() == {"garden": 2, "kitchen": 1, "kitchen/tea": 2, "kitchen/tea/pots": 1}
    assert list_paths() == ["kitchen", "garden", "kitchen/tea", "kitchen/tea/pots"]


def test_a_new_product_is_where_its_category_is_now():
    create_category("Garden")
    create_category("Kitchen")
    create_category("Tea", "kitchen")
    move("kitchen/tea", "garden")

    shop.listed_product("TEA", category="kitchen/tea/green")

    assert list_all_skus(category="garden") == ["TEA"]
    assert list_all_skus(category="kitchen") == []


def test_a_moved_category_lists_a_product_once(queue):
    """Also where a filter names its old parent and itself."""
    shop.listed_product("TEA", category="kitchen/tea")
    move("kitchen/tea", None)
    index_category_events(queue)

    assert list_all_skus(category=["kitchen", "kitchen/tea"]) == ["TEA"]
    assert list_all_skus(category="kitchen") == []


def test_a_repeated_move_changes_nothing(queue):
    shop.listed_product("TEA", category="kitchen/tea")
    move("kitchen/tea", None)
    index_category_events(queue)
    before = shop.stored_items()

    index_category_events(queue)

    assert shop.stored_items() == before


def test_a_category_of_many_products_is_divided(queue, monkeypatch):
    monkeypatch.setattr(entry_messages, "ENTRIES_PER_MESSAGE", 2)
    monkeypatch.setattr(index_products, "ENTRIES_PER_CALL", 4)
    for number in range(9):
        shop.listed_product(f"P{number}", category="kitchen/tea")

    move("kitchen/tea", None)
    index_category_events(queue)

    assert list_all_skus(category="kitchen") == []
    assert len(list_all_skus(category="kitchen/tea")) == 9


def test_a_category_cannot_be_below_itself():
    create_category("A")
    create_category("B", "a")
    a, b = list_categories().body["items"]

    for parent in ("a", "a/b"):
        answer = patch_category(a["id"], {"parent": parent})
        assert (answer.status, answer.code) == (409, "category_cycle")
        assert answer.error["details"] == {"parent": parent}
    assert patch_category(b["id"], {"parent": None}).status == 200
    assert patch_category(a["id"], {"parent": "a/b"}).status == 200
    assert list_paths() == ["a/b", "a"]


def test_a_move_respects_the_depth():
    parent = None
    for level in range(7):
        parent = create_category(f"L{level}", parent)["path"]
    top = create_category("Top")
    create_category("Below", "top")

    answer = patch_category(top["id"], {"parent": parent})

    assert (answer.status, answer.code) == (409, "category_too_deep")


def test_a_move_respects_the_names():
    create_category("Tea")
    create_category("Home")
    tea = create_category("TEA", "home")

    assert patch_category(tea["id"], {"parent": None}).code == "category_name_taken"
    assert patch_category(tea["id"], {"parent": None, "name": "Teas"}).status == 200


def test_a_product_that_comes_back_has_its_category_again(queue):
    """A deletion that does not see a product which is indexed at that moment."""
    create_category("Tea")
    (tea,) = list_categories().body["items"]
    deletion = repository.is_empty

    def see_nothing(path: str) -> bool:
        is_empty = deletion(path)
        shop.listed_product("TEA", category="tea")
        return is_empty

    repository.is_empty, original = see_nothing, repository.is_empty
    try:
        assert delete_category(tea["id"]).status == 204
    finally:
        repository.is_empty = original
    index_category_events(queue)

    assert counts() == {"tea": 1}


def test_a_move_during_the_indexing_is_not_missed(queue, monkeypatch):
    """The move's event comes before the worker stores what it has read before the move."""
    create_category("Garden")
    create_category("Kitchen")
    create_category("Tea", "kitchen")
    store, turns = index_products.repository.store_updates, iter([True])

    def move_first(updates):
        if next(turns, False):
            move("kitchen/tea", "garden")
            index_category_events(queue)
        store(updates)

    monkeypatch.setattr(index_products.repository, "store_updates", move_first)

    shop.listed_product("TEA", category="kitchen/tea")

    assert list_all_skus(category="kitchen") == []
    assert list_all_skus(category="garden") == ["TEA"]


def test_two_workers_create_a_category_once(monkeypatch):
    store, turns = repository.store_tree, iter([True])

    def be_overtaken(*args):
        if next(turns, False):
            shop.listed_product("CUP", category="kitchen")
        return store(*args)

    monkeypatch.setattr(repository, "store_tree", be_overtaken)

    shop.listed_product("TEA", category="kitchen")

    assert counts() == {"kitchen": 2}


def test_a_tree_that_has_changed_is_not_overwritten():
    create_category("A")
    tree = repository.get_tree()
    create_category("B")

    with pytest.raises(TreeChanged):
        repository.store_tree(tree, tree.without("a"))

    assert list_paths() == ["a", "b"]


def test_a_category_of_newer_code_keeps_what_it_has():
    tea = create_category("Tea")
    item = {"partition": {"S": "categories"}, "path": {"S": "tea"}}
    table = Category.Meta.table_name
    stored = connection().client.get_item(TableName=table, Key=item)["Item"]
    connection().client.put_item(TableName=table, Item=stored | {"image": {"S": "tea.png"}})

    patch_category(tea["id"], {"name": "Tee", "parent": None})

    after = connection().client.get_item(TableName=table, Key=item)["Item"]
    assert (after["image"], after["name"]) == ({"S": "tea.png"}, {"S": "Tee"})


def test_the_largest_tree_fits_an_answer_and_an_item():
    shop.listed_product("TEA", category="tea")
    with Category.batch_write() as batch:
        for number in range(CATEGORIES_MAX - 1):
            category = Category.get("categories", "tea")
            category.path = f"{'x' * 195}{number:05}"
            category.name = "\N{TEACUP WITHOUT HANDLE}" * NAME_MAX
            batch.save(category)

    answer = read_categories(None, True)

    assert len(answer.items) == CATEGORIES_MAX
    assert len(answer.model_dump_json().encode()) < 1_000_000
