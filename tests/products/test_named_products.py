"""`?sku=` and `?id=`: the products that a client names, in the order of the names."""

import pytest

from benchmarks.endpoint import record_calls
from products.catalog_queries import NAMES_MAX
from products.handler import handler
from tests.products.test_identifiers import REAL_SKUS
from tests.support import shop
from tests.support.catalog import create_product, list_products, skus_in
from tests.support.http import ADMIN, NOBODY, STAFF, Answer, send

pytestmark = pytest.mark.usefixtures("aws")


def list_staff_products(**query: str | list[str]) -> Answer:
    return send(handler, "staff.list_products", caller=STAFF, query=query)


EVERY_LIST = pytest.mark.parametrize("listed", [list_products, list_staff_products])


@EVERY_LIST
def test_products_come_in_the_order_of_their_names(listed):
    products = {sku: shop.product(sku, available=3) for sku in "ABCD"}

    by_sku = listed(sku=["C", "A", "D"])
    by_id = listed(id=[products[sku].product_id for sku in "CAD"])

    assert skus_in(by_sku) == skus_in(by_id) == ["C", "A", "D"]
    assert by_sku.body["next_cursor"] is None
    assert [product["available"] for product in by_sku.body["items"]] == [3, 3, 3]


@EVERY_LIST
def test_what_does_not_exist_is_left_out(listed):
    product = shop.product("A")

    assert skus_in(listed(sku=["X", "A", "Y"])) == ["A"]
    assert skus_in(listed(id=["prd_x", product.product_id])) == ["A"]
    assert listed(sku="X").body == {"items": [], "next_cursor": None}


@EVERY_LIST
def test_a_product_that_is_named_twice_appears_once(listed):
    shop.product("A1")
    shop.product("B1")

    assert skus_in(listed(sku=["B1", "A1", "b1", " a1 ", "B1"])) == ["B1", "A1"]


@EVERY_LIST
@pytest.mark.parametrize("sku", [*REAL_SKUS, "a,b", ",", "a,", "%2C", "x&id=1"])
def test_a_sku_is_found_whatever_its_characters(listed, sku):
    create_product(sku=sku)

    assert skus_in(listed(sku=[sku, "other"])) == [sku]
    assert skus_in(listed(sku=sku.swapcase())) == [sku]


@EVERY_LIST
@pytest.mark.parametrize("query", [{"sku": "Tea-1"}, {"sku": ["x", "Tea-1", "TEA-2"]}])
def test_a_product_of_an_earlier_release_is_found(listed, query):
    shop.product("Tea-1")

    assert skus_in(listed(**query)) == ["Tea-1"]


def test_of_two_earlier_spellings_each_finds_its_own():
    for sku in ("Tea-1", "TEA-1", "tea-1"):
        shop.product(sku)

    for sku in ("Tea-1", "TEA-1", "tea-1"):
        assert skus_in(list_products(sku=sku)) == [sku]
    assert skus_in(list_products(sku="tEA-1")) == ["TEA-1"]


def test_shoppers_see_only_what_is_on_sale():
    shop.product("DRAFT", status="draft")
    shop.product("OLD", status="archived")
    shop.product("TEA")

    assert skus_in(list_products(sku=["DRAFT", "TEA", "OLD"])) == ["TEA"]


def test_staff_see_every_status_or_those_they_ask_for():
    for sku, status in (("A", "draft"), ("B", "active"), ("C", "archived"), ("D", "newer")):
        shop.product(sku, status=status)
    skus = ["D", "C", "B", "A"]

    assert skus_in(list_staff_products(sku=skus)) == skus
    assert skus_in(list_staff_products(sku=skus, status=["draft", "archived"])) == ["C", "A"]


def test_each_variant_is_an_item_of_its_own():
    for size in "SML":
        shop.product(f"SHIRT-{size}", group="SHIRT", options_json={"size": size})

    assert skus_in(list_products(sku=["SHIRT-L", "SHIRT-S"])) == ["SHIRT-L", "SHIRT-S"]


@EVERY_LIST
def test_fifty_names_are_one_page(listed):
    skus = [f"TEA-{number}" for number in range(NAMES_MAX)]
    for sku in skus:
        shop.product(sku)

    assert skus_in(listed(sku=skus)) == skus


@EVERY_LIST
@pytest.mark.parametrize("name", ["sku", "id"])
def test_more_names_than_fifty_are_refused(listed, name):
    names = [f"prd_{number}" for number in range(NAMES_MAX + 1)]

    answer = listed(**{name: names})

    (problem,) = answer.error["details"]["fields"]
    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert (problem["path"], problem["code"]) == (f"query.{name}", "too_long")


@EVERY_LIST
@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"sku": ""}, "query.sku.0"),
        ({"sku": ["A", "x" * 65]}, "query.sku.1"),
        ({"sku": "x" * 40 + "," + "x" * 40}, "query.sku.0"),  # one name, with a comma
        ({"sku": "a\tb"}, "query.sku.0"),
        ({"id": "TEA"}, "query.id.0"),
        ({"id": ""}, "query.id.0"),
    ],
    ids=repr,
)
def test_what_cannot_be_a_name_is_refused(listed, query, path):
    answer = listed(**query)

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert [problem["path"] for problem in answer.error["details"]["fields"]] == [path]


@EVERY_LIST
def test_a_limit_makes_pages_of_names(listed):
    for sku in "ABCDE":
        shop.product(sku)
    query = {"sku": list("EDXCBA"), "limit": "2"}

    pages = [listed(**query)]
    while cursor := pages[-1].body["next_cursor"]:
        pages.append(listed(**query, cursor=cursor))

    assert [skus_in(page) for page in pages] == [["E", "D"], ["C"], ["B", "A"]]


@EVERY_LIST
def test_a_cursor_belongs_to_its_names(listed):
    for sku in "ABC":
        shop.product(sku)
    cursor = listed(sku=list("ABC"), limit="1").body["next_cursor"]

    other = listed(sku=list("ABD"), limit="1", cursor=cursor)
    none = listed(limit="1", cursor=cursor)

    assert (other.code, none.code) == ("cursor_query_mismatch", "cursor_query_mismatch")


def test_a_cursor_of_staff_belongs_to_its_user():
    for sku in "AB":
        shop.product(sku)
    query = {"sku": ["A", "B"], "limit": "1"}
    cursor = list_staff_products(**query).body["next_cursor"]

    colleague = send(
        handler, "staff.list_products", caller=ADMIN, query={**query, "cursor": cursor}
    )

    assert colleague.code == "cursor_user_mismatch"


@pytest.mark.parametrize(
    "filters",
    [
        {"category": "home"},
        {"tag": "green"},
        {"in_stock": "true"},
        {"min_price": "0"},
        {"max_price": "5"},
        {"sort": "name"},
        {"id": "prd_1"},
    ],
    ids=repr,
)
def test_names_and_filters_do_not_combine(filters):
    answer = list_products(sku="A", **filters)

    assert (answer.status, answer.code) == (422, "unsupported_query")
    assert "sku" in answer.error["message"]
    assert answer.error["details"]["can_be_asked"]["where"]


def test_staff_do_not_ask_by_both_kinds_of_names():
    assert list_staff_products(sku="A", id="prd_1").code == "unsupported_query"


def test_a_page_that_would_be_too_long_has_a_successor():
    skus = [f"TEA-{number}" for number in range(NAMES_MAX)]
    for sku in skus:
        shop.product(sku, description="é" * 5_000, attributes_json={"text": "y" * 16_000})

    first = list_products(sku=skus)
    second = list_products(sku=skus, cursor=first.body["next_cursor"])

    assert skus_in(first) + skus_in(second) == skus


def test_a_client_that_has_the_page_gets_304():
    shop.product("A")
    page = list_products(sku="A")

    again = send(
        handler,
        "products.list",
        caller=NOBODY,
        query={"sku": "A"},
        headers={"if-none-match": page.headers["ETag"]},
    )

    assert again.status == 304
    assert "max-age" in again.headers["Cache-Control"]


@pytest.mark.parametrize("count", [1, NAMES_MAX])
def test_named_products_cost_two_calls_whatever_their_number(count):
    skus = [f"tea-{number}" for number in range(count)]
    for sku in skus:
        shop.product(sku, available=1)

    with record_calls() as calls:
        assert skus_in(list_products(sku=skus)) == skus

    assert [call.operation for call in calls] == ["BatchGetItem", "BatchGetItem"]
