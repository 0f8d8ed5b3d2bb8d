"""The parameters of an operation: a client sends a value or nothing, and never null."""

from typing import Any

Parameter = dict[str, Any]
# RFC 9110: one entity tag, a list of them, or `*`.
_ENTITY_TAG = r'(W/)?"[!#-~]*"'
IF_MATCH_PATTERN = rf"^(\*|{_ENTITY_TAG}([ \t]*,[ \t]*{_ENTITY_TAG})*)$"


def complete_parameter(parameter: Parameter) -> Parameter:
    """Powertools' parameter with an example, and without what it says twice."""
    schema = _without_null(parameter["schema"])
    examples = schema.pop("examples", [])
    for repeated in ("title", "description"):
        schema.pop(repeated, None)
    if parameter["name"].lower() == "if-match":
        schema["pattern"] = IF_MATCH_PATTERN
    completed = {**parameter, "schema": schema}
    if parameter["in"] == "header":
        completed["name"] = "-".join(word.capitalize() for word in parameter["name"].split("-"))
    return completed | ({"example": examples[0]} if examples else {})


def _without_null(schema: Parameter) -> Parameter:
    """A header or a query has text: what is optional may be omitted."""
    kept = {name: value for name, value in schema.items() if (name, value) != ("default", None)}
    options = [option for option in kept.pop("anyOf", []) if option != {"type": "null"}]
    return kept | (options[0] if len(options) == 1 else {"anyOf": options} if options else {})
