"""Pure: which postal codes staff name, and which destination an address gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import postal_codes
from orders.pricing.rate_tables import ShipTo, TaxRates
from shared.errors.orders import NoTaxRate, UnknownRegion
from tests.support import pricing


def is_named(code: str, text: str, country: str) -> bool:
    named = postal_codes.parse_range(text, country)
    return named.contains(postal_codes.normalize(code, country))


@pytest.mark.parametrize(
    ("country", "text", "codes", "others"),
    [
        ("US", "10001", ["10001", "10001-4356", " 10001 "], ["10002", "1000", ""]),
        ("US", "100*", ["10001", "10099-1234"], ["10101"]),
        ("CA", "H2X 1Y4", ["h2x1y4", "H2X-1Y4"], ["H2X 1Y5"]),
        ("CA", "H2X*", ["h2x 1y4", "H2X9Z9"], ["H2Y 1Y4"]),
        ("GB", "BT*", ["BT1 5GS", "bt92 9zz"], ["B1 1AA"]),
        ("ES", "35000..35660", ["35001", "35660"], ["34999", "35661", "36001"]),
        ("ES", "38..38", ["38001", "38999"], ["37999", "39001"]),
        ("DE", "78266", ["78266", "７８２６６"], ["78267"]),
        ("PT", "9000-001..9999-999", ["9500-339"], ["8999-999"]),
        ("JP", "900-0000..909-9999", ["900-0014", "9000014"], ["910-0001"]),
    ],
)
def test_a_text_names_its_codes_and_no_others(country, text, codes, others):
    assert [code for code in codes if not is_named(code, text, country)] == []
    assert [code for code in others if is_named(code, text, country)] == []


@pytest.mark.parametrize("text", ["35660..35000", "350..35660", "38..3"])
def test_a_range_has_its_ends_in_order_and_of_one_length(text):
    assert not postal_codes.is_in_order(text, "ES")


@pytest.mark.parametrize(
    "texts",
    [
        ["10001", "10001-4356"],
        ["100*", "10099"],
        ["10000..10100", "10100..10200"],
        ["10000..19999", "12*"],
    ],
)
def test_texts_that_name_the_same_code_overlap(texts):
    assert set(postal_codes.find_overlap(texts, "US")) == set(texts)


@given(st.lists(st.tuples(st.integers(0, 99_999), st.integers(0, 500)), max_size=6))
def test_ranges_overlap_if_they_share_a_code(pairs):
    ends = [(first, min(first + length, 99_999)) for first, length in pairs]
    codes = [code for first, last in ends for code in range(first, last + 1)]
    texts = [f"{first:05}..{last:05}" for first, last in ends]

    assert (postal_codes.find_overlap(texts, "DE") is None) is (len(set(codes)) == len(codes))


def rate_of(country: str, region: str | None, code: str | None) -> int:
    def taxed(ppm: int, **where):
        return pricing.destination(rates={"standard": ppm}, **where)

    document = {
        "destinations": [
            taxed(1, country="US"),
            taxed(2, country="US", region="NY"),
            taxed(3, country="US", postal_codes=["10000..10299", "99501"]),
            taxed(4, country="US", region="NY", postal_codes=["10001"]),
            taxed(5, country="CA", postal_codes=["10001"]),
        ]
    }
    ship_to = ShipTo(country, region, code)
    return TaxRates.from_document(json.dumps(document)).destination(ship_to).rate_ppm("standard")


@pytest.mark.parametrize(
    ("where", "ppm"),
    [
        (("US", "CA", "94016"), 1),
        (("US", "NY", None), 2),
        (("US", "NY", "14201"), 2),
        (("US", "NY", "10299-0001"), 3),
        (("US", "ny", "10001"), 4),
        (("US", "AK", "99501"), 3),
        (("CA", None, "10001"), 5),
    ],
)
def test_the_most_specific_destination_taxes_an_address(where, ppm):
    """Postal code within its region, postal code, region, country."""
    assert rate_of(*where) == ppm


@pytest.mark.parametrize(
    ("where", "refusal"),
    [
        (("US", None, "10001"), UnknownRegion),  # the shop has a destination of a region
        (("CA", None, "10002"), NoTaxRate),
        (("CA", None, None), NoTaxRate),
        (("MX", None, "10001"), NoTaxRate),
    ],
)
def test_an_address_outside_all_destinations_is_refused(where, refusal):
    with pytest.raises(refusal):
        rate_of(*where)
