"""What is typed loses its outer white space, in bodies and parameters, except passwords."""

import pytest

from tests.support import shop
from tests.support.accounts import PASSWORD, log_in, register
from tests.support.catalog import (
    create_product,
    list_products,
    patch_product,
    post_product,
    skus_in,
)

pytestmark = pytest.mark.usefixtures("aws")

WHITE = [" ", "\t", "\n", "\u00a0", "\u3000", " \r\n "]


@pytest.mark.parametrize("white", WHITE)
def test_an_account_is_found_however_its_address_is_pasted(white):
    answer = register(email=f"{white}Ada@Example.com{white}", name=f"{white}Ada Lovelace{white}")

    assert answer.status == 201
    assert (answer.body["email"], answer.body["name"]) == ("ada@example.com", "Ada Lovelace")
    assert log_in(email=f"ada@example.com{white}").status == 200


@pytest.mark.parametrize("email", ["ada @example.com", "ada@ example.com", "a da@example.com"])
def test_white_space_inside_an_address_is_refused(email):
    answer = register(email=email)

    assert (answer.status, answer.paths) == (422, ["body.email"])


def test_a_password_keeps_its_outer_white_space():
    register(password=f" {PASSWORD} ")

    assert log_in(password=f" {PASSWORD} ").status == 200
    assert log_in(password=PASSWORD).status == 401


@pytest.mark.parametrize("white", WHITE)
def test_the_texts_of_a_product_are_trimmed(white):
    def padded(text: str) -> str:
        return f"{white}{text}{white}"

    product = create_product(
        sku=padded("TEA-1"),
        name=padded("Green tea"),
        description=padded("Line one\nline two"),
        category=padded("kitchen/tea"),
        tags=[padded("sale")],
        group=padded("TEA"),
        options={padded("size"): padded("S")},
        tax_class=padded("reduced"),
        price={"amount_minor": 5, "currency": padded("EUR")},
    )

    assert product["sku"] == "TEA-1"
    assert product["name"] == "Green tea"
    assert product["description"] == "Line one\nline two"
    assert product["category"] == "kitchen/tea"
    assert product["tags"] == ["sale"]
    assert (product["group"], product["options"]) == ("TEA", {"size": "S"})
    assert product["price"]["currency"] == "EUR"
    assert post_product(sku=padded("TEA-1")).code == "sku_taken"


def test_the_texts_of_a_patch_are_trimmed():
    product = create_product()

    answer = patch_product(product["id"], {"name": " Black tea\n", "tags": [" new "]})

    assert (answer.body["name"], answer.body["tags"]) == ("Black tea", ["new"])


def test_attributes_stay_as_they_are_sent():
    product = create_product(attributes={" care ": " hand wash "})

    assert product["attributes"] == {"care": " hand wash "}


@pytest.mark.parametrize(
    "query",
    [
        {"category": " kitchen "},
        {"category": ["home ", " kitchen"]},
        {"tag": "\u00a0green, loose\t"},
        {"sort": "newest "},
        {"limit": " 5 "},
        {"currency": "EUR\n", "sort": " price_asc"},
    ],
)
def test_parameters_are_trimmed(query):
    shop.listed_product("TEA", category="kitchen", tags=["green, loose"])

    answer = list_products(**query)

    assert answer.status == 200
    assert skus_in(answer) == ["TEA"]


def test_a_refused_parameter_does_not_accuse_a_padded_one():
    answer = list_products(sort=" newest ", limit="0")

    assert answer.paths == ["query.limit"]
