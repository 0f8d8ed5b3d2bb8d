"""Reads a JSON Schema as alternatives of one type each, without references and unions.

`{"type": ["string", "null"]}`, `anyOf`, `oneOf` and `allOf` become the alternatives that a value
can match. So two schemas that say the same in other words have the same alternatives.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Any  # a mapping, or a boolean
Variant = dict[str, Any]
Document = Mapping[str, Any]

LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# Keywords that are compared as they stand: another value may refuse more.
OPAQUE = (
    "pattern",
    "multipleOf",
    "uniqueItems",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "unevaluatedProperties",
)
UNIONS = ("anyOf", "oneOf", "allOf")
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def follow(document: Document, node: Any) -> Any:
    """The node, or what it refers to. Its own keywords beside `$ref` are left out."""
    while isinstance(node, Mapping) and "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def list_variants(document: Document, schema: Schema) -> list[Variant]:
    """The alternatives of the schema. A value is valid if it matches one of them."""
    if isinstance(schema, bool):
        return [{}] if schema else []
    own = {key: value for key, value in schema.items() if key not in (*UNIONS, "$ref")}
    found = list(_split_types(own))
    if "$ref" in schema:
        referred = list_variants(document, follow(document, {"$ref": schema["$ref"]}))
        found = _merge_all(found, referred)
    for member in schema.get("allOf", []):
        found = _merge_all(found, list_variants(document, member))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            members = schema[keyword]
            found = _merge_all(
                found, [each for member in members for each in list_variants(document, member)]
            )
    return found


def _split_types(schema: Variant) -> Iterator[Variant]:
    """One alternative for each type. Only the keywords that are compared remain."""
    base = {key: [schema[key]] for key in OPAQUE if key in schema}
    kept = (
        "format",
        "properties",
        "required",
        "additionalProperties",
        "items",
        *LOWER_LIMITS,
        *UPPER_LIMITS,
    )
    base |= {key: schema[key] for key in kept if key in schema}
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    types = _find_types(schema, values)
    for name in types:
        variant = base | ({} if name is None else {"type": name})
        if values is not None:
            variant["enum"] = [value for value in values if name in (None, _type_of(value))]
        yield variant


def _find_types(schema: Variant, values: list[Any] | None) -> list[str | None]:
    named = schema.get("type")
    if values is not None:
        of_values = sorted({_type_of(value) for value in values})
        allowed = {named} if isinstance(named, str) else set(named or of_values)
        return [name for name in of_values if name in allowed or "number" in allowed]
    if named is None:
        return ["object"] if "properties" in schema or "required" in schema else [None]
    return [named] if isinstance(named, str) else list(named)


def _type_of(value: Any) -> str:
    return _TYPES.get(type(value), "array" if isinstance(value, list) else "object")


def _merge_all(left: list[Variant], right: list[Variant]) -> list[Variant]:
    pairs = (_merge(one, other) for one in left for other in right)
    return [merged for merged in pairs if merged is not None]


def _merge(one: Variant, other: Variant) -> Variant | None:
    """What matches both, or None if nothing can."""
    merged = one | other
    types = {variant["type"] for variant in (one, other) if "type" in variant}
    if len(types) > 1 and types != {"integer", "number"}:
        return None
    if len(types) > 1:
        merged["type"] = "integer"
    for key in one.keys() & other.keys() & _MERGERS.keys():
        merged[key] = _MERGERS[key](one[key], other[key])
    return None if merged.get("enum") == [] else merged


def _union(one: list[Any], other: list[Any]) -> list[Any]:
    return one + [each for each in other if each not in one]


def _intersection(one: list[Any], other: list[Any]) -> list[Any]:
    return [each for each in one if each in other]


def _both(one: Schema, other: Schema) -> Schema:
    if False in (one, other):
        return False
    return {"allOf": [{} if each is True else each for each in (one, other)]}


def _both_fields(one: dict[str, Schema], other: dict[str, Schema]) -> dict[str, Schema]:
    in_both = {name: _both(one[name], other[name]) for name in one.keys() & other.keys()}
    return one | other | in_both


_MERGERS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(LOWER_LIMITS, max),
    **dict.fromkeys(UPPER_LIMITS, min),
    **dict.fromkeys(OPAQUE, _union),
    "required": _union,
    "enum": _intersection,
    "properties": _both_fields,
    "items": _both,
    "additionalProperties": _both,
}


def fingerprint(schema: Schema) -> str:
    """The same for equal schemas of one document."""
    return json.dumps(schema, sort_keys=True)
