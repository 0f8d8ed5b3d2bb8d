"""Cells of a file as values: words for yes and no, lists, categories. Pure."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from shared.catalog_names import CATEGORY_DEPTH_MAX


class BadCell(Exception):
    """A cell that cannot be converted for certain. The author of the file reads code, message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


# In the languages of the shops that we know files of. x is a tick in a spreadsheet.
_YES = (
    "1 true yes y on x t enabled wahr ja j vrai oui o verdadero si s\u00ed vero s\u00ec sim "
    "verdadeiro tak prawda ano igen evet da \u0434\u0430 \u0442\u0430\u043a \u03bd\u03b1\u03b9 "
    "kyll\u00e4 \u662f \u306f\u3044 \uc608"
)
_NO = (
    "0 false no n off f disabled falsch nein faux non falso n\u00e3o nao nie fa\u0142sz ne nem "
    "hay\u0131r hayir nu \u043d\u0435\u0442 \u043d\u0456 \u03cc\u03c7\u03b9 ei nei nej nee "
    "\u5426 \u3044\u3044\u3048 \uc544\ub2c8\uc694"
)
YES: Final = frozenset(_YES.split())
NO: Final = frozenset(_NO.split())


def parse_yes_or_no(text: str, yes: Collection[str] = YES, no: Collection[str] = NO) -> bool:
    """Raises BadCell."""
    word = normalize_word(text)
    if word in yes:
        return True
    if word in no:
        return False
    raise BadCell(
        "not_yes_or_no",
        "Must be yes or no (or 1 or 0, true or false). Say other words in the mapping: "
        '"true": ["..."], "false": ["..."].',
    )


def normalize_word(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def split_list(text: str, separator: str) -> list[str]:
    """The parts that are not empty, each once. A backslash keeps a separator as part of a text."""
    if "\\" + separator in text:
        pattern = rf"(?<!\\){re.escape(separator)}"
        parts: Sequence[str] = [
            part.replace("\\" + separator, separator) for part in re.split(pattern, text)
        ]
    else:
        parts = text.split(separator)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def parse_category_names(text: str, level_separator: str) -> list[str]:
    """The names of a category and those above it, from the root down. Raises BadCell."""
    names = [name.strip() for name in text.split(level_separator) if name.strip()]
    if len(names) > CATEGORY_DEPTH_MAX:
        message = f"A category has at most {CATEGORY_DEPTH_MAX} levels. Leave out some."
        raise BadCell("too_many_levels", message)
    return names


def is_gtin(text: str) -> bool:
    """Whether the digits are a GTIN with the right check digit. Else it is a number of the shop."""
    digits = re.sub("[ -]", "", text)
    if len(digits) not in (8, 12, 13, 14) or not (digits.isascii() and digits.isdigit()):
        return False
    weighted = sum(
        int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(reversed(digits))
    )
    return weighted % 10 == 0
