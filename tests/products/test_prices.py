"""What a product costs and cost before, what it weighs, and its barcode."""

from typing import Any

import pytest

from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.catalog import (
    create_product,
    edit_product,
    get_product,
    list_all_skus,
    list_products,
    patch_product,
    post_product,
    skus_in,
)
from tests.support.events import published_events
from tests.support.http import Answer

pytestmark = pytest.mark.usefixtures("aws")


def eur(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def problem_of(answer: Answer) -> tuple[int, str, str]:
    (field,) = answer.error["details"]["fields"]
    return answer.status, field["path"], field["code"]


def test_a_gift_costs_nothing():
    product = create_product(price=eur(0))

    assert get_product(product["id"]).body["price"] == eur(0)
    assert patch_product(product["id"], {"price": {"amount_minor": 5}}).body["price"] == eur(5)
    assert patch_product(product["id"], {"price": {"amount_minor": 0}}).body["price"] == eur(0)


@pytest.mark.parametrize("price", [{"amount_minor": None, "currency": "EUR"}, None, {}])
def test_no_price_is_not_a_price_of_zero(price):
    assert post_product(price=price).status == 422


def test_a_negative_price_says_what_would_be_taken():
    answer = post_product(price=eur(-1))

    assert problem_of(answer) == (422, "body.price.amount_minor", "too_small")
    assert answer.error["details"]["fields"][0]["message"] == "Must be 0 or more"


def test_lists_sort_and_filter_from_zero():
    for sku, amount in (("GIFT", 0), ("PEN", 1), ("POT", 900)):
        shop.listed_product(sku, price_minor=amount)

    assert list_all_skus(sort="price_asc", limit="1") == ["GIFT", "PEN", "POT"]
    assert list_all_skus(sort="price_desc", limit="2") == ["POT", "PEN", "GIFT"]
    assert skus_in(list_products(min_price="0", max_price="0")) == ["GIFT"]
    assert skus_in(list_products(max_price="1")) == ["GIFT", "PEN"]
    assert skus_in(list_products(min_price="1")) == ["PEN", "POT"]


def test_a_reduced_product_shows_what_it_cost_before():
    product = create_product(price=eur(1250), compare_at_price=eur(1999))

    assert get_product(product["id"]).body["compare_at_price"] == eur(1999)


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (eur(1250), "not_above_price"),
        (eur(1249), "not_above_price"),
        (eur(0), "not_above_price"),
        ({"amount_minor": 1999, "currency": "USD"}, "not_in_price_currency"),
    ],
)
def test_a_price_before_is_more_in_the_same_currency(before, code):
    answer = post_product(price=eur(1250), compare_at_price=before)

    assert problem_of(answer) == (422, "body.compare_at_price", code)
    assert Product.count() == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": {"amount_minor": 1999}}, "not_above_price"),
        ({"price": {"amount_minor": 5000}}, "not_above_price"),
        ({"compare_at_price": {"amount_minor": 1250}}, "not_above_price"),
        ({"price": {"currency": "USD"}}, "not_in_price_currency"),
        ({"compare_at_price": {"currency": "USD"}}, "not_in_price_currency"),
    ],
    ids=str,
)
def test_a_patch_of_either_price_must_fit_the_other(changes, code):
    product = create_product(price=eur(1250), compare_at_price=eur(1999))

    answer = patch_product(product["id"], changes)

    assert problem_of(answer) == (422, "body.compare_at_price", code)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"compare_at_price": None}, None),
        ({"price": eur(5000), "compare_at_price": None}, None),
        ({"compare_at_price": {"amount_minor": 1500}}, eur(1500)),
        ({"price": {"amount_minor": 1998}}, eur(1999)),
        (
            {"price": {"currency": "USD"}, "compare_at_price": {"currency": "USD"}},
            {"amount_minor": 1999, "currency": "USD"},
        ),
    ],
    ids=str,
)
def test_a_patch_changes_the_price_before(changes, shown):
    product = create_product(price=eur(1250), compare_at_price=eur(1999))

    answer = patch_product(product["id"], changes)

    assert (answer.status, answer.body["compare_at_price"]) == (200, shown)


def test_a_replaced_product_has_no_price_before():
    product = create_product(compare_at_price=eur(1999), weight_grams=5, barcode="96385074")

    answer = edit_product(
        "replace", product["id"], {"sku": "TEA", "name": "Tea", "price": eur(1250)}
    )

    fields = ("compare_at_price", "weight_grams", "barcode")
    assert [answer.body[field] for field in fields] == [None, None, None]


def test_an_event_names_what_changed():
    product = create_product()
    patch_product(
        product["id"],
        {"compare_at_price": eur(1999), "weight_grams": 250, "barcode": "4 006381 333931"},
    )

    (updated,) = [event for event in published_events() if event.type == "product.updated"]
    assert sorted(updated.data.changed) == ["barcode", "compare_at_price", "weight_grams"]


def test_everyone_sees_weight_and_barcode():
    product = create_product(weight_grams=250, barcode="978-3-16-148410-0")

    shown = get_product(product["id"]).body
    assert (shown["weight_grams"], shown["barcode"]) == (250, "9783161484100")


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"weight_grams": -1}, "weight_grams", "too_small"),
        ({"weight_grams": 10**8 + 1}, "weight_grams", "too_large"),
        ({"weight_grams": 1.5}, "weight_grams", "not_a_whole_number"),
        ({"weight_grams": "250"}, "weight_grams", "wrong_type"),
        ({"barcode": "4006381333930"}, "barcode", "wrong_check_digit"),
        ({"barcode": "400638133393"}, "barcode", "wrong_check_digit"),
        ({"barcode": "12345"}, "barcode", "wrong_format"),
        ({"barcode": ""}, "barcode", "wrong_format"),
        ({"barcode": 4006381333931}, "barcode", "wrong_type"),
    ],
    ids=str,
)
def test_a_wrong_weight_or_barcode_is_refused(change, path, code):
    assert problem_of(post_product(**change)) == (422, f"body.{path}", code)


def test_two_products_can_have_one_barcode():
    create_product(sku="A", barcode="96385074")

    assert post_product(sku="B", barcode="96385074").status == 201


def test_a_product_of_an_earlier_release_reads_as_before():
    stored = shop.product("TEA")

    shown = get_product(stored.product_id).body
    assert (shown["compare_at_price"], shown["weight_grams"], shown["barcode"]) == (None,) * 3
    assert patch_product(stored.product_id, {"name": "Tea"}).status == 200
