"""Variants: products that share a group, each with its own SKU, price and stock."""

import pytest

from products import repository
from products.variants import VARIANTS_MAX
from shared.storage.models.catalog import Product, ProductGroup, Variant
from shared.storage.models.outbox import OutboxRow
from tests.support import events, shop
from tests.support.catalog import (
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


def siblings(product) -> list[str]:
    return [it["sku"] for it in product["siblings"]]


def test_a_product_names_its_siblings():
    small, large = shirt("S"), shirt("L")

    shown = get_product(small["id"]).body

    assert siblings(large) == ["SHIRT-S"]
    assert shown["siblings"] == [{"id": large["id"], "sku": "SHIRT-L", "options": {"size": "L"}}]
    assert (shown["group"], shown["options"]) == ("SHIRT", {"size": "S"})


def test_siblings_that_are_not_on_sale_are_named_to_staff_alone():
    small = shirt("S")
    shirt("M", status="draft")
    edit_product("archive", shirt("L")["id"])

    assert siblings(get_product(small["id"]).body) == []
    assert siblings(get_staff_product(small["id"]).body) == ["SHIRT-M", "SHIRT-L"]


def test_two_of_a_group_have_different_options():
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
def test_options_that_are_taken_cannot_be_changed_to(changes):
    shirt("S")
    create_product(sku="OTHER-XL", group="OTHER", options={"size": "XL"})
    large = shirt("L")

    answer = patch_product(large["id"], changes)

    assert (answer.status, answer.code) == (409, "options_taken")
    assert get_staff_product(large["id"]).body == large


def test_options_that_were_given_up_are_free_again():
    small = shirt("S")

    patch_product(small["id"], {"options": {"size": "XS"}})

    assert post_product(sku="NEW", group="SHIRT", options={"size": "S"}).status == 201


def test_the_same_sizes_in_two_groups_are_two_things():
    shirt("S")

    assert post_product(sku="SOCK-S", group="SOCK", options={"size": "S"}).status == 201


def test_a_variant_that_leaves_is_no_sibling_any_more():
    small, large = shirt("S"), shirt("L")

    answer = patch_product(large["id"], {"group": None, "options": None})

    assert (answer.status, answer.body["group"], answer.body["options"]) == (200, None, {})
    assert siblings(get_product(small["id"]).body) == []
    assert [it.product_id for it in ProductGroup.get("SHIRT").variants] == [small["id"]]


def test_a_variant_that_moves_is_with_its_new_siblings():
    small, large = shirt("S"), shirt("L")
    sock = create_product(sku="SOCK", group="SOCK", options={"size": "M"})

    answer = patch_product(large["id"], {"group": "SOCK"})

    assert siblings(answer.body) == ["SOCK"]
    assert siblings(get_product(sock["id"]).body) == ["SHIRT-L"]
    assert siblings(get_product(small["id"]).body) == []


def test_a_group_has_so_many_and_no_more():
    variants = [
        Variant(
            product_id=f"prd_{n}",
            sku=f"S-{n}",
            options_json={"n": str(n)},
            status="active",
            currency="EUR",
        )
        for n in range(VARIANTS_MAX)
    ]
    ProductGroup("SHIRT", variants=variants, version=1).save()

    answer = post_product(sku="ONE-MORE", group="SHIRT", options={"n": "more"})

    assert (answer.status, answer.code) == (409, "group_full")
    assert Product.count() == 0


def test_editors_of_two_siblings_at_once_both_get_through(monkeypatch):
    """The group is written with both: whoever comes second looks at it again."""
    shirt("S")
    real, turns = repository.ProductGroup.find, iter([True])

    def find(name, **how):
        group = real(name, **how)
        if next(turns, False):
            shirt("M")  # another editor, just now
        return group

    monkeypatch.setattr(repository.ProductGroup, "find", find)

    large = shirt("L")

    assert siblings(large) == ["SHIRT-S", "SHIRT-M"]


def test_a_listing_shows_one_of_a_group():
    shirt("S", price={"amount_minor": 2000, "currency": "EUR"})
    shirt("M", price={"amount_minor": 1500, "currency": "EUR"})
    create_product(sku="MUG")
    shop.index_published_events()

    assert list_all_skus() == ["MUG", "SHIRT-M"]
    assert list_all_skus(sort="price_asc", limit="1") == ["MUG", "SHIRT-M"]


def test_it_is_the_cheapest_that_can_be_had():
    small = shirt("S", price={"amount_minor": 2000, "currency": "EUR"})
    shirt("M", price={"amount_minor": 1500, "currency": "EUR"})
    set_stock(small["id"], 3)
    shop.index_published_events()

    assert list_all_skus() == list_all_skus(in_stock="true") == ["SHIRT-S"]


def test_each_shelf_shows_one_that_stands_there():
    shirt("S", price={"amount_minor": 2000, "currency": "EUR"}, tags=["sale"])
    shirt("M", price={"amount_minor": 1500, "currency": "EUR"}, category="clothes/shirts")
    shop.index_published_events()

    assert list_all_skus(tag="sale") == ["SHIRT-S"]
    assert list_all_skus(category="clothes") == ["SHIRT-M"]


def test_another_takes_over_when_the_one_that_was_shown_goes():
    small, medium = shirt("S"), shirt("M")
    shop.index_published_events()
    assert list_all_skus() == ["SHIRT-S"]

    edit_product("archive", small["id"])
    shop.index_published_events()
    assert list_all_skus() == ["SHIRT-M"]

    edit_product("archive", medium["id"])
    shop.index_published_events()
    assert list_all_skus() == []


def test_a_product_that_joins_a_group_is_not_listed_beside_it():
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


def test_a_group_has_one_currency():
    small, large = shirt("S"), shirt("L")

    made = post_product(
        sku="YEN",
        group="SHIRT",
        options={"size": "M"},
        price={"amount_minor": 1500, "currency": "JPY"},
    )
    edited = patch_product(large["id"], {"price": {"currency": "JPY"}})

    assert [(it.status, it.code) for it in (made, edited)] == [(422, "mixed_currencies")] * 2
    assert (get_staff_product(large["id"]).body["price"], Product.count()) == (small["price"], 2)


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
@pytest.mark.parametrize("limit", ["1", "2", "100"])
def test_a_group_over_two_categories_is_shown_once_in_a_list_of_both(sort, limit):
    shirt("S", category="a", price={"amount_minor": 100, "currency": "EUR"}, name="Aaa")
    shirt("L", category="b", price={"amount_minor": 900, "currency": "EUR"}, name="Zzz")
    for n in range(3):
        price = {"amount_minor": 200 + n, "currency": "EUR"}
        create_product(sku=f"MUG-{n}", category="ab"[n % 2], price=price, name=f"Mug {n}")
    shop.index_published_events()

    found = list_all_skus(category=["a", "b"], sort=sort, limit=limit)

    assert sorted(found) == ["MUG-0", "MUG-1", "MUG-2", "SHIRT-S"]


def test_options_are_brief():
    long = {f"размер {n}": "ж" * 50 for n in range(10)}

    answer = post_product(sku="SHIRT", group="SHIRT", options=long)

    assert (answer.status, answer.paths) == (422, ["body.options"])
    assert answer.error["details"]["fields"][0]["code"] == "options_too_large"


def test_a_full_group_of_the_longest_options_fits_in_its_item():
    longest = {"я" * 50: "ж" * 100, "ю" * 50: "ш" * 100, "э" * 50: "щ" * 90}
    for n in range(VARIANTS_MAX):
        made = post_product(sku=f"SHIRT-{n}", group="SHIRT", options=longest | {"n": str(n)})
        assert made.status == 201, made

    assert len(ProductGroup.get("SHIRT").variants) == VARIANTS_MAX


def test_what_has_left_a_group_is_told_with_its_name():
    """So that the index takes it off the group's shelves."""
    large = shirt("L")

    patch_product(large["id"], {"group": None, "options": None})

    told = [it.data for it in events.published_events() if it.type == "product.updated"]
    assert [(it.group, it.previous_group) for it in told] == [(None, "SHIRT")]
