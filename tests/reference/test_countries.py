"""Countries: what a checkout asks for."""

import re

import pytest

from reference.handler import handler
from shared.addresses.country_rules import get_rules
from shared.countries import CODES
from tests.support.http import NOBODY, Answer, send


def get_country(code: str, **headers: str) -> Answer:
    path = {"code": code}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(handler, "reference.get_country", caller=NOBODY, path=path, headers=sent)


def list_countries(**headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(handler, "reference.list_countries", caller=NOBODY, headers=sent)


def test_all_countries_are_listed_by_code():
    answer = list_countries()

    assert answer.status == 200
    assert [country["code"] for country in answer.body["items"]] == sorted(CODES)
    assert {"code": "HK", "name": "Hong Kong"} in answer.body["items"]
    assert answer.body["next_cursor"] is None


def test_a_country_tells_its_fields_in_order():
    fields = get_country("US").body["fields"]

    assert [(field["name"], field["label"], field["required"]) for field in fields] == [
        ("name", "Name", True),
        ("company", "Company", False),
        ("line1", "Street address", True),
        ("line2", "Apartment, floor, building", False),
        ("city", "City", True),
        ("region", "State", True),
        ("postal_code", "ZIP code", True),
        ("phone", "Phone", False),
    ]


@pytest.mark.parametrize(
    ("country", "labels"),
    [
        ("JP", {"region": "Prefecture", "postal_code": "Postal code"}),
        ("IE", {"region": "County", "postal_code": "Eircode"}),
        ("IN", {"region": "State", "postal_code": "PIN code"}),
        ("GB", {"city": "Post town"}),
        ("HK", {"city": "District", "region": "Area"}),
        ("AE", {"region": "Emirate"}),
        ("CA", {"region": "Province"}),
    ],
)
def test_fields_have_the_names_of_the_country(country, labels):
    fields = {field["name"]: field["label"] for field in get_country(country).body["fields"]}

    assert fields.items() >= labels.items()


def test_a_country_without_postal_codes_asks_for_none():
    country = get_country("HK").body

    assert country["postal_code"] is None
    assert "postal_code" not in {field["name"] for field in country["fields"]}
    assert {"code": "HK-KOWLOON", "name": "Kowloon", "local_name": "九龍"} in country["regions"]


def test_regions_have_codes_and_names():
    country = get_country("ES").body

    assert {"code": "ES-GC", "name": "Las Palmas", "local_name": None} in country["regions"]
    (parent,) = [each for each in country["subdivisions"] if each["code"] == "ES-CN"]
    (part,) = [each for each in country["subdivisions"] if each["code"] == "ES-GC"]
    assert (part["parent_code"], parent["parent_code"]) == ("ES-CN", None)


def test_lines_are_those_of_a_printed_address():
    assert get_country("DE").body["lines"] == [
        ["name"],
        ["company"],
        ["line1"],
        ["line2"],
        ["postal_code", "city"],
    ]


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_country_is_described(code):
    answer = get_country(code)

    assert (answer.status, answer.body["code"]) == (200, code)
    for example in get_rules(code).examples:
        assert re.match(answer.body["postal_code"]["pattern"], example)
    names = [field["name"] for field in answer.body["fields"]]
    assert {"name", "line1", "line2", "phone"} <= set(names)
    assert len(names) == len(set(names))


def test_a_code_in_small_letters_is_the_same_country():
    assert get_country("hk").body == get_country("HK").body


@pytest.mark.parametrize("code", ["XX", "*", "US-NY", "", "\u00df", "x" * 500])
def test_an_unknown_country_is_not_found(code):
    answer = get_country(code)

    assert answer.status == 404


def test_an_unknown_country_has_a_code_of_its_own():
    assert get_country("XX").code == "country_not_found"


@pytest.mark.parametrize("read", [list_countries, lambda **more: get_country("US", **more)])
def test_caches_may_keep_countries_for_a_day(read):
    answer = read()

    again = read(if_none_match=answer.headers["ETag"])

    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert (again.status, again.headers["ETag"]) == (304, answer.headers["ETag"])
    assert read(if_none_match='"other"').status == 200
