"""The products of a new local shop: the API accepts them, and they show the catalog's features."""

from collections import Counter

import pytest

from local.sample_products import SAMPLE_PRODUCTS
from products.schemas import NewProduct


@pytest.mark.parametrize("sample", SAMPLE_PRODUCTS, ids=lambda sample: sample.sku)
def test_the_api_accepts_each_sample_product(sample):
    product = NewProduct.model_validate(sample.to_request())

    assert product.sku == sample.sku
    assert sample.stock > 0


def test_no_two_sample_products_have_the_same_sku():
    assert len({sample.sku for sample in SAMPLE_PRODUCTS}) == len(SAMPLE_PRODUCTS)


def test_the_first_sample_product_is_listed_by_itself():
    """`make run` prints an order for it, so a listing must show it and no other variant."""
    assert "group" not in SAMPLE_PRODUCTS[0].more_fields


def test_sample_products_include_variants_and_a_low_stock():
    fields = [sample.more_fields for sample in SAMPLE_PRODUCTS]
    variants = [more for more in fields if "group" in more]
    (rug,) = [sample for sample in SAMPLE_PRODUCTS if "low_stock_at" in sample.more_fields]

    assert list(Counter(variant["group"] for variant in variants).values()) == [3]
    assert len({str(variant["options"]) for variant in variants}) == 3
    assert rug.stock - 1 == rug.more_fields["low_stock_at"]  # the first sale makes it low
