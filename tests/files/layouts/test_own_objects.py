"""The objects of JSON files with our own fields."""

import pytest

from files.layouts.own_targets import find_own_target
from products.views import ProductDetail, StaffProductDetail
from tests.files.layouts.reading import problems, read_object
from tests.files.layouts.test_own_layout import FULL


def test_an_object_has_the_fields_of_the_api():
    fields = {**FULL, "available": 3}

    row = read_object(fields)

    assert (row.fields, row.problems) == (fields, ())


@pytest.mark.parametrize("view", [ProductDetail, StaffProductDetail])
def test_each_field_that_the_api_shows_is_known(view):
    assert [name for name in view.model_fields if find_own_target(name) is None] == []


def test_an_object_can_have_the_columns_of_a_file():
    row = read_object({"sku": "TEA", "price_minor": 1250, "currency": "USD", "tags": "a|b"})

    assert row.fields == {
        "sku": "TEA",
        "price": {"amount_minor": 1250, "currency": "USD"},
        "tags": ["a", "b"],
    }


def test_null_in_an_object_removes_the_value():
    assert read_object({"sku": "TEA", "barcode": None}).fields == {"sku": "TEA", "barcode": None}


@pytest.mark.parametrize(("price", "code"), [(1999, "ambiguous_price"), (19.999, "price_too_fine")])
def test_a_number_as_price_is_never_guessed(price, code):
    assert problems(read_object({"sku": "TEA", "price": price})) == [("price", code)]


def test_a_number_with_cents_is_a_price():
    assert read_object({"sku": "TEA", "price": 19.99}).fields["price"]["amount_minor"] == 1999


def test_an_unknown_member_of_an_object_is_named():
    row = read_object({"sku": "TEA", "colour": "red", "size": "", "note": None, "n": 3})

    assert problems(row) == [("colour", "unknown_column"), ("n", "unknown_column")]


@pytest.mark.parametrize(
    ("members", "second"),
    [({"price_minor": 500, "price": 19.99}, "price"), ({"name": "A", "Title": "B"}, "Title")],
)
def test_two_members_that_are_one_field_are_refused(members, second):
    row = read_object({"sku": "TEA", **members})

    assert problems(row) == [(second, "duplicate_column")]
