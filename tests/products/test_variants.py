"""Variants: products that share a group, each with its own SKU, price and stock."""

import pytest

from products import repository
from products.variants import VARIANTS_MAX
from shared.storage.models.catalog import Product, ProductGroup, Variant
from shared.storage.models.outbox import OutboxRow
from tests.support import events, shop
from tests.support.catalog import (
    TEA,
    create_product,
    edit_product,
    get_product,
    get_staff_product,
    list_all_skus,
    list_products,
    patch_product,
    post_product,
    set_stock,
    skus_in,
)

pytestmark = pytest.mark.usefixtures("aws")


def shirt(size: str, **changes):
    return create_product(
        **{"sku": f"SHIRT-{size}", "group": "SHIRT", "options": {"size": size}} | changes
    )


def store_shirts(count: int) -> None:
    """A group with so many variants, without their products."""
    variants = [
        Variant(
            product_id=f"prd_{n}",
            sku=f"S-{n}",
            options_json={"n": str(n)},
            status="active",
            currency="EUR",
        )
        for n in range(count)
    ]
    ProductGroup("SHIRT", variants=variants, version=1).save()


def variants(product) -> list[str]:
    return [variant["sku"] for variant in product["variants"]]


def test_a_product_lists_the_other_variants():
    small, large = shirt("S"), shirt("L")

    shown = get_product(small["id"]).body

    assert variants(large) == ["SHIRT-S"]
    assert shown["variants"] == [
        {
            "id": large["id"],
            "sku": "SHIRT-L",
            "options": {"size": "L"},
            "stock_policy": "tracked",
        }
    ]
    assert (shown["group"], shown["options"]) == ("SHIRT", {"size": "S"})


def test_only_staff_see_variants_that_are_not_on_sale():
    small = shirt("S")
    shirt("M", status="draft")
    edit_product("archive", shirt("L")["id"])

    assert variants(get_product(small["id"]).body) == []
    assert variants(get_staff_product(small["id"]).body) == ["SHIRT-M", "SHIRT-L"]


def test_two_variants_cannot_have_equal_options():
    small = shirt("S")

    answer = post_product(sku="OTHER", group="SHIRT", options={"size": "S"})

    assert (answer.status, answer.code) == (409, "options_taken")
    assert answer.error["details"] == {
        "group": "SHIRT",
        "product_id": small["id"],
        "sku": "SHIRT-S",
    }
    assert (Product.count(), OutboxRow.count()) == (1, 1)
    assert len(ProductGroup.get("SHIRT").variants) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"size": "S"}},
        {"group": "OTHER", "options": {"size": "XL"}},
    ],
)
def test_an_edit_cannot_take_the_options_of_a_variant(changes):
    shirt("S")
    create_product(sku="OTHER-XL", group="OTHER", options={"size": "XL"})
    large = shirt("L")

    answer = patch_product(large["id"], changes)

    assert (answer.status, answer.code) == (409, "options_taken")
    assert get_staff_product(large["id"]).body == large


def test_released_options_can_be_used_again():
    small = shirt("S")

    patch_product(small["id"], {"options": {"size": "XS"}})

    assert post_product(sku="NEW", group="SHIRT", options={"size": "S"}).status == 201


def test_two_groups_can_have_equal_options():
    shirt("S")

    assert post_product(sku="SOCK-S", group="SOCK", options={"size": "S"}).status == 201


def test_a_variant_can_leave_its_group():
    small, large = shirt("S"), shirt("L")

    answer = patch_product(large["id"], {"group": None, "options": None})

    assert (answer.status, answer.body["group"], answer.body["options"]) == (200, None, {})
    assert variants(get_product(small["id"]).body) == []
    assert [variant.product_id for variant in ProductGroup.get("SHIRT").variants] == [small["id"]]


def test_a_variant_can_move_to_another_group():
    small, large = shirt("S"), shirt("L")
    sock = create_product(sku="SOCK", group="SOCK", options={"size": "M"})

    answer = patch_product(large["id"], {"group": "SOCK"})

    assert variants(answer.body) == ["SOCK"]
    assert variants(get_product(sock["id"]).body) == ["SHIRT-L"]
    assert variants(get_product(small["id"]).body) == []


def test_a_full_group_takes_no_other_variant():
    store_shirts(VARIANTS_MAX)

    answer = post_product(sku="ONE-MORE", group="SHIRT", options={"n": "more"})

    assert (answer.status, answer.code) == (409, "group_full")
    assert Product.count() == 0


def test_concurrent_edits_of_two_variants_both_succeed(monkeypatch):
    """Both write the group, so the second reads it again."""
    shirt("S")
    real, turns = repository.ProductGroup.find, iter([True])

    def find(name, **how):
        group = real(name, **how)
        if next(turns, False):
            shirt("M")  # by another editor
        return group

    monkeypatch.setattr(repository.ProductGroup, "find", find)

    large = shirt("L")

    assert variants(large) == ["SHIRT-S", "SHIRT-M"]


def test_a_list_shows_one_variant_of_a_group():
    shirt("S", price={"amount_minor": 2000, "currency": "EUR"})
    shirt("M", price={"amount_minor": 1500, "currency": "EUR"})
    create_product(sku="MUG")
    shop.index_published_events()

    assert list_all_skus() == ["MUG", "SHIRT-M"]
    assert list_all_skus(sort="price_asc", limit="1") == ["MUG", "SHIRT-M"]


def test_a_list_shows_the_cheapest_variant_in_stock():
    small = shirt("S", price={"amount_minor": 2000, "currency": "EUR"})
    shirt("M", price={"amount_minor": 1500, "currency": "EUR"})
    set_stock(small["id"], 3)
    shop.index_published_events()

    assert list_all_skus() == list_all_skus(in_stock="true") == ["SHIRT-S"]


def test_a_tag_shows_a_variant_that_has_the_tag():
    shirt("S", price={"amount_minor": 2000, "currency": "EUR"}, tags=["sale"])
    shirt("M", price={"amount_minor": 1500, "currency": "EUR"}, category="clothes/shirts")
    shop.index_published_events()

    assert list_all_skus(tag="sale") == ["SHIRT-S"]
    assert list_all_skus(category="clothes") == ["SHIRT-M"]


def test_another_variant_replaces_an_archived_one_in_lists():
    small, medium = shirt("S"), shirt("M")
    shop.index_published_events()
    assert list_all_skus() == ["SHIRT-S"]

    edit_product("archive", small["id"])
    shop.index_published_events()
    assert list_all_skus() == ["SHIRT-M"]

    edit_product("archive", medium["id"])
    shop.index_published_events()
    assert list_all_skus() == []


def test_a_variant_is_not_listed_beside_its_group():
    shirt("S")
    mug = create_product(sku="MUG")
    shop.index_published_events()
    assert len(list_all_skus()) == 2

    patch_product(mug["id"], {"group": "SHIRT", "options": {"size": "mug"}})
    shop.index_published_events()
    assert len(skus_in(list_products())) == 1

    patch_product(mug["id"], {"group": None, "options": None})
    shop.index_published_events()
    assert sorted(list_all_skus()) == ["MUG", "SHIRT-S"]


def test_all_variants_of_a_group_have_one_currency():
    small, large = shirt("S"), shirt("L")

    made = post_product(
        sku="YEN",
        group="SHIRT",
        options={"size": "M"},
        price={"amount_minor": 1500, "currency": "JPY"},
    )
    edited = patch_product(large["id"], {"price": {"currency": "JPY"}})

    assert [(answer.status, answer.code) for answer in (made, edited)] == [
        (422, "mixed_currencies")
    ] * 2
    assert (get_staff_product(large["id"]).body["price"], Product.count()) == (small["price"], 2)


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
@pytest.mark.parametrize("limit", ["1", "2", "100"])
def test_a_group_in_two_categories_is_listed_once(sort, limit):
    shirt("S", category="a", price={"amount_minor": 100, "currency": "EUR"}, name="Aaa")
    shirt("L", category="b", price={"amount_minor": 900, "currency": "EUR"}, name="Zzz")
    for n in range(3):
        price = {"amount_minor": 200 + n, "currency": "EUR"}
        create_product(sku=f"MUG-{n}", category="ab"[n % 2], price=price, name=f"Mug {n}")
    shop.index_published_events()

    found = list_all_skus(category=["a", "b"], sort=sort, limit=limit)

    assert sorted(found) == ["MUG-0", "MUG-1", "MUG-2", "SHIRT-S"]


def test_options_have_a_maximum_size():
    long_options = {f"размер {n}": "ж" * 50 for n in range(10)}

    answer = post_product(sku="SHIRT", group="SHIRT", options=long_options)

    assert (answer.status, answer.paths) == (422, ["body.options"])
    assert answer.error["details"]["fields"][0]["code"] == "options_too_large"


def test_a_full_group_of_the_longest_options_fits_an_item():
    longest = {"я" * 50: "ж" * 100, "ю" * 50: "ш" * 100, "э" * 50: "щ" * 90}
    for n in range(VARIANTS_MAX):
        made = post_product(sku=f"SHIRT-{n}", group="SHIRT", options=longest | {"n": str(n)})
        assert made.status == 201, made

    assert len(ProductGroup.get("SHIRT").variants) == VARIANTS_MAX


def test_the_event_names_the_group_that_a_variant_left():
    """So the index updates the listings of that group."""
    large = shirt("L")

    patch_product(large["id"], {"group": None, "options": None})

    updates = [event.data for event in events.published_events() if event.type == "product.updated"]
    assert [(data.group, data.previous_group) for data in updates] == [(None, "SHIRT")]


@pytest.mark.parametrize("how", ["replace", "patch"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"options": {"n": "0"}}, "options_taken"),
        ({"options": {"n": "more"}}, "group_full"),
        (
            {"options": {"n": "0.5"}, "price": {"amount_minor": 900, "currency": "USD"}},
            "mixed_currencies",
        ),
    ],
)
def test_an_edited_product_must_fit_its_new_group(how, changes, code):
    store_shirts(VARIANTS_MAX if code == "group_full" else 1)
    tea = create_product()

    body = (TEA if how == "replace" else {}) | changes | {"group": "SHIRT"}

    answer = edit_product(how, tea["id"], body)

    assert answer.code == code
