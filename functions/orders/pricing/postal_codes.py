"""Postal codes that staff name: one code, the start of codes, or a range of them. Pure.

| staff write | and mean |
|---|---|
| `10001` | this code |
| `H2X*` | each code that begins so |
| `35000..35660` | each code from the first to the last; codes that begin like the last count |

Case, spaces and hyphens do not matter. Each of these is a range of texts in alphabetical order.
"""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from shared.records import Record

PREFIX, RANGE = "*", ".."
_LAST = "\U0010ffff"  # after each character that a code can have
# The five digits name the place. The four after them, which few people know, name a side of a road.
_ZIP_CODES = frozenset({"US", "PR", "GU", "VI", "AS", "MP"})
_ZIP_DIGITS = 5


class PostalRange(Record):
    """Normalised codes from `first` to `last`, both included."""

    first: str
    last: str

    def contains(self, code: str) -> bool:
        """Whether a normalised code is one of them."""
        return self.first <= code <= self.last


def normalize(code: str, country: str) -> str:
    """Capital letters and digits alone; of a ZIP+4 code the first five."""
    text = unicodedata.normalize("NFKC", code).upper()
    plain = "".join(character for character in text if character.isalnum())
    return plain[:_ZIP_DIGITS] if country in _ZIP_CODES else plain


def parse_range(text: str, country: str) -> PostalRange:
    """The range may be out of order: then it contains no code."""
    first, is_range, last = text.partition(RANGE)
    start = normalize(first, country)
    if is_range:
        return PostalRange(start, normalize(last, country) + _LAST)
    return PostalRange(start, start + _LAST if text.rstrip().endswith(PREFIX) else start)


def is_in_order(text: str, country: str) -> bool:
    """Whether the ends of a range have one length and the right order. True for other texts."""
    first, is_range, last = text.partition(RANGE)
    if not is_range:
        return True
    start, end = normalize(first, country), normalize(last, country)
    return len(start) == len(end) and start <= end


def find_overlap(texts: Iterable[str], country: str) -> tuple[str, str] | None:
    """Two of these texts that name the same code, or None."""
    ranges = [(parse_range(text, country), text) for text in texts]
    ranges.sort(key=lambda found: (found[0].first, found[0].last))
    for (before, text), (after, other) in pairwise(ranges):
        if after.first <= before.last:
            return text, other
    return None
