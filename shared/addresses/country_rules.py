"""The rules of addresses by country: fields, postal codes and regions.

`countries.jsonl` has a line of JSON for each country, which `make address-rules` compiles from the
data of two libraries (ADR 64). A country's line is read when its first address is checked.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from shared.countries import CODES
from shared.records import Record

_DATA = Path(__file__).with_name("countries.jsonl")

# The letters of the formats, and our fields.
FIELDS = {
    "N": "name",
    "O": "company",
    "A": "line1",
    "C": "city",
    "S": "region",
    "Z": "postal_code",
}
LABELLED = ("city", "region", "postal_code")  # fields that countries call by different names


class Region(Record):
    """A part of a country: one that its addresses name, or another one of ISO 3166-2."""

    code: str  # of ISO 3166-2; where it has none, the country and the region's name (`HK-KOWLOON`)
    name: str  # in Latin letters
    local_name: str | None = None  # in another script
    key: str | None = None  # as addresses have it, if that is no name: `NY`
    names: tuple[str, ...] = ()  # other names
    parent: str | None = None  # the code of the region that it is a part of
    postal: str | None = None  # a regular expression for the start of its postal codes
    is_in_addresses: bool = False


class CountryRules(Record):
    code: str
    name: str
    layout: str  # of a printed address: `%N%n%A%n%Z %C`, as Google's address data have it
    latin_layout: str  # of one in Latin letters
    required: frozenset[str]  # names of fields
    labels: dict[str, str]  # what the country calls a field, if it differs from most others
    pattern: str | None  # of postal codes; without one, the country has none
    examples: tuple[str, ...]  # of postal codes
    regions: tuple[Region, ...]

    def has(self, field: str) -> bool:
        """Whether printed addresses have the field."""
        return any(f"%{letter}" in self.layout for letter, name in FIELDS.items() if name == field)

    @property
    def address_regions(self) -> tuple[Region, ...]:
        return tuple(region for region in self.regions if region.is_in_addresses)

    @property
    def main_regions(self) -> tuple[Region, ...]:
        """The regions to offer: those of addresses, or else those that are a part of no other."""
        parentless = tuple(region for region in self.regions if region.parent is None)
        return self.address_regions or parentless


@lru_cache(maxsize=64)
def get_rules(country: str) -> CountryRules:
    """The rules of a country by its code. Raises KeyError for a code without a country."""
    if country not in CODES:
        raise KeyError(country)
    data = _DATA.read_bytes()
    start = data.index(b'{"code": "%s", ' % country.encode())
    return _to_rules(json.loads(data[start : data.index(b"\n", start)]))


def list_countries() -> list[tuple[str, str]]:
    """Code and name of each country, by code."""
    lines = _DATA.read_text(encoding="utf-8").splitlines()
    found = (json.loads(line) for line in lines)
    return [(country["code"], country["name"]) for country in found]


def _to_rules(found: dict[str, Any]) -> CountryRules:
    return CountryRules(
        code=found["code"],
        name=found["name"],
        layout=found["format"],
        latin_layout=found.get("latin_format", found["format"]),
        required=frozenset(FIELDS[letter] for letter in found["required"]),
        labels={
            field: found[field] for field in ("region", "city", "postal_code") if field in found
        },
        pattern=found.get("pattern"),
        examples=tuple(found.get("examples", ())),
        regions=tuple(
            Region(**{**region, "names": tuple(region.get("names", ()))})
            for region in found.get("regions", ())
        ),
    )
