"""Finds what a new AsyncAPI document breaks for those who subscribe to the events of an old one.

`python docs/event_changes.py` compares the events with those of the last release
(docs/released/asyncapi.json) and ends with 1 if a subscriber would break.

A subscriber breaks when an event or a field is gone, or when a value can be what it could not be
before: null, missing, of another type, longer, or not in a list. New events and fields break none.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RELEASED = ROOT / "docs" / "released" / "asyncapi.json"
CURRENT = ROOT / "functions" / "reference" / "asyncapi.json"
NULL = {"type": "null"}
EXACT = ("type", "const", "format", "pattern")  # no other value, and not left out
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
Document = dict[str, Any]
Schema = dict[str, Any]


def find_breaks(before: Document, after: Document) -> list[str]:
    """One sentence for each break, with the path of the field."""
    return list(_Comparison(before, after).list_breaks())


class _Comparison:
    def __init__(self, before: Document, after: Document) -> None:
        self._before, self._after = before, after

    def list_breaks(self) -> Iterator[str]:
        for name, message in self._before["components"]["messages"].items():
            current = self._after["components"]["messages"].get(name)
            if current is None:
                yield f"{name} is removed."
            else:
                yield from self._compare(name, message["payload"], current["payload"])

    def _compare(self, path: str, was: Schema, becomes: Schema) -> Iterator[str]:
        old = list(_alternatives(self._before, was))
        new = list(_alternatives(self._after, becomes))
        if NULL in new and NULL not in old:
            yield f"{path} can be null."
        old, new = ([each for each in schemas if each != NULL] for schemas in (old, new))
        if len(old) == len(new) == 1:
            yield from self._compare_one(path, old[0], new[0])
            return
        for schema in new:
            if all(any(self._compare_one(path, each, schema)) for each in old):
                yield f"{path} has another type."

    def _compare_one(self, path: str, was: Schema, becomes: Schema) -> Iterator[str]:
        for keyword in EXACT:
            if keyword in was and not _is_as_exact(keyword, was[keyword], becomes):
                yield f"{path} has another {keyword}: {becomes.get(keyword)}, not {was[keyword]}."
        if "enum" in was and not set(becomes.get("enum", [object()])) <= set(was["enum"]):
            yield f"{path} has another enum."
        for keyword in (*UPPER, *LOWER):
            if keyword in was and _is_wider(keyword, was[keyword], becomes.get(keyword)):
                yield f"{path} has a wider {keyword}: {becomes.get(keyword)}, not {was[keyword]}."
        if "items" in was:
            yield from self._compare(f"{path}[]", was["items"], becomes.get("items", {}))
        yield from self._compare_fields(path, was, becomes)

    def _compare_fields(self, path: str, was: Schema, becomes: Schema) -> Iterator[str]:
        fields = becomes.get("properties", {})
        for name, field in was.get("properties", {}).items():
            if name not in fields:
                yield f"{path}.{name} is removed."
                continue
            if name in was.get("required", []) and name not in becomes.get("required", []):
                yield f"{path}.{name} is not required any more."
            yield from self._compare(f"{path}.{name}", field, fields[name])


def _alternatives(document: Document, schema: Schema) -> Iterator[Schema]:
    """What a value of this schema can be, without references."""
    if "$ref" in schema:
        target: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _alternatives(document, target)
    elif "allOf" in schema:
        (only,) = schema["allOf"]  # docs/asyncapi.py writes no other
        yield from _alternatives(document, only)
    elif "anyOf" in schema or "oneOf" in schema:
        for each in schema.get("anyOf", schema.get("oneOf")):
            yield from _alternatives(document, each)
    elif isinstance(schema.get("type"), list):
        for each in schema["type"]:
            yield NULL if each == "null" else schema | {"type": each}
    else:
        yield NULL if schema.get("type") == "null" else schema


def _is_as_exact(keyword: str, was: Any, becomes: Schema) -> bool:
    """A list of values that fit a pattern is as good as the pattern."""
    if keyword == "pattern" and "enum" in becomes:
        return all(re.search(was, value) for value in becomes["enum"])
    return bool(becomes.get(keyword) == was)


def _is_wider(keyword: str, was: float, becomes: float | None) -> bool:
    if becomes is None:
        return True
    return becomes > was if keyword in UPPER else becomes < was


def main() -> int:
    breaks = find_breaks(json.loads(RELEASED.read_text()), json.loads(CURRENT.read_text()))
    for each in breaks:
        print(f"Breaks subscribers: {each}", file=sys.stderr)
    return bool(breaks)


if __name__ == "__main__":
    sys.exit(main())
