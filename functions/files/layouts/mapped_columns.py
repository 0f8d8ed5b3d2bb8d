"""The targets of columns that a mapping names. Pure."""

from typing import Any

from files.layouts.amounts import NumberStyle
from files.layouts.cells import NO, YES, normalize_word, parse_yes_or_no
from files.layouts.mappings import ColumnMapping
from files.layouts.own_targets import OWN_TARGETS
from files.layouts.targets import (
    OMIT,
    Converter,
    Target,
    amount,
    category_names,
    entries,
    ignored,
    optional_text,
    weight,
)

_DECISIONS = {
    "status": ("active", "draft", frozenset({"draft", "active", "archived"})),
    "stock_policy": (
        "backorder",
        "tracked",
        frozenset({"tracked", "backorder", "untracked"}),
    ),
}
_LIST_SEPARATOR = "|"
_OTHER = {".": ",", ",": ".", None: None}  # what parts thousands, if the mapping says the decimals


def target_of(mapped: ColumnMapping) -> Target:
    """The target of a column that goes where the mapping says."""
    if mapped.field == "ignored":
        return ignored("the mapping says so")
    convert = _with_blank(_with_values(_converter(mapped), mapped), mapped)
    if mapped.name:
        return Target(f"{mapped.field}:{mapped.name}", convert, f"{mapped.field}s.{mapped.name}")
    if mapped.blank == "untracked":
        return Target("available_or_untracked", convert, "available", "empty: not counted")
    slot = "weight_grams" if mapped.field == "weight" else mapped.field
    return Target(slot, convert, slot)


def _converter(mapped: ColumnMapping) -> Converter:
    style = NumberStyle(mapped.decimal, mapped.thousands or _OTHER[mapped.decimal], mapped.round)
    field = mapped.field
    if field in ("price", "compare_at_price"):
        unit = mapped.unit if mapped.unit in ("major", "minor") else None
        return amount(unit, style, blank="" if field == "price" else None)
    if field == "weight":
        return weight(mapped.unit or "g", style)
    if field == "category_names":
        return category_names(mapped.levels, mapped.separator)
    if field == "pictures" or (field == "tags" and mapped.separator):
        return entries(mapped.separator or _LIST_SEPARATOR)
    if field in _DECISIONS:
        return _decision(mapped)
    own = OWN_TARGETS.get(field)
    return own.convert if own else optional_text


def _decision(mapped: ColumnMapping) -> Converter:
    """A status or a stock policy, by its own name or as yes or no."""
    yes, no, names = _DECISIONS[mapped.field]
    words = frozenset(normalize_word(word) for word in mapped.true) or YES
    others = frozenset(normalize_word(word) for word in mapped.false) or NO

    def convert(cell: str, _currency: str) -> Any:
        if not cell:
            return OMIT
        word = normalize_word(cell)
        if word in names:
            return word
        return yes if parse_yes_or_no(word, words, others) else no

    return convert


def _with_values(convert: Converter, mapped: ColumnMapping) -> Converter:
    if not mapped.values:
        return convert
    meanings = {normalize_word(word): meaning for word, meaning in mapped.values.items()}

    def replace(cell: str, currency: str) -> Any:
        return convert(meanings.get(normalize_word(cell), cell), currency)

    return replace


def _with_blank(convert: Converter, mapped: ColumnMapping) -> Converter:
    """An option that is empty is none: a variant has no value that is no text."""
    if mapped.blank == "remove" and mapped.field != "option":
        return convert

    def unless_blank(cell: str, currency: str) -> Any:
        if cell:
            return convert(cell, currency)
        return None if mapped.blank == "untracked" else OMIT

    return unless_blank
