"""Powertools' schemas, made as exact as the code.

Pydantic leaves out what a validator checks in Python. A schema in the code can carry a mark for it:
`x-schema` names a shared enum, `x-rule` has keywords that Powertools drops,
`x-no-default` removes a default that a generated client would send, and
`x-never-null-in-answers` is for a field that a request may leave out and an answer always has.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from docs.contract.enums import enum_name, shared_enums
from docs.contract.formats import FORMATS, PATH_PARAMETERS
from shared.characters import LINES, ONE_LINE, PRINTABLE

Schema = dict[str, Any]
Schemas = dict[str, Schema]

REFERENCE = "#/components/schemas/"
# Requests that a response repeats; there, all of their fields are always present.
REPEATED_IN_RESPONSES = ("Destination", "Tax", "Zone", "Step", "AppliesTo")
NUMBER_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
NULL: Schema = {"type": "null"}
PARTS_OF_PATCHES = ("Money", "Price", "AppliesTo")
NEVER_NULL = "x-never-null-in-answers"


def _visible(pattern: str) -> str:
    """The pattern of a text that is not blank: as much of the rule as ECMA 262 can say.

    Unicode's classes would need the flag `u`, which JSON Schema's patterns do not have.
    """
    legal = pattern.removeprefix("^").removesuffix("*$")
    shown = legal.replace("[^", "[^\\s", 1)
    return f"^{legal}*{shown}{legal}*$"


VISIBLE = {pattern: _visible(pattern) for pattern in (ONE_LINE, LINES, PRINTABLE)}


def refine(document: dict[str, Any]) -> None:
    """Change all schemas of the document in place."""
    schemas: Schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        _add_formats(name, schema)
    for node in _nodes(document):
        _refine_node(node)
    schemas |= shared_enums()
    _split_promotions(schemas)
    _derive_patches(schemas)
    _refuse_nulls(schemas["UserChange"])
    _refuse_nulls(schemas["BuyerRequest"])
    _refuse_nulls(schemas["CategoryPatch"], "name", "position")
    for parameter in _parameters(document):
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["in"] == "path":
            parameter["schema"] |= PATH_PARAMETERS[parameter["name"]]
    _require_all_fields_of_responses(schemas)
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def _nodes(node: Any) -> Iterator[Schema]:
    """Every object of the document, the outer ones first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _nodes(child)


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", [])


def _add_formats(name: str, schema: Schema) -> None:
    for field, shape in schema.get("properties", {}).items():
        extra = FORMATS.get(f"{name}.{field}") or FORMATS.get(f"*.{field}")
        for variant in shape.get("anyOf", [shape]) if extra else ():
            if variant.get("type") == "string" and not variant.keys() & {"pattern", "format"}:
                variant.update(extra)


def _refine_node(node: Schema) -> None:
    for shape in node.get("properties", {}).values():
        if isinstance(shape, dict):
            shape.pop("title", None)
    if node.get("type") == "integer":
        _make_limits_integers(node)
    _obey_marks(node)
    if node.get("minLength") and node.get("pattern") in VISIBLE:
        node["pattern"] = VISIBLE[node["pattern"]]
    if "patternProperties" in node:
        _name_properties(node)


def _obey_marks(node: Schema) -> None:
    if node.pop("x-no-default", False):
        node.pop("default", None)
    node |= node.pop("x-rule", {})
    if shared := node.pop("x-schema", None) or enum_name(node):
        for keyword in ("type", "enum", "title"):
            node.pop(keyword, None)
        node["$ref"] = f"{REFERENCE}{shared}"


def _make_limits_integers(node: Schema) -> None:
    for limit in NUMBER_LIMITS:
        if limit in node:
            node[limit] = int(node[limit])
    if "exclusiveMinimum" in node:
        node["minimum"] = node.pop("exclusiveMinimum") + 1
    node["format"] = "int64"


def _name_properties(node: Schema) -> None:
    """Pydantic's patternProperties would allow any other name, and generators do not read them."""
    ((pattern, values),) = node.pop("patternProperties").items()
    node["propertyNames"] = {"type": "string", **node.get("propertyNames", {}), "pattern": pattern}
    node["additionalProperties"] = values or True


def _split_promotions(schemas: Schemas) -> None:
    """One schema for each kind, which says which fields the kind needs."""
    whole = schemas["NewPromotion"]
    discounts = {"percent": "percent", "fixed": "amount", "free_shipping": None}
    references = {}
    for kind, needed in discounts.items():
        name = f"New{''.join(map(str.capitalize, kind.split('_')))}Promotion"
        fields = dict(whole["properties"])
        fields["kind"] = {"const": kind, "type": "string", "description": "The kind."}
        for field in ("percent", "amount"):
            fields[field] = _without_null(fields[field]) if field == needed else dict(NULL)
        schemas[name] = {
            **whole,
            "title": name,
            "properties": fields,
            "required": [*whole["required"], *([needed] if needed else [])],
        }
        references[kind] = f"{REFERENCE}{name}"
    schemas["NewPromotion"] = {
        "title": "NewPromotion",
        "description": "A promotion of one of three kinds.",
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "kind", "mapping": references},
    }


def _derive_patches(schemas: Schemas) -> None:
    """A merge patch has the rules of the whole, but requires nothing and has no default.

    Null is allowed where the field can be removed: where the whole does not require it.
    """
    for part in PARTS_OF_PATCHES:
        fields = schemas[part]["properties"]
        of_whole = ("required", "not")
        schemas[f"{part}Patch"] = {
            **{key: value for key, value in schemas[part].items() if key not in of_whole},
            "title": f"{part}Patch",
            "description": "An omitted member keeps its value.",
            "properties": {name: _without_default(shape) for name, shape in fields.items()},
        }
    percent = schemas["NewPercentPromotion"]["properties"]
    fixed = schemas["NewFixedPromotion"]["properties"]
    promotion = {
        "properties": percent | {"amount": fixed["amount"]},
        "required": schemas["NewFreeShippingPromotion"]["required"],
    }
    wholes = {
        "ProductPatch": schemas["NewProduct"],
        "PromotionPatch": promotion,
        "AddressPatch": schemas["NewAddress"],
    }
    for patch, whole in wholes.items():
        for field in schemas[patch]["properties"]:
            schemas[patch]["properties"][field] = _patch_of(
                whole["properties"][field],
                can_be_null=field not in (*whole["required"], "status", "is_active", "is_default"),
            )


def _patch_of(shape: Schema, *, can_be_null: bool) -> Schema:
    shape = _without_null(_without_default(shape))
    if shape.get("$ref", "").removeprefix(REFERENCE) in PARTS_OF_PATCHES:
        shape["$ref"] += "Patch"
    if shape.get("type") == "object":  # members are merged: the limits hold for the result
        shape.pop("maxProperties", None)
        if isinstance(shape["additionalProperties"], dict):
            shape["additionalProperties"] = {"anyOf": [shape["additionalProperties"], dict(NULL)]}
    if not can_be_null:
        return shape
    texts = {key: shape.pop(key) for key in ("description", "examples") if key in shape}
    return {"anyOf": [shape, dict(NULL)], **texts}


def _without_default(shape: Schema) -> Schema:
    return {key: value for key, value in shape.items() if key != "default"}


def _refuse_nulls(patch: Schema, *fields: str) -> None:
    """In these fields; without any, in all."""
    for field in fields or patch["properties"]:
        patch["properties"][field] = _without_null(patch["properties"][field])


def _without_null(shape: Schema) -> Schema:
    variants = [variant for variant in shape.get("anyOf", []) if variant != NULL]
    if len(variants) != 1 or len(variants) == len(shape["anyOf"]):
        return dict(shape)
    rest = {key: value for key, value in shape.items() if key != "anyOf"}
    return {**variants[0], **rest}


def _require_all_fields_of_responses(schemas: Schemas) -> None:
    for name in REPEATED_IN_RESPONSES:
        schemas[f"{name}View"] = _as_view(schemas[name], f"{name}View")
    view = import_module("shared.http.schemas").View
    for name in _views(view):
        if name in schemas:
            schemas[name] = _as_view(schemas[name], name)


def _as_view(schema: Schema, name: str) -> Schema:
    fields = {}
    for field, shape in schema["properties"].items():
        shown = _without_null(shape) if shape.get(NEVER_NULL) else shape
        fields[field] = _reference_views(_without_default(shown))
        for each in (shape, fields[field]):
            each.pop(NEVER_NULL, None)
    rest = {key: value for key, value in schema.items() if key != "additionalProperties"}
    return {**rest, "title": name, "properties": fields, "required": list(fields)}


def _reference_views(shape: Any) -> Any:
    if isinstance(shape, dict):
        name = str(shape.get("$ref", "")).removeprefix(REFERENCE)
        if name in REPEATED_IN_RESPONSES:
            return {**shape, "$ref": f"{REFERENCE}{name}View"}
        return {key: _reference_views(value) for key, value in shape.items()}
    return [_reference_views(each) for each in shape] if isinstance(shape, list) else shape


def _views(view: type) -> Iterator[str]:
    """The names of all response bodies in the document: Powertools rewrites those of pages."""
    for subclass in view.__subclasses__():
        yield subclass.__name__.replace("[", "_").replace("]", "_")
        yield from _views(subclass)
