"""Prints addresses in the order of lines of their country. Pure."""

import re
import unicodedata
from typing import Any

from shared.addresses.country_rules import FIELDS, CountryRules, Region, get_rules
from shared.addresses.regions import find_region

_TOKENS = re.compile("(%[A-Z])")


def address_lines(address: Any) -> list[str]:
    """The lines of a stored or checked address, the country last; none of an anonymized one.

    What the country's format does not have, such as a county in Britain, stands before the country.
    """
    if not address.line1:
        return []
    rules = get_rules(address.country)
    is_latin = _is_latin(address.line1)
    layout = rules.latin_layout if is_latin else rules.layout
    values = _printed_values(address, rules, is_latin=is_latin)
    lines: list[str] = []
    for line in layout.split("%n"):
        lines.append(_print_line(line, values))
        if "%A" in line and address.line2:
            lines.append(address.line2)
    lines.append(" ".join(value for letter, value in values.items() if f"%{letter}" not in layout))
    return [line for line in (*lines, rules.name) if line.strip()]


def _printed_values(address: Any, rules: CountryRules, *, is_latin: bool) -> dict[str, str]:
    """By letter of the format; without what is empty."""
    values = {letter: getattr(address, field) for letter, field in FIELDS.items()}
    region = find_region(rules.code, address.region_code)
    if region:
        values["S"] = _printed_region(region, is_latin=is_latin)
    if values["C"] == rules.name:  # Singapore
        values["C"] = ""
    return {letter: value for letter, value in values.items() if value}


def _printed_region(region: Region, *, is_latin: bool) -> str:
    if region.local_name and not is_latin:
        return region.local_name
    return region.key if region.key and region.key.isascii() else region.name


def _print_line(line: str, values: dict[str, str]) -> str:
    """A separator is printed only between two values, and other text only beside a value.

    A line without fields, such as GUERNSEY, is always printed.
    """
    tokens = [token for token in _TOKENS.split(line) if token]
    if len(tokens) == 1 and not tokens[0].startswith("%"):
        return line
    printed = ""
    for index, token in enumerate(tokens):
        if token.startswith("%"):
            printed += values.get(token[1], "")
        elif _is_beside_value(tokens, index, values, printed):
            printed += token
    return printed.strip()


def _is_beside_value(tokens: list[str], index: int, values: dict[str, str], printed: str) -> bool:
    following = tokens[index + 1 :]
    starts_line, ends_line = index == 0, not following
    precedes_value = not ends_line and following[0][1] in values
    return (starts_line or bool(printed)) and (ends_line or precedes_value)


def _is_latin(text: str) -> bool:
    return all(
        "LATIN" in unicodedata.name(character, "") for character in text if character.isalpha()
    )
