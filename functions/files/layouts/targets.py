"""Where a column goes: the value that it gives to a row, and how its cells become that value. Pure.

A converter gets the cell without outer white space, and the currency of the row. It returns the
value, or OMIT where the cell says nothing about the field. It raises BadCell.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from files.layouts.amounts import (
    PLAIN,
    POINT,
    WHOLE_NUMBER,
    NumberStyle,
    Unit,
    may_be_thousands,
    parse_amount,
    parse_decimal,
    parse_weight,
    parse_whole_number,
)
from files.layouts.cells import (
    BadCell,
    normalize_word,
    parse_category_names,
    parse_yes_or_no,
    split_list,
)
from shared.records import Record

OMIT: Final = object()

Converter = Callable[[str, str], Any]


class Target(Record):
    """A column with this slot gives its value to this field of the product.

    A slot is a value of a row. Most are fields. Others, such as the tracker of Shopify, decide
    about fields together. `option:Size` and `attribute:vendor` are members of a field.
    """

    slot: str
    convert: Converter
    field: str | None
    note: str | None = None


def to(field: str, convert: Converter, note: str | None = None) -> Target:
    """The target of a column that is a field."""
    return Target(field, convert, field, note)


def ignored(note: str | None = None) -> Target:
    return Target("", omit, None, note)


def omit(_cell: str, _currency: str) -> Any:
    return OMIT


def text(cell: str, _currency: str) -> str:
    return cell


def optional_text(cell: str, _currency: str) -> str | None:
    return cell or None


def text_if_any(cell: str, _currency: str) -> Any:
    return cell or OMIT


def whole_number(cell: str, _currency: str) -> int:
    return parse_whole_number(cell)


def optional_whole_number(cell: str, _currency: str) -> int | None:
    return parse_whole_number(cell) if cell else None


def units_if_any(cell: str, _currency: str) -> Any:
    """A count of other systems, which write 12 as 12.0000 and fewer than none as -3."""
    if not cell:
        return OMIT
    try:
        value = parse_decimal(cell, POINT)
    except BadCell as error:
        code = error.code.replace("ambiguous_number", "wrong_type")
        raise BadCell(code, WHOLE_NUMBER) from error
    if value != value.to_integral_value() or may_be_thousands(cell):
        raise BadCell("wrong_type", WHOLE_NUMBER)
    return int(value)


def yes_or_no(cell: str, _currency: str) -> Any:
    return parse_yes_or_no(cell) if cell else OMIT


def amount(unit: Unit | None, style: NumberStyle = PLAIN, blank: Any = OMIT) -> Converter:
    """A price. `blank`: the value of an empty cell."""

    def convert(cell: str, currency: str) -> Any:
        return parse_amount(cell, currency, unit, style) if cell else blank

    return convert


def weight(unit: str, style: NumberStyle = PLAIN) -> Converter:
    """A weight in this unit; an empty cell is none."""

    def convert(cell: str, _currency: str) -> int | None:
        return parse_weight(cell, unit, style) if cell else None

    return convert


def one_of(meanings: Mapping[str, str], message: str) -> Converter:
    """What each of these words means; they are in lower case. `message` refuses all others."""

    def convert(cell: str, _currency: str) -> Any:
        if not cell:
            return OMIT
        meaning = meanings.get(normalize_word(cell))
        if meaning is None:
            raise BadCell("unknown_value", message)
        return meaning

    return convert


def entries(separator: str) -> Converter:
    def convert(cell: str, _currency: str) -> list[str]:
        return split_list(cell, separator)

    return convert


def entries_if_any(separator: str) -> Converter:
    def convert(cell: str, _currency: str) -> Any:
        return split_list(cell, separator) or OMIT

    return convert


def category_names(level_separator: str, path_separator: str | None = None) -> Converter:
    """The names of the first of the categories in a cell: a product has one category."""

    def convert(cell: str, _currency: str) -> list[str] | None:
        paths = split_list(cell, path_separator) if path_separator else [cell]
        return (parse_category_names(paths[0], level_separator) or None) if paths else None

    return convert


def json_object(cell: str, _currency: str) -> Any:
    """The members of a JSON object; an empty cell has none."""
    if not cell:
        return {}
    try:
        members = json.loads(cell, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise BadCell("not_an_object", 'Must be a JSON object, such as {"Size": "M"}.')
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
