"""Categories: staff create, rename, reorder, move and delete them; anyone reads the tree."""

import pytest

from products.categories.tree import CATEGORIES_MAX
from products.handler import handler
from shared.catalog_names import CATEGORY_DEPTH_MAX
from shared.storage.models.categories import Category
from tests.support import shop
from tests.support.catalog import list_all_skus, patch_product
from tests.support.categories import (
    create_category,
    delete_category,
    get_category,
    list_categories,
    list_paths,
    patch_category,
    post_category,
)
from tests.support.http import ADA, NOBODY, send

pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Bücher & Karten", "bucher-karten"),
        ("Кофе", "kofe"),
        ("お茶", "ocha"),
        ("Ελληνικά", "ellinika"),
        ("Œufs & Crémerie", "oeufs-cremerie"),
        ("Straßenschuhe", "strassenschuhe"),
        ("Women's", "womens"),
        ("Women\u2019s", "womens"),
        ("A/B", "a-b"),
        ("50 % off!", "50-off"),
        ("🍵", "tea"),
        ("العربية", "lrbyh"),
        ("...", "category"),
        ("—", "category"),
    ],
)
def test_a_name_gives_the_path(name, path):
    answer = post_category(name)

    assert (answer.status, answer.body["name"], answer.body["path"]) == (201, name, path)


def test_a_name_is_trimmed_and_composed():
    answer = post_category(" Bu\u0308cher\u00a0", key="key")

    assert (answer.body["name"], answer.body["path"]) == ("B\u00fccher", "bucher")


def test_a_child_has_the_path_of_its_parent():
    create_category("Home")

    child = create_category("Tee & Kaffee", "home")

    assert (child["path"], child["parent"], child["depth"]) == ("home/tee-kaffee", "home", 2)
    assert list_paths() == ["home", "home/tee-kaffee"]


def test_names_of_the_same_letters_get_a_number():
    paths = [create_category(name)["path"] for name in ("Кофе", "Kofe", "Kôfe", "!!!", "???")]

    assert paths == ["kofe", "kofe-2", "kofe-3", "category", "category-2"]


@pytest.mark.parametrize("name", ["Tea", "TEA", "tea", "\uff34\uff45\uff41"])
def test_neighbours_have_different_names(name):
    first = create_category("Tea")

    answer = post_category(name, key="another")

    assert (answer.status, answer.code) == (409, "category_name_taken")
    assert answer.error["details"] == {"path": first["path"]}


def test_cousins_may_have_the_same_name():
    create_category("Women")
    create_category("Men")

    shoes = [create_category("Shoes", parent)["path"] for parent in ("women", "men")]

    assert shoes == ["women/shoes", "men/shoes"]


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "a\nb", "a\x00b", "x" * 101, 7, None, ["Tea"], "a\u202eb"]
)
def test_a_name_is_visible_text_of_one_line(name):
    answer = post_category(name, key="key")

    assert (answer.status, answer.paths) == (422, ["body.name"])


def test_a_long_name_fits_the_longest_path():
    parent = None
    for _ in range(CATEGORY_DEPTH_MAX):
        parent = create_category("👩‍👩‍👧‍👦" * 14, parent)["path"]

    assert len(parent) <= 200
    shop.listed_product("TEA", category=parent)
    assert list_all_skus(category=parent) == ["TEA"]


@pytest.mark.parametrize("parent", ["..", "home/../x", "Home", "/home", "home/", "", 1])
def test_a_parent_is_a_path(parent):
    assert post_category("Tea", parent=parent).paths == ["body.parent"]


def test_a_parent_exists():
    answer = post_category("Tea", parent="nowhere")

    assert (answer.status, answer.code) == (422, "unknown_category")
    assert answer.error["details"] == {"path": "nowhere"}


def test_a_tree_has_eight_levels():
    parent = None
    for level in range(CATEGORY_DEPTH_MAX):
        parent = create_category(f"L{level}", parent)["path"]

    answer = post_category("One more", parent=parent)

    assert (answer.status, answer.code) == (409, "category_too_deep")
    assert answer.error["details"] == {"depth_max": CATEGORY_DEPTH_MAX}


def test_a_rename_keeps_the_path():
    tea = create_category("Tea")
    product = shop.listed_product("TEA", category="tea")

    answer = patch_category(tea["id"], {"name": "Tee"}, if_match='"1"')

    assert (answer.status, answer.body["name"], answer.body["path"]) == (200, "Tee", "tea")
    assert answer.body["version"] == 2
    assert list_all_skus(category="tea") == [product.sku]


def test_an_edit_that_changes_nothing_keeps_the_version():
    tea = create_category("Tea")

    answer = patch_category(tea["id"], {"name": "Tea", "parent": None, "position": 0})

    assert answer.body["version"] == 1


@pytest.mark.parametrize("changes", [{"name": None}, {"position": None}, {"position": -1}])
def test_a_patch_removes_only_the_parent(changes):
    tea = create_category("Tea")

    assert patch_category(tea["id"], changes).paths == [f"body.{next(iter(changes))}"]


def test_a_path_cannot_be_changed():
    tea = create_category("Tea")

    assert patch_category(tea["id"], {"path": "other"}).paths == ["body.path"]


def test_categories_are_reordered():
    first, *_, last = [create_category(name) for name in ("A", "B", "C", "D")]

    patch_category(last["id"], {"position": 0})
    patch_category(first["id"], {"position": 2})

    assert list_paths() == ["d", "b", "a", "c"]
    positions = [category["position"] for category in list_categories().body["items"]]
    assert positions == [0, 1, 2, 3]


def test_a_position_after_the_end_is_the_last():
    first, *_ = [create_category(name) for name in ("A", "B", "C")]

    patch_category(first["id"], {"position": 500})
    create_category("D", position=1)

    assert list_paths() == ["b", "d", "c", "a"]


def test_a_version_that_is_not_current_is_refused():
    tea = create_category("Tea")
    patch_category(tea["id"], {"name": "Tee"})

    edit = patch_category(tea["id"], {"name": "Thé"}, if_match='"1"')
    deletion = delete_category(tea["id"], if_match='"1"')

    assert (edit.status, edit.code, deletion.status) == (412, "stale_version", 412)
    assert edit.error["details"] == {"current_version": 2}


def test_an_edit_needs_the_version():
    tea = create_category("Tea")

    assert patch_category(tea["id"], {"name": "Tee"}, if_match=None).status == 428
    assert delete_category(tea["id"], if_match=None).status == 428


def test_a_retry_creates_one_category():
    first = post_category("Tea", key="key-1")
    patch_category(first.body["id"], {"name": "Tee"})

    again = post_category("Tea", key="key-1")

    assert (again.status, again.body["id"]) == (201, first.body["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Idempotency-Replayed"] == "false"
    assert list_paths() == ["tea"]


def test_a_key_cannot_create_another_category():
    post_category("Tea", key="key-1")

    answer = post_category("Coffee", key="key-1")

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_a_creation_needs_a_key():
    assert post_category("Tea", key="").code == "idempotency_key_required"


def test_the_number_of_categories_is_bounded():
    shop.listed_product("TEA", category="tea")
    with Category.batch_write() as batch:
        for number in range(CATEGORIES_MAX - 1):
            item = Category.get("categories", "tea")
            item.path = f"c{number}"
            batch.save(item)

    answer = post_category("Coffee")

    assert (answer.status, answer.code) == (409, "category_limit_reached")
    assert answer.error["details"] == {"categories_max": CATEGORIES_MAX}
    shop.listed_product("CUP", category="kitchen/cups")  # is listed all the same
    assert list_all_skus(category="kitchen") == ["CUP"]
    assert len(list_paths()) == CATEGORIES_MAX


def test_anyone_reads_the_tree():
    tea = create_category("Tea")

    page = list_categories()

    assert page.body["next_cursor"] is None
    assert page.body["items"] == [tea | {"breadcrumbs": None}]
    assert get_category(tea["id"]).body == tea
    assert list_paths(path="tea") == ["tea"]
    assert list_paths(path="coffee") == []


def test_an_unchanged_tree_is_not_sent_again():
    tea = create_category("Tea")
    page, one = list_categories(), get_category(tea["id"])

    again = get_category(tea["id"], **{"if-none-match": one.headers["ETag"]})

    headers = {"if-none-match": page.headers["ETag"]}
    tree = send(handler, "categories.list", caller=NOBODY, headers=headers)
    assert page.headers["Cache-Control"].startswith("public, max-age=")
    assert [(answer.status, answer.body) for answer in (again, tree)] == [(304, "")] * 2


def test_a_category_does_not_move_below_an_unknown_one():
    answer = patch_category(create_category("Tea")["id"], {"parent": "nowhere"})

    assert (answer.status, answer.code) == (422, "unknown_category")


def test_an_unknown_category_is_not_found():
    answers = [
        get_category("cat_none"),
        patch_category("cat_none", {"name": "Tea"}),
        delete_category("cat_none"),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "category_not_found")}


def test_customers_cannot_change_the_tree():
    tea = create_category("Tea")

    assert post_category("Coffee", caller=ADA).status == 403
    assert patch_category(tea["id"], {"name": "Tee"}, caller=ADA).status == 403
    assert delete_category(tea["id"], caller=ADA).status == 403
    assert post_category("Coffee", caller=NOBODY).status == 401


def test_an_empty_category_is_deleted():
    tea = create_category("Tea")

    assert delete_category(tea["id"]).status == 204
    assert delete_category(tea["id"]).status == 404
    assert list_paths() == []


def test_a_category_with_products_is_not_deleted():
    product = shop.listed_product("TEA", category="tea")
    (tea,) = list_categories().body["items"]

    answer = delete_category(tea["id"])

    assert (answer.status, answer.code) == (409, "category_not_empty")
    assert answer.error["details"] == {"children": 0, "products_on_sale": 1}
    patch_product(product.product_id, {"status": "archived"})
    shop.index_products(product)
    assert delete_category(tea["id"]).status == 204


def test_a_category_with_children_is_not_deleted():
    home = create_category("Home")
    create_category("Kitchen", "home")

    answer = delete_category(home["id"])

    assert answer.error["details"] == {"children": 1, "products_on_sale": 0}


def breadcrumbs_of(view):
    return [(crumb["name"], crumb["path"]) for crumb in view["breadcrumbs"]]


def test_breadcrumbs_lead_from_the_top_to_a_category():
    home, kitchen = create_category("Home"), create_category("Küche & Bad", "home")
    tea = create_category("Tee", kitchen["path"])
    trail = [("Home", "home"), ("Küche & Bad", "home/kuche-bad"), ("Tee", "home/kuche-bad/tee")]

    (by_path,) = list_categories(path=tea["path"]).body["items"]
    by_id = get_category(tea["id"]).body
    whole = list_categories().body["items"]

    assert breadcrumbs_of(by_path) == breadcrumbs_of(by_id) == breadcrumbs_of(tea) == trail
    assert breadcrumbs_of(home) == trail[:1]
    assert [item["breadcrumbs"] for item in whole] == [None] * 3


def test_breadcrumbs_follow_a_move_and_a_rename():
    create_category("Home")
    garden, tea = create_category("Garden"), create_category("Tea", "home")

    patch_category(garden["id"], {"name": "Outdoors"})
    moved = patch_category(tea["id"], {"parent": "garden"}).body

    trail = [("Outdoors", "garden"), ("Tea", "home/tea")]
    assert breadcrumbs_of(moved) == breadcrumbs_of(get_category(tea["id"]).body) == trail
