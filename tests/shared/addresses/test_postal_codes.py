"""Pure: postal codes in the form of their country, and what is none."""

import pytest

from shared.addresses.country_rules import get_rules
from shared.addresses.postal_codes import normalize_postal_code
from shared.countries import CODES


def normalize(country: str, typed: str) -> str | None:
    return normalize_postal_code(get_rules(country), typed)


@pytest.mark.parametrize(
    ("country", "typed", "written"),
    [
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", " SW1A  1AA ", "SW1A 1AA"),
        ("GB", "m2 5bq", "M2 5BQ"),
        ("GB", "gir0aa", "GIR 0AA"),
        ("GB", "bfpo61", "BFPO 61"),
        ("CA", "h3z2y7", "H3Z 2Y7"),
        ("CA", "H3Z-2Y7", "H3Z 2Y7"),
        ("NL", "1234ab", "1234 AB"),
        ("NL", "NL-1234 AB", "1234 AB"),
        ("PL", "00950", "00-950"),
        ("JP", "1540023", "154-0023"),
        ("JP", "〒１５４－００２３", "154-0023"),
        ("US", "10001", "10001"),
        ("US", "221621010", "22162-1010"),
        ("US", "22162 1010", "22162-1010"),
        ("PT", "2725079", "2725-079"),
        ("SE", "11455", "114 55"),
        ("SE", "SE-114 55", "114 55"),
        ("DE", "D-10115", "10115"),
        ("CZ", "10000", "100 00"),
        ("IE", "a65f4e2", "A65 F4E2"),
        ("BR", "40301110", "40301-110"),
        ("LV", "1073", "LV-1073"),
        ("MT", "vlt1117", "VLT 1117"),
        ("IN", "110 034", "110034"),
        ("IR", "۱۱۹۳۶۱۲۳۴۵", "11936-12345"),
        ("SA", "١٢٣٤٥", "12345"),
    ],
)
def test_a_postal_code_is_written_as_its_country_does(country, typed, written):
    assert normalize(country, typed) == written


@pytest.mark.parametrize(
    ("country", "typed"),
    [
        ("GB", "12345"),
        ("GB", "SW1A"),
        ("CA", "D3Z 2Y7"),
        ("CA", "90210"),
        ("US", "1234"),
        ("US", "SW1A 1AA"),
        ("NL", "0123 AB"),
        ("PL", "0095"),
        ("JP", "123"),
        ("PT", "2725"),
        ("SE", "1145"),
        ("DE", "1011"),
        ("AU", "20000"),
        ("FR", "7500"),
        ("US", "-"),
    ],
)
def test_a_code_of_another_form_is_none_of_the_country(country, typed):
    assert normalize(country, typed) is None


@pytest.mark.parametrize("country", ["HK", "AE", "PA", "QA"])
def test_a_country_without_postal_codes_takes_any(country):
    assert normalize(country, "000 000") == "000 000"


@pytest.mark.parametrize("country", sorted(CODES))
def test_examples_are_codes_of_their_country(country):
    rules = get_rules(country)

    for example in rules.examples:
        squeezed = "".join(filter(str.isalnum, example)).lower()
        assert normalize_postal_code(rules, example) == example
        assert normalize_postal_code(rules, squeezed) == example
