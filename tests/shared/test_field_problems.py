"""What is wrong with a field, in Souk's codes and words."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import pytest
from aws_lambda_powertools.event_handler.openapi.compat import ModelField
from pydantic import AfterValidator, Field, ValidationError
from pydantic_core.core_schema import ErrorType

from docs.contract.document import ROOT, all_routes
from shared.countries import Country
from shared.errors.requests import InvalidFields
from shared.http.field_problems import INVALID, MEANINGS, to_field_problem
from shared.http.schemas import RequestBody, validate
from shared.http.text_fields import Text
from shared.money import Money

# What each kind of pydantic's core schema can refuse in JSON or in the text of a parameter.
LIMITS = {
    "gt": "greater_than",
    "ge": "greater_than_equal",
    "le": "less_than_equal",
}
REFUSED_BY = {
    "int": {"int_type", "int_parsing", "int_parsing_size", "int_from_float"},
    "float": {"float_type"},  # strict: no text. JSON has no NaN.
    "bool": {"bool_type", "bool_parsing"},
    "str": {"string_type", "string_unicode"},
    "list": {"list_type"},
    "dict": {"dict_type"},
    "model": {"model_type", "model_attributes_type"},
    "model-fields": {"missing", "extra_forbidden"},
    "literal": {"literal_error"},
    "enum": {"enum"},
    "nullable": set(),
    "default": set(),
    "any": set(),
    "definitions": set(),
    "definition-ref": set(),
    "function-before": set(),  # our functions raise PydanticCustomError
    "function-after": set(),
    "datetime": set(),  # Timestamp's own function has parsed it
    "union": set(),  # of models: each problem is that of a member
}
LENGTHS = {
    "str": {
        "min_length": "string_too_short",
        "max_length": "string_too_long",
        "pattern": "string_pattern_mismatch",
    },
    "list": {"min_length": "too_short", "max_length": "too_long"},
    "dict": {"min_length": "too_short", "max_length": "too_long"},
}


class Parcel(RequestBody):
    note: Annotated[str, Text(20)] = "a"
    letter: Annotated[str, Text(1)] = "a"
    units: int = Field(default=1, ge=1, le=10)
    size: Literal["small", "large"] = "small"
    is_gift: bool = False
    price: Money | None = None
    tags: list[str] = Field(default=[], min_length=1, max_length=2)
    country: Country | None = None


def problem(**fields: Any) -> tuple[str, str]:
    """The code and the message of the only problem."""
    with pytest.raises(InvalidFields) as raised:
        validate(Parcel, fields)
    (only,) = raised.value.details["fields"]
    return only["code"], only["message"]


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"note": 5}, "wrong_type", "Must be a text"),
        ({"note": ""}, "too_short", "Must have at least 1 character"),
        ({"note": "a" * 21}, "too_long", "Must have at most 20 characters"),
        ({"letter": "ab"}, "too_long", "Must have at most 1 character"),
        ({"note": "a\nb"}, "wrong_format", "Must be one line without control characters"),
        ({"units": 0}, "too_small", "Must be 1 or more"),
        ({"units": 11}, "too_large", "Must be 10 or less"),
        ({"units": "3"}, "wrong_type", "Must be a whole number, without quotes"),
        ({"units": True}, "wrong_type", "Must be a whole number, without quotes"),
        ({"units": None}, "wrong_type", "Must be a whole number, without quotes"),
        ({"units": 1.5}, "not_a_whole_number", "Must be a whole number"),
        ({"is_gift": "yes"}, "wrong_type", "Must be true or false, without quotes"),
        ({"size": "huge"}, "unknown_value", "Must be 'small' or 'large'"),
        ({"size": "Large"}, "unknown_value", "Use small letters: large"),
        ({"tags": "a,b"}, "wrong_type", "Must be a list"),
        ({"tags": []}, "too_short", "Must have at least 1 entry"),
        ({"tags": ["a", "b", "c"]}, "too_long", "Must have at most 2 entries"),
        ({"price": 19.99}, "wrong_type", "Must be an object"),
        ({"price": {"currency": "EUR"}}, "required", "Is required"),
        ({"colour": "red"}, "unknown_field", "Is not a field of this object. Check its spelling"),
        ({"country": "de"}, "unknown_country", "Use capital letters: DE"),
        (
            {"country": "GER"},
            "unknown_country",
            "Must be an ISO 3166-1 alpha-2 country code, such as DE",
        ),
    ],
)
def test_a_problem_has_our_code_and_says_what_to_do(fields, code, message):
    assert problem(**fields) == (code, message)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (19.99, "Amounts are in minor units: 1999 means 19.99"),
        ("19.99", "Amounts are in minor units: 1999 means 19.99"),
        ("19,99", "Amounts are in minor units: 1999 means 19.99"),
        (19.9, "Amounts are in minor units: 1990 means 19.90"),
        (0.5, "Amounts are in minor units: 50 means 0.50"),
        (1.234, "Amounts are in minor units: 1234 means 1.234"),
    ],
)
def test_an_amount_in_major_units_is_answered_in_minor(amount, message):
    found = problem(price={"amount_minor": amount, "currency": "EUR"})

    assert found == ("not_in_minor_units", message)


@pytest.mark.parametrize("amount", ["1999", "a lot", True, None, 10**13 + 0.5, 1.23456])
def test_what_is_no_amount_is_not_called_one(amount):
    code, _ = problem(price={"amount_minor": amount, "currency": "EUR"})

    assert code in ("wrong_type", "not_a_whole_number")


@pytest.mark.parametrize(
    ("currency", "message"),
    [
        ("eur", "Use capital letters: EUR"),
        ("Usd", "Use capital letters: USD"),
        ("euro", "Must be an ISO 4217 currency code, such as EUR"),
        ("XXX", "Must be an ISO 4217 currency code, such as EUR"),
        ("", "Must be an ISO 4217 currency code, such as EUR"),
    ],
)
def test_a_currency_is_a_code_in_capital_letters(currency, message):
    found = problem(price={"amount_minor": 1, "currency": currency})

    assert found == ("unknown_currency", message)


def core_schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node
        node = [value for key, value in node.items() if key not in ("metadata", "default")]
    if isinstance(node, list | tuple):
        for child in node:
            yield from core_schemas(child)


def fields() -> Iterator[ModelField]:
    for route in all_routes():
        dependant = route.dependant
        yield from (
            *dependant.path_params,
            *dependant.query_params,
            *dependant.header_params,
            *dependant.body_params,
        )


def refusals(schema: dict[str, Any]) -> set[str]:
    kind = schema["type"]
    if kind in ("model-field", "no-info", "with-info"):  # parts of another schema
        return set()
    limits = {**LIMITS, **LENGTHS.get(kind, {})}
    return REFUSED_BY[kind] | {limits[limit] for limit in limits if schema.get(limit) is not None}


def test_every_problem_that_pydantic_can_report_is_ours():
    """A kind of schema that is new here fails with its name: say what it refuses."""
    possible = {
        kind
        for field in fields()
        for schema in core_schemas(field._type_adapter.core_schema)  # noqa: SLF001
        for kind in refusals(schema)
    }

    assert possible >= {"missing", "extra_forbidden", "string_type", "greater_than_equal"}
    assert possible - MEANINGS.keys() == set()


def test_no_meaning_is_left_over():
    assert MEANINGS.keys() <= set(get_args(ErrorType))


@pytest.mark.parametrize("kind", sorted(set(get_args(ErrorType)) - MEANINGS.keys()))
def test_nothing_of_pydantic_reaches_a_client(kind):
    problem = {"type": kind, "loc": ("body",), "msg": "pydantic says https://errors.pydantic.dev"}

    assert tuple(to_field_problem(problem).values()) == INVALID


def test_a_stray_value_error_shows_nothing_of_pydantic():
    class Stray(RequestBody):
        name: Annotated[str, AfterValidator(lambda _: int("x"))]

    with pytest.raises(ValidationError) as raised:
        Stray(name="a")

    assert tuple(to_field_problem(raised.value.errors()[0]).values()) == INVALID


def test_the_documentation_lists_every_code():
    text = (ROOT / "docs" / "errors.md").read_text()

    for code, _ in (*MEANINGS.values(), INVALID):
        assert f"`{code}`" in text
    assert "`not_in_minor_units`" in text
