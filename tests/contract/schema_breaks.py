"""Compares two JSON Schemas: what breaks a client that was written for the first of them.

A request breaks if the new schema refuses what the old one accepts. An answer breaks if the new
schema allows what the old one does not. New fields break neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from docs.contract.schemas import VISIBLE
from shared.characters import PRINTABLE
from tests.contract.variants import (
    LOWER_LIMITS,
    OPAQUE,
    UPPER_LIMITS,
    Document,
    Schema,
    Variant,
    fingerprint,
    list_variants,
)

Direction = Literal["request", "response"]
# How far an alternative is from another. The nearest one is the one that it is compared with.
OTHER_TYPE, OTHER_VALUE, OTHER_DETAIL = 10_000, 100, 1


@dataclass(frozen=True)
class Break:
    kind: str
    where: str  # the operation, then the path of the field
    detail: str = ""
    distance: int = field(default=OTHER_DETAIL, compare=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}" + (f" ({self.detail})" if self.detail else "")

    def within(self, parent: str) -> "Break":
        separator = "" if self.where.startswith("[") or not (parent and self.where) else "."
        return replace(self, where=f"{parent}{separator}{self.where}")


class Comparison:
    """The schemas of two documents in one direction."""

    def __init__(self, before: Document, after: Document, direction: Direction) -> None:
        self._before, self._after = before, after
        self._is_request = direction == "request"
        self._known: dict[tuple[str, str], list[Break]] = {}

    def compare(self, before: Schema, after: Schema) -> list[Break]:
        """The breaks, with paths below the schema."""
        key = (fingerprint(before), fingerprint(after))
        if key not in self._known:
            self._known[key] = []  # a schema that contains itself adds nothing
            self._known[key] = self.compare_variants(
                list_variants(self._before, before), list_variants(self._after, after)
            )
        return self._known[key]

    def compare_variants(self, before: list[Variant], after: list[Variant]) -> list[Break]:
        """Whether each alternative that clients send, or meet, is one that they know."""
        offered, accepted = (before, after) if self._is_request else (after, before)
        breaks = []
        for variant in offered:
            candidates = [self._fit(variant, other) for other in accepted]
            nothing = [Break(self._type_kind(variant), "", "no value is left")]
            nearest = min(candidates, key=_distance, default=nothing)
            others = [each for each in nearest if each.distance == OTHER_VALUE]
            breaks += others if others and len(before) + len(after) > 2 else nearest
        return list(dict.fromkeys(breaks))

    def _fit(self, offered: Variant, accepted: Variant) -> list[Break]:
        """Why a value of the first can fail to be one of the second."""
        name, other = offered.get("type"), accepted.get("type")
        if other is not None and name != other and (name, other) != ("integer", "number"):
            detail = f"{name or 'any type'} is not {other}"
            return [Break(self._type_kind(offered), "", detail, OTHER_TYPE)]
        return [
            *self._fit_values(offered, accepted),
            *self._fit_limits(offered, accepted),
            *self._fit_fields(offered, accepted),
            *self._fit_items(offered, accepted),
        ]

    def _type_kind(self, offered: Variant) -> str:
        if self._is_request:
            return "type narrowed"
        return "made nullable" if offered.get("type") == "null" else "type widened"

    def _fit_values(self, offered: Variant, accepted: Variant) -> Iterator[Break]:
        if "enum" not in accepted:
            return
        kind = "enum value removed" if self._is_request else "enum value added"
        if "enum" not in offered:
            kind = "enum added" if self._is_request else "enum removed"
            yield Break(kind, "", _list(accepted["enum"]), OTHER_VALUE)
            return
        missing = [value for value in offered["enum"] if value not in accepted["enum"]]
        if missing:
            is_other = len(missing) == len(offered["enum"])
            yield Break(kind, "", _list(missing), OTHER_VALUE if is_other else OTHER_DETAIL)

    def _fit_limits(self, offered: Variant, accepted: Variant) -> Iterator[Break]:
        before, after = (offered, accepted) if self._is_request else (accepted, offered)
        formats = before.get("format"), after.get("format")
        if self._is_request:
            yield from () if _is_widened(before, after) else _tightened(before, after)
        elif formats[0] not in (None, formats[1]) and before.get("type") == "string":
            yield Break("format changed", "", f"{formats[0]}, now {formats[1]}")

    def _fit_fields(self, offered: Variant, accepted: Variant) -> Iterator[Break]:
        before, after = (offered, accepted) if self._is_request else (accepted, offered)
        old, new = before.get("properties", {}), after.get("properties", {})
        for name in old:
            if name in new:
                yield from _each_within(name, self.compare(old[name], new[name]))
            elif new or not self._is_request or after.get("additionalProperties") is False:
                yield Break("field removed", name)
        was, becomes = set(before.get("required", ())), set(after.get("required", ()))
        if self._is_request:
            for name in sorted(becomes - was):
                yield Break("made required" if name in old else "required field added", name)
        else:
            for name in sorted((was - becomes) & new.keys()):
                yield Break("made optional", name)
        yield from self._fit_other_fields(before, after)

    def _fit_other_fields(self, before: Variant, after: Variant) -> Iterator[Break]:
        old, new = (each.get("additionalProperties", True) for each in (before, after))
        if isinstance(old, bool) and isinstance(new, bool):
            if self._is_request and old and not new:
                yield Break("constraint tightened", "", "additionalProperties: false")
        elif old is not False and (self._is_request or new is not False):
            yield from _each_within("*", self.compare(old, new))

    def _fit_items(self, offered: Variant, accepted: Variant) -> Iterator[Break]:
        before, after = (offered, accepted) if self._is_request else (accepted, offered)
        if "items" in before or "items" in after:
            breaks = self.compare(before.get("items", True), after.get("items", True))
            yield from _each_within("[]", breaks)


# Nothing proves that one pattern accepts all that another one does. These do: by their old pattern,
# the limits that hold now. test_breaks tries them with random texts.
WIDENED: dict[str, dict[str, Any]] = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": {
        "minLength": 1,
        "maxLength": 64,
        "pattern": VISIBLE[PRINTABLE],
    }
}


def _is_widened(before: Variant, after: Variant) -> bool:
    return any(
        before.get("pattern") == [old]
        and after.get("pattern") == [limits["pattern"]]
        and (after.get("minLength"), after.get("maxLength"))
        == (limits["minLength"], limits["maxLength"])
        for old, limits in WIDENED.items()
    )


def _is_known(rule: object, old: list[object]) -> bool:
    """Whether the rule was there, or is wider than one: a text may be blank that could not be."""
    return rule in old or (isinstance(rule, str) and VISIBLE.get(rule) in old)


def _forbids_new_fields(rule: Any, before: Variant) -> bool:
    """Whether the rule forbids nothing without a field that older clients do not have."""
    cases = rule.get("anyOf", [rule]) if isinstance(rule, dict) else []
    known = before.get("properties", {}).keys()
    return bool(cases) and all({*case.get("required", ())} - known for case in cases)


def _tightened(before: Variant, after: Variant) -> Iterator[Break]:
    kind = "constraint tightened"
    for keywords, is_tighter in ((LOWER_LIMITS, int.__gt__), (UPPER_LIMITS, int.__lt__)):
        for key in keywords:
            old, new = before.get(key), after.get(key)
            if new is None or (key, new) in _SAY_NOTHING:
                continue
            if old is None or is_tighter(_thousandths(new), _thousandths(old)):
                yield Break(kind, "", f"{key} {old}, now {new}")
    for key in OPAQUE:
        old = before.get(key, [])
        added = [
            each
            for each in after.get(key, [])
            if not (_is_known(each, old) or (key == "not" and _forbids_new_fields(each, before)))
        ]
        if added and added != [False]:
            yield Break(kind, "", f"{key} {before.get(key)}, now {after[key]}")
    old, new = before.get("format"), after.get("format")
    if new not in (None, old, "int64"):
        yield Break(kind, "", f"format {old}, now {new}")


_SAY_NOTHING = {("minLength", 0), ("minItems", 0), ("minProperties", 0)}


def _thousandths(number: Any) -> int:
    """Compares 1, 1.0 and 0.5 exactly."""
    return round(number * 1000)


def _each_within(parent: str, breaks: list[Break]) -> Iterator[Break]:
    return (each.within(parent) for each in breaks)


def _distance(breaks: list[Break]) -> int:
    return sum(each.distance for each in breaks)


def _list(values: list[Any]) -> str:
    return ", ".join(map(str, values))
