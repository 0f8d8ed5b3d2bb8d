"""The catalog to begin with: what the API takes, and what a newcomer can see in it."""

from collections import Counter

import pytest

from local.sample_products import GOODS
from products.schemas import NewProduct


@pytest.mark.parametrize("good", GOODS, ids=lambda good: good.sku)
def test_each_is_a_product_that_the_api_takes(good):
    taken = NewProduct.model_validate(good.request())

    assert taken.sku == good.sku
    assert good.stock > 0


def test_no_two_are_one_product():
    assert len({good.sku for good in GOODS}) == len(GOODS)


def test_the_first_is_no_variant_so_that_listings_show_itself():
    assert "group" not in GOODS[0].more


def test_some_are_variants_that_differ_and_one_tells_when_it_is_low():
    variants = [good.more for good in GOODS if "group" in good.more]
    (rug,) = [good for good in GOODS if "low_stock_at" in good.more]

    assert list(Counter(it["group"] for it in variants).values()) == [3]
    assert len({str(it["options"]) for it in variants}) == 3
    assert rug.stock - 1 == rug.more["low_stock_at"]  # one sale and it is
