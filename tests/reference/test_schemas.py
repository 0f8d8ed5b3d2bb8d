"""The document's schemas say what the code enforces: neither more nor less."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from auth.addresses.schemas import AddressPatch, NewAddress
from docs.contract.document import DOCUMENT, all_routes
from orders.pricing.promotions.schemas import ChangedPromotion, PromotionPatch
from products.schemas import NewProduct, ProductPatch
from shared.http.schemas import apply_merge_patch
from tests.support.json_schemas import Schemas

API = json.loads(DOCUMENT.read_text())
SCHEMAS = Schemas(API)
COMPONENTS = API["components"]["schemas"]
ROUTES = {
    route.func.__name__: route.dependant.body_params[0].type_
    for route in all_routes()
    if route.dependant.body_params
}
# Rules that JSON Schema cannot say: they compare fields, or count what Unicode and bytes are.
BEYOND_SCHEMAS = {
    "applies_to_nothing",
    "attributes_too_deep",
    "attributes_too_large",
    "compound_tax_first",
    "control_characters",
    "group_without_options",  # of a patched product
    "invalid_email",
    "invisible_text",
    "mapping_too_large",
    "mixed_currencies",
    "named_twice",
    "not_above_price",
    "not_in_price_currency",
    "not_of_automatic",
    "not_a_time",  # a leap second, or a day before the year 1 in UTC
    "options_too_large",
    "postal_codes_out_of_order",
    "postal_codes_overlap",
    "rates_differ_from_taxes",
    "required",  # of two fields, one
    "span_too_long",
    "steps_mixed",
    "steps_out_of_order",
    "taxes_too_high",
    "times_out_of_order",
    "url_not_allowed",
    "wrong_check_digit",
}
OF_KIND = {"needed_by_kind", "not_of_kind"}  # a patch does not name the kind of its promotion
# Fields that must fit together, which values by chance hardly ever do.
FITTING = {
    "create_export": {
        "placed_from": "2026-01-01T00:00:00Z",
        "placed_before": "2026-02-01T00:00:00Z",
    },
    "create_import_mapping": {"mapping": {"columns": {"SKU": {"field": "sku"}}}},
    "replace_import_mapping": {"mapping": {"columns": {"SKU": {"field": "sku"}}}},
}
PRODUCT = {
    "sku": "TEA",
    "name": "Tea",
    "price": {"amount_minor": 1999, "currency": "EUR"},
    "compare_at_price": {"amount_minor": 2999, "currency": "EUR"},
    "group": "TEAS",
    "options": {"size": "100 g"},
}
ADDRESS = {"name": "Ada", "line1": "12 St James's Square", "country": "GB"}
EUR_5 = {"amount_minor": 500, "currency": "EUR"}
FIXED = {"code": "SPRING", "kind": "fixed", "amount": EUR_5, "minimum": EUR_5}
PERCENT = {"code": "SPRING", "kind": "percent", "percent": 5, "minimum": EUR_5}


def schema_of(request):
    """The schema of its one media type."""
    (content,) = request["content"].values()
    return content["schema"]


def bodies() -> dict[str, dict[str, Any]]:
    """The schema of each operation that has a body."""
    return {
        operation["operationId"]: schema_of(operation["requestBody"])
        for path in API["paths"].values()
        for operation in path.values()
        if operation["operationId"] in ROUTES
    }


@cache
def values_of(name: str) -> st.SearchStrategy[Any]:
    return SCHEMAS.values(bodies()[name])


def refusals(name: str, body: Any) -> set[str]:
    """The codes with which the code refuses the body; a patch is merged into a stored thing."""
    model: type[BaseModel] = ROUTES[name]
    try:
        changes = model.model_validate(body).model_dump(exclude_unset=True)
        if model is ProductPatch:
            NewProduct.model_validate(apply_merge_patch(PRODUCT, changes))
        if model is AddressPatch:
            NewAddress.model_validate(apply_merge_patch(ADDRESS, changes))
        if model is PromotionPatch:
            stored = FIXED
            if changes.get("percent") is not None:
                stored, changes = PERCENT, {**changes, "amount": None}
            ChangedPromotion.model_validate(apply_merge_patch(stored, changes))
    except ValidationError as error:
        found = {problem["type"] for problem in error.errors()}
        return found - OF_KIND if model is PromotionPatch else found
    return set()


@pytest.mark.parametrize("name", sorted(bodies()))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_code_accepts_what_its_schema_allows(name, data):
    body = data.draw(values_of(name))

    assert refusals(name, body) - BEYOND_SCHEMAS == set()


@pytest.mark.parametrize("name", sorted(bodies()))
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(data=st.data())
def test_a_schema_refuses_what_the_code_refuses(name, data):
    """Each body breaks one rule of one field."""
    body = data.draw(values_of(name)) | FITTING.get(name, {})
    schema = bodies()[name]
    assume(not refusals(name, body))

    for rule, wrong in SCHEMAS.violations(schema, body):
        refused = refusals(name, wrong)
        if SCHEMAS.problems(schema, wrong):
            assert refused, (rule, wrong)
        else:
            assert refused <= BEYOND_SCHEMAS, (rule, wrong)


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from nodes(each)


def operations(*methods: str) -> Iterator[dict[str, Any]]:
    for path in API["paths"].values():
        yield from (operation for method, operation in path.items() if method in methods)


def body_fields(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from SCHEMAS.resolve(content["schema"]).get("properties", {}).items()


def test_a_patch_has_no_defaults_at_all():
    """A generated client sends them, and renaming a draft would publish it."""
    fields = [field for operation in operations("patch") for field in body_fields(operation)]

    assert len(fields) > 20
    assert [name for name, field in fields if "default" in field] == []


def test_replacing_a_draft_does_not_publish_it():
    (replacing,) = (each for each in operations("put") if each["operationId"] == "replace_product")
    fields = dict(body_fields(replacing))

    assert "default" not in fields["status"]
    assert fields["tags"]["default"] == []


def test_a_patch_has_the_rules_of_the_whole():
    product, promotion = COMPONENTS["ProductPatch"], COMPONENTS["PromotionPatch"]

    assert product["properties"]["name"] == COMPONENTS["NewProduct"]["properties"]["name"]
    assert product["properties"]["price"]["$ref"] == "#/components/schemas/MoneyPatch"
    assert "required" not in product
    assert "required" not in promotion
    assert "required" not in COMPONENTS["MoneyPatch"]


@pytest.mark.parametrize(
    ("patch", "field", "can_be_null"),
    [
        ("ProductPatch", "name", False),
        ("ProductPatch", "price", False),
        ("ProductPatch", "status", False),
        ("ProductPatch", "group", True),
        ("ProductPatch", "tags", True),
        ("PromotionPatch", "is_active", False),
        ("PromotionPatch", "minimum", True),
        ("UserChange", "roles", False),
        ("UserChange", "status", False),
    ],
)
def test_a_field_is_nullable_if_it_can_be_removed(patch, field, can_be_null):
    shape = COMPONENTS[patch]["properties"][field]

    assert ({"type": "null"} in shape.get("anyOf", [])) is can_be_null


def test_headers_and_parameters_are_not_nullable():
    parameters = [
        parameter
        for operation in operations("get", "post", "put", "patch", "delete")
        for parameter in operation.get("parameters", [])
    ]

    assert len(parameters) > 60
    for parameter in parameters:
        assert {"type": "null"} not in list(nodes(parameter["schema"])), parameter["name"]


def test_integers_have_whole_limits_and_a_size():
    integers = [node for node in nodes(API) if node.get("type") == "integer"]

    assert len(integers) > 50
    for node in integers:
        assert node["format"] == "int64"
        limits = [node[key] for key in ("minimum", "maximum") if key in node]
        assert all(type(limit) is int for limit in limits)


def test_patterns_are_ecma_262_without_flags():
    patterns = {node["pattern"] for node in nodes(API) if isinstance(node.get("pattern"), str)}

    assert len(patterns) > 15
    for pattern in patterns:
        assert pattern.startswith("^"), pattern
        assert pattern.endswith("$"), pattern
        assert not re.search(r"\\[pPAZzhHRK]|\(\?[^:=!]|\\u\{|[*+?}]\+", pattern), pattern


def test_an_enum_that_is_used_twice_has_a_name():
    inline = [
        tuple(node["enum"])
        for name, schema in COMPONENTS.items()
        for node in nodes(schema)
        if isinstance(node.get("enum"), list) and node is not schema
    ]

    assert {values for values in inline if inline.count(values) > 1} == set()
    assert set(COMPONENTS["OrderStatus"]["enum"]) >= {"pending_payment", "refunded"}


def test_each_kind_of_promotion_has_its_own_schema():
    kinds = [SCHEMAS.resolve(kind) for kind in COMPONENTS["NewPromotion"]["oneOf"]]

    assert [set(kind["required"]) - {"code", "kind"} for kind in kinds] == [
        {"percent"},
        {"amount"},
        set(),
    ]


def test_a_response_always_has_all_of_its_fields():
    sent = {
        name
        for operation in operations("get", "post", "put", "patch", "delete")
        for response in operation["responses"].values()
        for node in nodes(response.get("content", {}))
        for name in [node.get("$ref", "").rpartition("/")[2]]
        if name in COMPONENTS and "error" not in COMPONENTS[name]["properties"]
    }

    assert len(sent) > 30
    for name in sent:
        assert set(COMPONENTS[name]["required"]) == set(COMPONENTS[name]["properties"]), name


def test_an_id_of_a_response_says_its_prefix():
    for name, schema in COMPONENTS.items():
        if name.endswith(("View", "Detail", "Export")) and name not in (
            "DisputeView",
            "ExportView",
        ):
            shape = schema.get("properties", {}).get("id", {})
            assert not shape or re.match(r"\^[a-z]{3}_", shape["pattern"]), name
