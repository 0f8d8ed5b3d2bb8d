"""What text is: each string of each request body and query is bounded by one rule."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from shared.characters import describe_pattern, is_visible, shorten, to_line
from shared.errors.requests import InvalidFields
from shared.http.schemas import RequestBody, validate
from shared.http.text_fields import AS_TYPED, SECRET, Text
from shared.money import Money
from tests.attacks.text_values import HIDDEN, INVISIBLE, LEGAL, LINE_BREAKS

FUNCTIONS = Path(__file__).parents[2] / "functions"
DOCUMENT = json.loads((Path(__file__).parents[2] / "functions/reference/openapi.json").read_text())
# Never shown: a cursor is signed, and a search only looks up words of the catalog.
UNSHOWN_PARAMETERS = {"cursor", "q"}


class Label(RequestBody):
    line: Annotated[str, Text(20)] = "a"
    note: Annotated[str, Text(20, has_lines=True)] = "a"
    more: Annotated[str, Text(20, is_optional=True)] | None = Field(default=None)
    words: list[Annotated[str, Text(20)]] = Field(default=[])
    pairs: dict[Annotated[str, Text(20)], Annotated[str, Text(20)]] = Field(default={})
    secret: Annotated[str, AS_TYPED, Field(max_length=20, json_schema_extra=SECRET)] = ""


def problem(**fields: str) -> tuple[str, str]:
    """The code and the message of the only problem."""
    with pytest.raises(InvalidFields) as raised:
        validate(Label, fields)
    (only,) = raised.value.details["fields"]
    return only["code"], only["message"]


@pytest.mark.parametrize("name", LEGAL)
@pytest.mark.parametrize("field", ["line", "note", "more"])
def test_text_of_real_people_is_legal(field, name):
    text = LEGAL[name][:20]

    assert getattr(Label(**{field: text}), field) == text


@pytest.mark.parametrize("name", sorted(INVISIBLE.keys() - {"blanks"}))
def test_a_text_needs_a_visible_character(name):
    expected = ("invisible_text", "Must have a character that people can see")

    assert problem(line=INVISIBLE[name]) == problem(note=INVISIBLE[name]) == expected
    assert Label(more=INVISIBLE[name]).more == INVISIBLE[name]


@pytest.mark.parametrize("blank", [" ", "\n", INVISIBLE["blanks"]])
def test_a_blank_text_is_an_empty_text(blank):
    assert problem(line=blank)[0] == problem(note=blank)[0] == "too_short"
    assert Label(more=blank).more == ""


@pytest.mark.parametrize(
    "white", [" ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", " \u2028 "]
)
def test_texts_lose_their_outer_white_space(white):
    assert Label(note=f"{white}a b{white}").note == "a b"
    assert Label(line=f"{white}a b{white}", more=f"{white}a b").more == "a b"
    assert Label(words=[f"{white}a"], pairs={f"{white}a": f"b{white}"}).pairs == {"a": "b"}


def test_a_text_is_measured_without_its_outer_white_space():
    assert Label(line=f"  {'é' * 20}  ").line == "é" * 20
    assert Label(secret="  a ").secret == "  a "


def request_bodies(body: type[RequestBody] = RequestBody) -> Iterator[type[RequestBody]]:
    for subclass in body.__subclasses__():
        yield subclass
        yield from request_bodies(subclass)


def strings_as_typed(schema: Any, path: str) -> Iterator[str]:
    """Where a core schema has strings that keep their outer white space."""
    if not isinstance(schema, dict | list):
        return
    if isinstance(schema, list):
        for inner in schema:
            yield from strings_as_typed(inner, path)
        return
    if schema.get("type") == "str" and schema.get("strip_whitespace") is False:
        yield path
    for name, inner in schema.items():
        is_field = isinstance(inner, dict) and inner.get("type") == "model-field"
        yield from strings_as_typed(inner, f"{path}.{name}" if is_field else path)


def test_only_passwords_keep_their_outer_white_space():
    for file in FUNCTIONS.rglob("schemas.py"):
        import_module(".".join(file.relative_to(FUNCTIONS).with_suffix("").parts))
    bodies = [body for body in request_bodies() if body.__module__ != __name__]

    assert len(bodies) > 30
    assert all(body.model_config["str_strip_whitespace"] for body in (*bodies, Money))
    kept = {
        path.rpartition(".")[2]
        for body in bodies
        for path in strings_as_typed(body.__pydantic_core_schema__, body.__name__)
    }
    assert kept == {"password", "current_password", "new_password"}


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("field", ["line", "note", "more"])
def test_a_text_has_no_hidden_character(field, name):
    code, message = problem(**{field: HIDDEN[name]})

    assert code == "wrong_format"
    assert "without control characters" in message or "no control characters" in message


@pytest.mark.parametrize("name", LINE_BREAKS)
def test_only_a_text_with_lines_has_line_breaks(name):
    assert Label(note=LINE_BREAKS[name]).note == LINE_BREAKS[name]
    assert problem(line=LINE_BREAKS[name])[0] == "wrong_format"
    assert problem(more=LINE_BREAKS[name])[0] == "wrong_format"


def test_a_text_is_not_longer_than_its_limit():
    assert Label(line="é" * 20).line == "é" * 20
    assert problem(line="é" * 21)[0] == "too_long"
    assert problem(line="")[0] == "too_short"
    assert Label(more="").more == ""


def test_half_a_character_is_no_text():
    with pytest.raises(ValidationError):
        Label(line="\ud800")


@pytest.mark.parametrize("text", [*HIDDEN.values(), *LINE_BREAKS.values(), "a\ud800b"])
def test_a_text_that_cannot_be_refused_loses_what_it_hides(text):
    line = to_line(f"Firefox {text}")

    assert Label(line=line[:20]).line == line[:20].strip()
    assert line.startswith("Firefox ")


def test_a_repeated_text_is_short_and_shows_what_it_hides():
    assert shorten("a\u202eb\n\ud800", 10) == "a\ufffdb\ufffd\ufffd"
    assert shorten("🛒" * 100, 10) == "🛒" * 10


@pytest.mark.parametrize("text", LEGAL.values())
def test_a_legal_text_is_visible_and_stays_as_it_is(text):
    assert is_visible(text)
    assert to_line(text) == shorten(text, 1000) == text


def strings(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a string below this one, with its path."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from strings(DOCUMENT["components"]["schemas"][name], f"{path}:{name}")
        return
    if schema.get("type") == "string":
        yield path, schema
    for member, inner in schema.get("properties", {}).items():
        yield from strings(inner, f"{path}.{member}")
    for inner in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from strings(inner, path)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(keyword), dict):
            yield from strings(schema[keyword], f"{path}.{keyword}")


WEBHOOK = "receive_payment_webhook"  # the provider writes it, signs it, and names its own fields


def sent_strings() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            if name == WEBHOOK:
                continue
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found |= dict(strings(content["schema"], name))
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query" and parameter["name"] not in UNSHOWN_PARAMETERS:
                    found |= dict(strings(parameter["schema"], f"{name}?{parameter['name']}"))
    return found


def test_no_string_of_a_request_is_free():
    """A new field of type `str` fails here: give it Text, or a pattern of its own."""
    narrowed = ("pattern", "enum", "const", "format")
    found = sent_strings()

    assert len(found) > 100
    assert [path for path, schema in found.items() if not any(map(schema.get, narrowed))] == []


def test_a_free_string_would_be_found_at_any_depth():
    free = {"type": "string", "maxLength": 10}
    schema = {
        "properties": {
            "text": free,
            "more": {"anyOf": [{"items": free, "type": "array"}, {"type": "null"}]},
            "names": {"additionalProperties": free, "propertyNames": free, "type": "object"},
        }
    }

    assert [path for path, found in strings(schema, "body") if found == free] == [
        "body.text",
        "body.more.items",
        "body.names.additionalProperties",
        "body.names.propertyNames",
    ]


def test_a_pattern_has_one_message():
    pattern = describe_pattern("^one-message$", "Must be this")

    assert describe_pattern(pattern, "Must be this") == pattern
    with pytest.raises(ValueError, match="has two messages"):
        describe_pattern(pattern, "Must be that")
