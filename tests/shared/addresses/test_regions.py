"""Pure: regions by code or name, in any spelling."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses.country_rules import get_rules
from shared.addresses.regions import find_region, list_places, place_of
from shared.countries import CODES


def code_of(country: str, text: str) -> str | None:
    found = find_region(country, text)
    return found.code if found else None


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "NY", "US-NY"),
        ("US", "us-ny", "US-NY"),
        ("US", "new york", "US-NY"),
        ("US", "  State of New York ", "US-NY"),
        ("US", "D.C.", "US-DC"),
        ("US", "AE", "US-AE"),
        ("US", "Puerto Rico", "US-PR"),
        ("CA", "québec", "CA-QC"),
        ("CA", "QUEBEC", "CA-QC"),
        ("CA", "Que\u0301bec", "CA-QC"),
        ("CA", "qc", "CA-QC"),
        ("CA", "Colombie-Britannique", "CA-BC"),
        ("JP", "東京都", "JP-13"),
        ("JP", "Tokyo", "JP-13"),
        ("JP", "tōkyō", "JP-13"),
        ("CN", "广东", "CN-GD"),
        ("CN", "Guangdong", "CN-GD"),
        ("KR", "서울", "KR-11"),
        ("KR", "Seoul", "KR-11"),
        ("AE", "دبي", "AE-DU"),
        ("AE", "Dubai", "AE-DU"),
        ("HK", "九龍", "HK-KOWLOON"),
        ("HK", "Central", "HK-HONG-KONG-ISLAND"),
        ("DE", "Bavaria", "DE-BY"),
        ("DE", "Baden-Wuerttemberg", "DE-BW"),
        ("BR", "sao paulo", "BR-SP"),
        ("ES", "Canarias", "ES-CN"),
        ("PT", "Açores", "PT-20"),
        ("IE", "Co. Dublin", "IE-D"),
        ("PL", "łódzkie", "PL-10"),
        ("TR", "İSTANBUL", "TR-34"),
        ("GB", "northern ireland", "GB-NIR"),
        ("IN", "Delhi", "IN-DL"),
        ("UA", "Київ", "UA-30"),
        ("AU", "n.s.w.", "AU-NSW"),
    ],
)
def test_a_region_is_found_by_code_and_name(country, text, code):
    assert code_of(country, text) == code


@pytest.mark.parametrize(
    ("country", "text"),
    [("US", "Ontario"), ("CA", "NY"), ("SG", "Singapore"), ("VA", "x"), ("US", ""), ("US", "!")],
)
def test_what_names_no_region_finds_none(country, text):
    assert code_of(country, text) is None


def test_a_name_of_two_regions_finds_none():
    assert code_of("BG", "Sofia") is None  # the city and the district around it
    assert code_of("BG", "BG-22") == "BG-22"


ALL_REGIONS = [region for country in sorted(CODES) for region in get_rules(country).regions]


@given(st.sampled_from(ALL_REGIONS), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_any_case_and_unicode_form_of_a_code_finds_it(region, form):
    country = region.code[:2]
    for text in (region.code, region.code.lower(), region.code.swapcase()):
        assert code_of(country, unicodedata.normalize(form, text)) == region.code


@given(st.sampled_from(ALL_REGIONS), st.sampled_from(["NFC", "NFD", "NFKD"]))
def test_all_spellings_of_a_name_find_the_same(region, form):
    country, name = region.code[:2], region.local_name or region.name
    found = code_of(country, name)

    for text in (name.upper(), name.lower(), f"\u00a0{name} "):
        assert code_of(country, unicodedata.normalize(form, text)) == found


def test_offered_regions_have_names_of_their_own():
    for country in sorted(CODES):
        for region in get_rules(country).address_regions:
            assert code_of(country, region.name) == region.code, region
            assert region.local_name is None or code_of(country, region.local_name) == region.code


def test_codes_are_unique():
    codes = [region.code for region in ALL_REGIONS]

    assert len(codes) == len(set(codes))


def test_places_go_from_the_part_to_the_whole():
    places = list_places("ES", "Las Palmas")

    assert places == [("ES", "ES-GC"), ("ES", "ES-CN"), ("ES", "")]


def test_a_territory_is_a_region_and_a_country():
    assert list_places("US", "Puerto Rico") == [("US", "US-PR"), ("PR", ""), ("US", "")]
    assert list_places("PR", None) == [("PR", ""), ("US", "US-PR")]


def test_an_unknown_region_stands_for_itself():
    assert place_of("DE", "  Mittelerde ") == ("DE", "mittelerde")
    assert place_of("DE", "Bayern") == ("DE", "DE-BY")
