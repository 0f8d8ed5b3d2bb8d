"""What counts as a failure of schemathesis, and what the document cannot say."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract import release
from tests.contract.generated_cases import (
    OF_STATE,
    is_rule_beyond_schema,
    without_outer_white_space,
)

DOCUMENT = json.loads(release.DOCUMENT.read_text())


def refused(code: str, path: str) -> dict[str, Any]:
    return {"code": "invalid_fields", "details": {"fields": [{"path": path, "code": code}]}}


@pytest.mark.parametrize(
    "error",
    [
        {"code": "unknown_products", "details": {}},
        refused("wrong_format", "body.shipping_address.postal_code"),
        refused("permission_not_grantable", "body.permissions.0"),
    ],
    ids=["of the state", "of a country", "of a list's element"],
)
def test_a_valid_request_may_break_a_rule_of_the_shop(error):
    assert is_rule_beyond_schema(error)


@pytest.mark.parametrize(
    "error",
    [
        {"code": "malformed_json", "details": {}},
        refused("required", "body.name"),
        refused("too_long", "body.name"),
        refused("wrong_format", "body.phone"),
    ],
    ids=["of the wire", "a missing field", "a length", "a format"],
)
def test_a_valid_request_breaks_no_rule_of_its_schema(error):
    assert not is_rule_beyond_schema(error)


def test_one_field_of_several_is_enough_for_a_failure():
    error = refused("required", "body.city")
    error["details"]["fields"].append({"path": "body.name", "code": "too_long"})

    assert not is_rule_beyond_schema(error)


def test_each_rule_of_the_state_has_a_code_of_the_shop():
    schemas = DOCUMENT["components"]["schemas"].values()
    codes = [schema.get("properties", {}).get("code", {}).get("const") for schema in schemas]

    assert OF_STATE.keys() <= {*codes}


def test_outer_white_space_is_taken_off_all_texts():
    body = {"phone": " 1\t", "lines": [" a ", {"sku": "b\n"}], "limit": 3}

    assert without_outer_white_space(body) == {
        "phone": "1",
        "lines": ["a", {"sku": "b"}],
        "limit": 3,
    }


def is_valid(schema: str, body: dict[str, Any]) -> bool:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    return Draft202012Validator(whole).is_valid(body)


@pytest.mark.parametrize(
    ("fields", "valid"),
    [
        ({"code": "SPRING-10"}, True),
        ({"code": "SPRING-10", "uses_max": 5}, True),
        ({"is_automatic": True}, True),
        ({"is_automatic": True, "uses_max": None}, True),
        ({}, False),
        ({"code": None}, False),
        ({"is_automatic": False}, False),
        ({"is_automatic": True, "uses_max": 5}, False),
        ({"is_automatic": True, "uses_per_customer_max": 1}, False),
        ({"code": "SPRING-10", "applies_to": {"skus": ["TEA"]}}, True),
        ({"code": "SPRING-10", "applies_to": {}}, False),
        ({"code": "SPRING-10", "applies_to": {"skus": [], "categories": []}}, False),
    ],
)
def test_the_document_says_which_promotions_need_a_code(fields, valid):
    assert is_valid("NewPromotion", {"kind": "free_shipping"} | fields) is valid


@pytest.mark.parametrize(
    ("fields", "valid"),
    [
        ({"rates": {"standard": 190000}}, True),
        ({"taxes": [{"name": "VAT", "rates": {"standard": 190000}}]}, True),
        ({}, False),
        ({"rates": None, "taxes": None}, False),
    ],
)
def test_the_document_says_that_taxes_need_rates(fields, valid):
    assert is_valid("Destination", {"country": "DE", "prices_include_tax": True} | fields) is valid


def test_every_operation_documents_the_limit_of_headers():
    for methods in DOCUMENT["paths"].values():
        for operation in (each for each in methods.values() if "responses" in each):
            assert "431" in operation["responses"]
