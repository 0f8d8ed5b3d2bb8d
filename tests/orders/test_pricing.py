"""Pure: what an order costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import pricing
from orders.schemas import RequestedLine
from shared.errors import MixedCurrencies, UnknownProducts
from shared.models import Product


def product(product_id, price_minor, currency="EUR", status="active"):
    return Product(
        product_id,
        sku=product_id,
        name=product_id,
        price_minor=price_minor,
        currency=currency,
        status=status,
    )


quantities = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10_000), min_size=1)
prices = st.fixed_dictionaries({key: st.integers(1, 10**7) for key in "abcdefgh"})


@given(quantities, prices)
def test_a_total_is_the_sum_of_quantity_times_price(ordered, price_of):
    products = {key: product(key, price_of[key]) for key in ordered}

    lines, totals, currency = pricing.price(ordered, products)

    assert totals.total_minor == sum(ordered[key] * price_of[key] for key in ordered)
    assert totals.total_minor == sum(line.line_total_minor for line in lines)
    assert currency == "EUR"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 100)), min_size=1, max_size=50))
def test_merging_keeps_every_unit_that_was_asked_for(asked):
    lines = [RequestedLine(product_id=key, quantity=quantity) for key, quantity in asked]

    merged = pricing.merged(lines)

    assert sum(merged.values()) == sum(quantity for _, quantity in asked)
    assert list(merged) == list(dict.fromkeys(key for key, _ in asked))


def test_what_is_not_in_the_catalog_cannot_be_priced():
    with pytest.raises(UnknownProducts) as refusal:
        pricing.price({"a": 1, "b": 1}, {"a": product("a", 100)})

    assert refusal.value.details == {"product_ids": ["b"]}


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_on_sale_cannot_be_ordered(status):
    with pytest.raises(UnknownProducts) as refusal:
        pricing.price({"a": 1}, {"a": product("a", 100, status=status)})

    assert refusal.value.details == {"product_ids": ["a"]}


def test_currencies_are_not_added_up():
    products = {"a": product("a", 100), "b": product("b", 100, "JPY")}

    with pytest.raises(MixedCurrencies):
        pricing.price({"a": 1, "b": 1}, products)
