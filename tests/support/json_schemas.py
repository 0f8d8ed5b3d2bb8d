"""Values that a JSON schema allows, and values that break one rule of it: for hypothesis.

Only the keywords that Souk's document has. jsonschema checks each value that this makes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Schema = dict[str, Any]
_JSON = st.none() | st.booleans() | st.integers(-100, 100) | st.text("ab ", max_size=5)


def _full_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """ECMA 262: without flags, `$` matches at the end alone. In Python also before a line break."""
    expression = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(expression, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _full_pattern})


class Schemas:
    """The schemas of a document, and what they allow."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = {"components": document["components"]}
        self._validators: dict[str, Any] = {}

    def problems(self, schema: Schema, value: Any) -> list[str]:
        key = json.dumps(schema)
        if key not in self._validators:
            resource = Resource({**schema, **self._components}, DRAFT202012)
            registry = Registry().with_resource("urn:document", resource)
            self._validators[key] = _Validator(
                schema,
                format_checker=FormatChecker(),
                _resolver=registry.resolver("urn:document"),
            )
        return [error.message for error in self._validators[key].iter_errors(value)]

    def resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            *_, section, name = schema["$ref"].split("/")
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._components["components"][section][name], **rest}
        return schema

    def values(self, schema: Schema) -> st.SearchStrategy[Any]:
        """Values that the schema allows."""
        return self._guess(schema).filter(lambda value: not self.problems(schema, value))

    def _guess(self, schema: Schema) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 (by kind)
        schema = self.resolve(schema)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                return st.one_of([self._guess(variant) for variant in schema[keyword]])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        match schema.get("type"):
            case "object":
                return self._objects(schema)
            case "array":
                size = schema.get("maxItems", 3)
                return st.lists(
                    self._guess(schema["items"]),
                    min_size=schema.get("minItems", 0),
                    max_size=min(size, 3),
                )
            case "integer":
                return st.integers(schema["minimum"], schema["maximum"])
            case "number":
                return st.floats(schema["minimum"], schema["maximum"])
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
            case "string":
                return _texts(schema)
        return _JSON

    def _objects(self, schema: Schema) -> st.SearchStrategy[Any]:
        fields = {name: self._guess(shape) for name, shape in schema.get("properties", {}).items()}
        required = schema.get("required", [])
        others = schema.get("additionalProperties")
        if isinstance(others, dict) or others is True:
            names = _texts({"type": "string", **schema.get("propertyNames", {})})
            values = self._guess(others) if isinstance(others, dict) else _JSON
            found = st.dictionaries(names, values, max_size=min(schema.get("maxProperties", 3), 3))
            return st.builds(
                lambda more, own: {**more, **own},
                found,
                st.fixed_dictionaries(dict.fromkeys(required, values)),
            )
        return st.fixed_dictionaries(
            {name: fields[name] for name in required},
            optional={name: field for name, field in fields.items() if name not in required},
        )

    def violations(self, schema: Schema, valid: Any) -> Iterator[tuple[str, Any]]:
        """Values that break one rule of the schema each, with the rule's name."""
        schema = self.resolve(schema)
        for wrong in (None, True, 1.5, "text", [], {}, -1, 0, 10**13, "x" * 6000, "a\x00b", ""):
            if self.problems(schema, wrong):
                yield f"{wrong!r:.20}", wrong
        if isinstance(valid, dict):
            yield from self._broken_members(schema, valid)

    def _broken_members(self, schema: Schema, valid: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for variant in schema.get("oneOf", [schema]):
            shape = self.resolve(variant)
            if self.problems(shape, valid):
                continue
            for name in shape.get("required", []):
                yield f"no {name}", {key: each for key, each in valid.items() if key != name}
            if shape.get("additionalProperties") is False:
                yield "unknown", {**valid, "unknown_member": 1}
            for name, field in shape.get("properties", {}).items():
                for rule, wrong in self.violations(field, valid.get(name)):
                    yield f"{name} {rule}", {**valid, name: wrong}


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    match schema.get("format"):
        case "email":
            return st.from_regex(r"\A[a-z]{1,20}@[a-z]{1,20}\.(com|org)\Z")
        case "date-time":
            return st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0"))
        case "uri":
            return st.from_regex(r"\Ahttps://[a-z]{1,9}\.example/[a-z]{0,9}\Z")
    pattern = schema.get("pattern")
    longest, shortest = min(schema.get("maxLength", 20), 20), schema.get("minLength", 0)
    if pattern and not pattern.startswith("^[^"):
        return st.from_regex(f"{pattern[:-1]}\\Z")
    legal = st.characters(
        codec="utf-8", exclude_characters="\x00", categories=["L", "N", "P", "Zs"]
    )
    return st.text(legal, min_size=shortest, max_size=longest)
