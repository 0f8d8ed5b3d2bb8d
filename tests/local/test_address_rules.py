"""Compiling the rules of addresses from the data of two libraries."""

import json
from typing import Any

import pytest

from local.address_rules import TARGET, compile_country
from shared.countries import CODES

DEFAULTS = {
    "fmt": "%N%n%O%n%A%n%C",
    "require": "AC",
    "locality_name_type": "city",
    "state_name_type": "province",
    "zip_name_type": "postal",
}


def compile_rules(code: str, subdivisions: Any = (), **country: str) -> dict[str, Any]:
    fields = {**DEFAULTS, "key": code, **country}
    return compile_country(fields, {code: fields}, "Name", dict(subdivisions))


def test_a_country_of_which_little_is_known_has_defaults():
    assert compile_rules("GH") == {
        "code": "GH",
        "name": "Name",
        "format": "%N%n%O%n%A%n%C",
        "required": "AC",
    }


@pytest.mark.parametrize(
    ("layout", "cleaned"),
    [
        ("%A%n%D%n%C-%S%n%Z", "%A%n%C-%S%n%Z"),
        ("%A%n%D, %C%n%Z %S", "%A%n%C%n%Z %S"),
        ("%S%n%C, %D%n%A", "%S%n%C%n%A"),
        ("%X %A %C %X", "%A %C"),
        ("%A%nCH-%Z %C", "%A%nCH-%Z %C"),
    ],
)
def test_fields_that_addresses_do_not_have_leave_no_trace(layout, cleaned):
    assert compile_rules("BR", fmt=layout)["format"] == cleaned


def test_one_example_shows_each_form_of_a_postal_code():
    rules = compile_rules("US", fmt="%A%n%Z", zip=r"\\d{5}", zipex="95014,10001,22162-1010")

    assert rules["examples"] == ["95014", "22162-1010"]


def test_regions_have_the_codes_of_iso_3166_2():
    subdivisions = {
        "JP-13": {"name": "Tokyo", "names": ["Tokyo Metropolis"], "parent": None},
        "CN-AH": {"name": "Anhui Sheng", "names": ["Anhui", "安徽省"], "parent": None},
    }
    tokyo = compile_rules(
        "JP", subdivisions, sub_keys="東京都", sub_isoids="13", sub_lnames="Tokyo"
    )["regions"]
    anhui = compile_rules("CN", subdivisions, sub_keys="安徽省", sub_isoids="34")["regions"]

    assert tokyo[0] == {
        "code": "JP-13",
        "name": "Tokyo",
        "is_in_addresses": True,
        "local_name": "東京都",
        "names": ["Tokyo Metropolis"],
    }
    assert (anhui[0]["code"], anhui[0]["name"]) == ("CN-AH", "Anhui Sheng")


def test_a_region_without_such_a_code_has_one_of_its_name():
    regions = compile_rules("HK", sub_keys="New Territories", sub_names="新界")["regions"]

    assert (regions[0]["code"], regions[0]["local_name"]) == ("HK-NEW-TERRITORIES", "新界")


def test_a_subdivision_that_addresses_do_not_have_is_kept():
    subdivisions = {"PT-20": {"name": "Açores", "names": ["Azores"], "parent": None}}

    assert compile_rules("PT", subdivisions)["regions"] == [
        {"code": "PT-20", "name": "Açores", "names": ["Azores"]}
    ]


def test_the_compiled_file_has_a_line_for_each_country():
    lines = TARGET.read_text(encoding="utf-8").splitlines()

    assert [json.loads(line)["code"] for line in lines] == sorted(CODES)
