"""Pure: addresses by the rules of their country, right and wrong."""

from typing import Any

import pytest

from shared.addresses.checks import CheckedAddress, check_address, check_partial_address
from shared.addresses.country_rules import get_rules
from shared.addresses.schemas import Address, PartialAddress
from shared.countries import CODES
from shared.errors.requests import InvalidFields


def check(country: str, **fields: Any) -> CheckedAddress:
    address = {"name": "Ada", "line1": "1 Main Street", "country": country} | fields
    return check_address(Address.model_validate(address))


def problems(country: str, **fields: Any) -> dict[str, str]:
    """Code of the problem by field."""
    with pytest.raises(InvalidFields) as refusal:
        check(country, **fields)
    found = refusal.value.details["fields"]
    return {problem["path"].rpartition(".")[2]: problem["code"] for problem in found}


@pytest.mark.parametrize(
    ("country", "fields"),
    [
        ("GB", {"city": "London", "postal_code": "SW1Y 4JH"}),
        ("GB", {"city": "London", "postal_code": "SW1Y 4JH", "region": "Greater London"}),
        ("HK", {"region": "Kowloon", "city": "Mong Kok"}),
        ("HK", {"region": "九龍", "line1": "彌敦道1號"}),
        ("HK", {"city": "Central"}),
        ("HK", {"city": "Hong Kong", "postal_code": "000000"}),
        ("AE", {"region": "Dubai"}),
        ("AE", {"city": "Dubai"}),
        ("SG", {"postal_code": "546080"}),
        ("SG", {"postal_code": "546080", "city": "Singapore"}),
        ("JP", {"postal_code": "100-0001", "region": "東京都", "line1": "千代田区丸の内1-1"}),
        ("JP", {"postal_code": "100-0001", "region": "Tokyo", "city": "Chiyoda-ku"}),
        ("US", {"city": "Albany", "region": "NY", "postal_code": "12207"}),
        ("US", {"city": "APO", "region": "AE", "postal_code": "09012"}),
        ("US", {"city": "FPO", "region": "AP", "postal_code": "96601-1234"}),
        ("US", {"city": "San Juan", "region": "PR", "postal_code": "00901"}),
        ("PR", {"city": "San Juan", "postal_code": "00901"}),
        ("CA", {"city": "Montréal", "region": "Québec", "postal_code": "H3Z2Y7"}),
        ("BR", {"city": "São Paulo", "region": "SP", "postal_code": "01310-100"}),
        ("CN", {"city": "深圳市", "region": "广东省", "postal_code": "518000"}),
        ("IE", {"city": "Dublin", "postal_code": "D02 AF30"}),
        ("IE", {"city": "Galway", "region": "Co. Galway"}),
        ("VA", {"city": "Città del Vaticano", "postal_code": "00120"}),
        ("AX", {"city": "Mariehamn", "postal_code": "22100"}),
        ("IT", {"city": "Roma", "region": "RM", "postal_code": "00184"}),
        ("ES", {"city": "Las Palmas", "region": "Las Palmas", "postal_code": "35001"}),
        ("AU", {"city": "Sydney", "region": "nsw", "postal_code": "2000"}),
        ("IN", {"city": "Mumbai", "region": "Maharashtra", "postal_code": "400001"}),
        ("KR", {"city": "강남구", "region": "서울특별시", "postal_code": "06000"}),
        ("PA", {"city": "Panamá"}),
        ("GH", {"city": "Accra", "region": "Greater Accra"}),
        ("MO", {}),
    ],
)
def test_an_address_that_is_right_for_its_country_is_taken(country, fields):
    checked = check(country, **fields)

    assert checked.country == country
    assert checked.line1 == fields.get("line1", "1 Main Street")


@pytest.mark.parametrize(
    ("country", "fields", "wrong"),
    [
        ("GB", {"city": "London"}, {"postal_code": "required"}),
        ("GB", {"postal_code": "SW1Y 4JH"}, {"city": "required"}),
        ("GB", {"city": " ", "postal_code": "SW1Y 4JH"}, {"city": "required"}),
        ("GB", {"city": "\u200b", "postal_code": "SW1Y 4JH"}, {"city": "required"}),
        ("GB", {"city": "London", "postal_code": "12345"}, {"postal_code": "wrong_format"}),
        ("US", {"city": "Albany", "postal_code": "12207"}, {"region": "required"}),
        (
            "US",
            {"city": "Albany", "postal_code": "12207", "region": "Ontario"},
            {"region": "unknown_region"},
        ),
        (
            "US",
            {"city": "Albany", "postal_code": "90210", "region": "NY"},
            {"postal_code": "wrong_region"},
        ),
        (
            "US",
            {"city": "APO", "postal_code": "10001", "region": "AE"},
            {"postal_code": "wrong_region"},
        ),
        (
            "CA",
            {"region": "XX", "postal_code": "1234"},
            {"city": "required", "region": "unknown_region", "postal_code": "wrong_format"},
        ),
        ("HK", {"line1": "1 Nathan Road"}, {"region": "required"}),
        ("AE", {"city": "Paris"}, {"region": "required"}),
        ("JP", {"postal_code": "100-0001"}, {"region": "required"}),
        ("SG", {}, {"postal_code": "required"}),
        ("SG", {"postal_code": "5460"}, {"postal_code": "wrong_format"}),
        (
            "BR",
            {"city": "Rio", "region": "SP", "postal_code": "20000-000"},
            {"postal_code": "wrong_region"},
        ),
        ("DE", {"city": "Berlin", "postal_code": "1011"}, {"postal_code": "wrong_format"}),
        (
            "PR",
            {"city": "San Juan", "postal_code": "10001"},
            {"postal_code": "wrong_format"},
        ),
    ],
)
def test_a_wrong_address_is_refused_field_by_field(country, fields, wrong):
    assert problems(country, **fields) == wrong


def test_an_address_gets_the_form_of_its_country():
    checked = check(
        "US",
        name=" Jose\u0301 ",
        company="  ",
        city=" Albany",
        region=" new york",
        postal_code="122071234",
        phone=" +1 518 555 0100 ",
    )

    assert checked == CheckedAddress(
        country="US",
        name="José",
        line1="1 Main Street",
        city="Albany",
        region="new york",
        region_code="US-NY",
        postal_code="12207-1234",
        phone="+1 518 555 0100",
    )


def test_a_refusal_says_what_would_be_taken():
    with pytest.raises(InvalidFields) as refusal:
        check("CA", city="Montréal", region="Foo", postal_code="123")

    region, postal_code = refusal.value.details["fields"]
    assert "CA-AB (Alberta)" in region["message"]
    assert "H3Z 2Y7" in postal_code["message"]
    assert {"code": "CA-QC", "name": "Quebec"} in refusal.value.details["regions"]
    assert len(refusal.value.details["regions"]) == 13


def test_a_refusal_of_another_field_lists_no_regions():
    with pytest.raises(InvalidFields) as refusal:
        check("CA", city="Montréal", region="QC", postal_code="123")

    assert "regions" not in refusal.value.details


def test_a_path_of_the_caller_is_in_the_refusal():
    with pytest.raises(InvalidFields) as refusal:
        check_address(
            Address.model_validate({"name": "Ada", "line1": "1", "country": "SG"}), at=("body",)
        )

    assert refusal.value.details["fields"][0]["path"] == "body.postal_code"


def test_a_part_of_an_address_needs_only_its_country():
    part = check_partial_address(PartialAddress(country="US"))

    assert part == CheckedAddress(country="US")


def test_a_wrong_part_of_an_address_is_refused():
    with pytest.raises(InvalidFields):
        check_partial_address(PartialAddress(country="US", region="Ontario"))


@pytest.mark.parametrize(
    "phone",
    [
        "+44 20 7946 0958",
        "(030) 1234-5678",
        "555 0100 x12",
        "555 0100  ext. 12 ",
        "12345 ",
        "",
        " ",
    ],
)
def test_phone_numbers_have_the_usual_forms(phone):
    assert check("MO", phone=phone).phone == (phone.strip() or None)


@pytest.mark.parametrize(
    "phone", ["call me", "1234", "1234 ", " 1234  ", "+" * 10, "1" * 50, "555\n0100"]
)
def test_what_is_no_phone_number_is_refused(phone):
    with pytest.raises(ValueError, match="phone"):
        Address.model_validate({"name": "A", "line1": "1", "country": "MO", "phone": phone})


def test_each_country_has_rules():
    for country in CODES:
        rules = get_rules(country)
        assert (rules.code, "line1" in rules.required or country == "XX") == (country, True)
        assert rules.has("line1")
        assert rules.required <= {"line1", "city", "region", "postal_code"}
