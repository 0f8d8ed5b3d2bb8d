"""Finds a region of a country by its code or by one of its names. Pure.

People write `NY`, `us-ny`, `new york`, `State of New York`; `québec`, `Quebec`; `東京都`, `Tokyo`.
Case, accents, punctuation and Unicode forms make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from shared.addresses.country_rules import Region, get_rules

# Letters that no Unicode form decomposes.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
# A word for the kind of region, which some write and some omit.
_KINDS = re.compile(
    r"^(the |county |co\.? |state of |province of |city of )"
    r"| (state|province|prefecture|county|region|oblast|district|emirate|parish|department)$"
)
_DIGRAPHS = re.compile("([aou])e")  # how umlauts are typed on other keyboards

# Regions that are countries of their own in ISO 3166-1.
_TERRITORIES = {
    "CN-HK": "HK",
    "CN-MO": "MO",
    "CN-TW": "TW",
    "FI-01": "AX",
    "FR-971": "GP",
    "FR-972": "MQ",
    "FR-973": "GF",
    "FR-974": "RE",
    "FR-976": "YT",
    "NL-AW": "AW",
    "NL-CW": "CW",
    "NL-SX": "SX",
    "US-AS": "AS",
    "US-GU": "GU",
    "US-MP": "MP",
    "US-PR": "PR",
    "US-UM": "UM",
    "US-VI": "VI",
}
_STATES = {country: region for region, country in _TERRITORIES.items()}

Place = tuple[str, str]  # a country, and the code of a region or its folded name; empty for none


def fold(text: str) -> str:
    """The text without what people write in different ways."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return "".join(character for character in decomposed if character.isalnum())


def find_region(country: str, text: str | None) -> Region | None:
    """The region that the text names; None if it names none, or several."""
    if not text or not text.strip():
        return None
    return _by_name(country).get(fold(text)) or _by_loose_name(country).get(_fold_loosely(text))


def place_of(country: str, region: str | None) -> Place:
    """The place that a country and a region name. An unknown region stands for itself."""
    found = find_region(country, region)
    return country, found.code if found else fold(region or "")


def list_places(country: str, region: str | None) -> list[Place]:
    """The place and those that it is a part of, up to the country, the smallest first.

    A territory that also is a country, such as Puerto Rico, is both.
    """
    place = place_of(country, region)
    places = [place]
    if place[1] in _TERRITORIES:
        places.append((_TERRITORIES[place[1]], ""))
    parents = {region.code: region.parent for region in get_rules(country).regions}
    code = place[1]
    while parent := parents.get(code):
        places.append((country, parent))
        code = parent
    places.append((country, ""))
    if country in _STATES and not place[1]:
        places.append((_STATES[country][:2], _STATES[country]))
    return list(dict.fromkeys(places))


def _fold_loosely(text: str) -> str:
    plain = " ".join(text.casefold().split())
    return _DIGRAPHS.sub(r"\1", fold(_KINDS.sub("", plain)))


@lru_cache(maxsize=64)
def _by_name(country: str) -> dict[str, Region | None]:
    """The regions by folded code and name. A name of several regions is none's.

    Codes go before names, and the regions that addresses have before the others.
    """
    regions = get_rules(country).regions
    found: dict[str, Region | None] = {}
    for names in _ranked_names(regions):
        found = {**_unambiguous((fold(name), region) for name, region in names), **found}
    return found


@lru_cache(maxsize=64)
def _by_loose_name(country: str) -> dict[str, Region | None]:
    regions = get_rules(country).regions
    return _unambiguous(
        (_fold_loosely(name), region)
        for region in regions
        for name in filter(None, (region.name, region.local_name, *region.names))
    )


Names = Iterator[tuple[str, Region]]


def _ranked_names(regions: Iterable[Region]) -> Iterator[Names]:
    offered = [region for region in regions if region.is_in_addresses]
    whole = [region for region in regions if not region.is_in_addresses and not region.parent]
    parts = [region for region in regions if not region.is_in_addresses and region.parent]
    yield ((region.code, region) for region in regions)
    yield ((region.key, region) for region in offered if region.key)
    for group in (offered, whole, parts):
        yield ((region.code.partition("-")[2], region) for region in group)
        yield (
            (name, region)
            for region in group
            for name in filter(None, (region.name, region.local_name))
        )
        yield ((name, region) for region in group for name in region.names)


def _unambiguous(names: Iterable[tuple[str, Region]]) -> dict[str, Region | None]:
    found: dict[str, Region | None] = {}
    for name, region in names:
        found[name] = region if found.get(name, region) is region else None
    return found
