"""A rate table as the JSON document that is stored. Pure.

A table is replaced as a whole. Newer code may have stored fields in it that this code does not
know, and that no client could send through this code: they stay with the table, the destination,
the tax, the zone or the step that has them.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from shared.http.schemas import RequestBody

Fields = dict[str, Any]


def to_document(rates: RequestBody, before: str | None = None) -> str:
    """The document of these rates, with what is unknown of the document that they replace."""
    # Defaults are stored: a later version of the code may have others. Nulls carry nothing.
    fields = rates.model_dump(mode="json", exclude_none=True)
    stored = json.loads(before) if before else {}
    document = _with_unknown(rates, fields, stored)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _with_unknown(new: RequestBody, fields: Fields, stored: Fields) -> Fields:
    """`fields` are those of `new`, as JSON."""
    known = type(new).model_fields
    merged = fields | {name: value for name, value in stored.items() if name not in known}
    for name in known:
        elements = getattr(new, name)
        if isinstance(elements, list):
            merged[name] = _elements_with_unknown(elements, fields[name], stored.get(name, []))
    return merged


def _elements_with_unknown(
    new: Sequence[Any], fields: Sequence[Any], stored: Sequence[Any]
) -> list[Any]:
    by_identity: Mapping[Any, list[Fields]] = defaultdict(list)
    for element in stored:
        if isinstance(element, dict):
            by_identity[_identity(element)].append(element)
    merged = []
    for body, own in zip(new, fields, strict=True):
        same = by_identity.get(_identity(own)) if isinstance(body, RequestBody) else None
        merged.append(_with_unknown(body, own, same.pop(0)) if same else own)
    return merged


def _identity(fields: Fields) -> tuple[object, ...]:
    """Which destination, tax, zone or step it is. A start that is not stored is 0."""
    region = fields.get("region") or ""
    names = ("country", "name", "currency", "from_minor", "from_grams")
    codes = tuple(fields.get("postal_codes") or ())
    return (region.strip().casefold(), codes, *(fields.get(name) or None for name in names))
