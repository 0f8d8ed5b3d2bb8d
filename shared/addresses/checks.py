"""Checks addresses by the rules of their country, and puts them into its form. Pure.

A field is required only where the country requires it. A region that addresses of the country need
not have stays as it was typed, whether the shop knows it or not.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from shared.addresses.country_rules import CountryRules, Region, get_rules
from shared.addresses.postal_codes import normalize_postal_code
from shared.addresses.regions import find_region
from shared.addresses.schemas import Address, PartialAddress
from shared.characters import is_visible
from shared.http.schemas import invalid_fields_error
from shared.records import Record

SHIPPING_ADDRESS = ("body", "shipping_address")  # the path of most addresses in requests

_EXAMPLES_MAX = 3  # regions that a message names; details have all

Path = tuple[str, ...]
Problem = tuple[str, str, str]  # field, code, message


class CheckedAddress(Record):
    """An address in the form of its country. Blank fields are None."""

    country: str
    name: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    region_code: str | None = None
    phone: str | None = None

    def to_stored(self) -> dict[str, str | None]:
        """The fields of a stored address. Older code needs a text in those that it requires."""
        return {**self._values(), "postal_code": self.postal_code or "", "city": self.city or ""}


def check_address(address: Address, at: Path = SHIPPING_ADDRESS) -> CheckedAddress:
    """The address in the form of its country. Raises InvalidFields, with paths that start `at`."""
    rules = get_rules(address.country)
    checked = _normalize(address, rules)
    missing: list[Problem] = [
        (field, "required", _missing(rules, field))
        for field in ("line1", "city", "region", "postal_code")
        if field in rules.required and getattr(checked, field) is None
    ]
    return _require_valid(checked, rules, missing, at)


def check_partial_address(address: PartialAddress, at: Path = SHIPPING_ADDRESS) -> CheckedAddress:
    """As `check_address`, but no field is required. Raises InvalidFields."""
    rules = get_rules(address.country)
    return _require_valid(_normalize(address, rules), rules, [], at)


def region_details(regions: tuple[Region, ...]) -> list[dict[str, str]]:
    """The regions, as the details of a refusal list them."""
    return [{"code": region.code, "name": region.name} for region in regions]


def _normalize(address: Address | PartialAddress, rules: CountryRules) -> CheckedAddress:
    typed: dict[str, Any] = {field: _clean(value) for field, value in address.model_dump().items()}
    if "city" not in rules.required and "region" in rules.required and not typed["region"]:
        typed["region"] = _region_of_city(rules, typed["city"])
    region = find_region(rules.code, typed["region"])
    code = typed["postal_code"]
    typed["postal_code"] = (normalize_postal_code(rules, code) or code) if code else None
    typed["region_code"] = region.code if region else None
    return CheckedAddress(**{**typed, "country": rules.code})


def _clean(value: str | None) -> str | None:
    """The text as it is stored; None for one that shows nothing."""
    if value is None or not is_visible(value):
        return None
    return unicodedata.normalize("NFC", value).strip()


def _region_of_city(rules: CountryRules, city: str | None) -> str | None:
    """Where addresses need a region but no city, many write the region as the city: Dubai."""
    region = find_region(rules.code, city)
    return region.name if region else None


def _require_valid(
    checked: CheckedAddress, rules: CountryRules, problems: list[Problem], at: Path
) -> CheckedAddress:
    problems = [*problems, *_wrong_region(checked, rules), *_wrong_postal_code(checked, rules)]
    if not problems:
        return checked
    refusal = invalid_fields_error(
        [{"loc": (*at, field), "type": code, "msg": message} for field, code, message in problems]
    )
    if any(field == "region" for field, _, _ in problems) and rules.main_regions:
        refusal.details["regions"] = region_details(rules.main_regions)
    raise refusal


def _missing(rules: CountryRules, field: str) -> str:
    examples = {
        "region": ", such as " + _name_regions(rules) if rules.main_regions else "",
        "postal_code": f", such as {rules.examples[0]}" if rules.examples else "",
    }
    return f"Is required in addresses of this country ({rules.name}){examples.get(field, '')}"


def _name_regions(rules: CountryRules) -> str:
    shown = [f"{region.code} ({region.name})" for region in rules.main_regions[:_EXAMPLES_MAX]]
    return ", ".join(shown)


def _wrong_region(checked: CheckedAddress, rules: CountryRules) -> Iterator[Problem]:
    """A region that addresses need, and that the shop does not know."""
    is_unknown = checked.region is not None and checked.region_code is None
    if is_unknown and "region" in rules.required and rules.address_regions:
        examples = _name_regions(rules)
        message = f"Must be the code or the name of a region of {rules.name}, such as {examples}"
        yield "region", "unknown_region", message


def _wrong_postal_code(checked: CheckedAddress, rules: CountryRules) -> Iterator[Problem]:
    code = checked.postal_code
    if code is None or rules.pattern is None:
        return
    if normalize_postal_code(rules, code) is None:
        examples = " or ".join(rules.examples[:2])
        message = f"Must be a postal code of {rules.name}, such as {examples}"
        yield "postal_code", "wrong_format", message
        return
    region = find_region(rules.code, checked.region_code)
    if region and region.postal and not re.match(region.postal, code):
        yield (
            "postal_code",
            "wrong_region",
            f"Is no postal code of {region.name}. Correct the postal code or the region",
        )
