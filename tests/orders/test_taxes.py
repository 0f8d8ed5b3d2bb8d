"""Pure: several taxes in one destination, with sums from the laws' own examples and on paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import taxes
from orders.pricing.rounding import HALF_EVEN, HALF_UP, ROUNDINGS
from orders.pricing.taxes import PPM, ChargedTax, Tax

GST = Tax("GST", {"standard": 50_000})
QST = Tax("QST", {"standard": 99_750})


def tax(name: str, ppm: int, **more) -> Tax:
    return Tax(name, {"standard": ppm}, **more)


def added(listed, amount_minor: int) -> list[int]:
    return amounts(listed, amount_minor, is_included=False)


def included(listed, amount_minor: int) -> list[int]:
    return amounts(listed, amount_minor, is_included=True)


def amounts(listed, amount_minor: int, *, is_included: bool) -> list[int]:
    charged = taxes.charge_taxes(listed, amount_minor, "standard", is_included=is_included)
    return [each.amount_minor for each in charged]


def test_ten_percent_of_100_05_is_10_01():
    """A New Tax System (Goods and Services Tax) Act 1999, s 9-90: half a cent goes up."""
    assert added([tax("GST", 100_000)], 10_005) == [1_001]
    assert added([tax("GST", 100_000, rounding=HALF_EVEN)], 10_005) == [1_000]


def test_quebec_adds_gst_and_qst_to_10_10():
    """0.505 and 1.007475."""
    charged = taxes.charge_taxes([GST, QST], 1_010, "standard", is_included=False)

    assert charged == [ChargedTax("GST", 50_000, 51), ChargedTax("QST", 99_750, 101)]


SETUPS = {
    # A compound tax is charged on the rounded tax before it: 9.5 % of 10.10 + 0.51 is 1.00795.
    "Quebec before 2013": ([GST, tax("QST", 95_000, is_compound=True)], 1_010, False, [51, 101]),
    # 8 % of 12.35 is 0.988, 5 % is 0.6175; on Prince Edward Island 10 % of 12.35 + 0.62 is 1.297.
    "British Columbia": ([GST, tax("PST", 70_000)], 1_235, False, [62, 86]),
    "Prince Edward Island": (
        [GST, tax("PST", 100_000, is_compound=True)],
        1_235,
        False,
        [62, 130],
    ),
    # 4 %, 4.5 % and 0.375 % of 19.99: 0.7996, 0.89955, 0.0749625.
    "New York City": (
        [tax("State", 40_000), tax("City", 45_000), tax("MCTD", 3_750)],
        1_999,
        False,
        [80, 90, 7],
    ),
    # 21 % and the surcharge of equivalence of 5.2 % of 49.95: 10.4895 and 2.5974.
    "Spain, recargo": ([tax("IVA", 210_000), tax("RE", 52_000)], 4_995, False, [1_049, 260]),
    # 9 % each of 999.50 rupees: 89.955 twice.
    "India, one state": ([tax("CGST", 90_000), tax("SGST", 90_000)], 99_950, False, [8_996] * 2),
    # A price of 1,180.00 that includes both: 1,000.00 and 90.00 twice.
    "India, MRP": ([tax("CGST", 90_000), tax("SGST", 90_000)], 118_000, True, [9_000] * 2),
    # 10.00 rupees with both: 0.7627 twice, and 8.48 without.
    "India, ten rupees": ([tax("CGST", 90_000), tax("SGST", 90_000)], 1_000, True, [76] * 2),
    # 8.1 % of 19.90 francs that include it: 19.90 * 81 / 1081 is 1.49112.
    "Switzerland": ([tax("MWST", 81_000)], 1_990, True, [149]),
    # One eleventh of 1.65 dollars that include 10 %: 0.15. Of 1.71: 0.15545.
    "Australia": ([tax("GST", 100_000)], 165, True, [15]),
    "Australia, rounded": ([tax("GST", 100_000)], 171, True, [16]),
    # 10 % in a price of 105 yen: 9.545; and 8 % for food: 7.78.
    "Japan": ([tax("JCT", 100_000)], 105, True, [10]),
    "Japan, food": ([tax("JCT", 80_000)], 105, True, [8]),
    # 115.50 with 5 % and 10 % on top of both: 100.00, 5.00 and 10.50.
    "compound, included": ([GST, tax("X", 100_000, is_compound=True)], 11_550, True, [500, 1_050]),
    # ICMS-like cascades: 10 %, 5 % on both, 2 % on all: 10.00, 5.50, 2.31.
    "three in a row": (
        [tax("A", 100_000), tax("B", 50_000, is_compound=True), tax("C", 20_000, is_compound=True)],
        10_000,
        False,
        [1_000, 550, 231],
    ),
    # A simple tax after a compound one is charged on the price alone.
    "simple after compound": (
        [tax("A", 100_000), tax("B", 100_000, is_compound=True), tax("C", 100_000)],
        10_000,
        False,
        [1_000, 1_100, 1_000],
    ),
}


@pytest.mark.parametrize(
    ("listed", "amount_minor", "is_included", "expected"), SETUPS.values(), ids=SETUPS
)
def test_taxes_are_those_worked_out_on_paper(listed, amount_minor, is_included, expected):
    assert amounts(listed, amount_minor, is_included=is_included) == expected


def test_each_tax_has_a_rate_for_each_class():
    qst = Tax("QST", {"standard": 99_750, "books": 0})

    on_book = taxes.charge_taxes([GST, qst], 1_010, "books", is_included=False)
    on_tea = taxes.charge_taxes([GST, qst], 1_010, "tea", is_included=False)

    assert on_book == [ChargedTax("GST", 50_000, 51)]
    assert [each.name for each in on_tea] == ["GST", "QST"]


def test_each_tax_is_rounded_by_its_own_rule():
    listed = [tax("A", 100_000, rounding=HALF_UP), tax("B", 100_000, rounding=HALF_EVEN)]

    assert added(listed, 10_005) == [1_001, 1_000]


@pytest.mark.parametrize(
    ("listed", "ppm"),
    [
        ([], 0),
        ([GST, QST], 149_750),
        ([GST, tax("QST", 95_000, is_compound=True)], 149_750),
        ([GST, tax("X", 99_999, is_compound=True)], 154_999),  # 5 % and 10.499895 %
    ],
)
def test_the_rate_of_all_taxes_counts_what_they_tax(listed, ppm):
    assert taxes.combined_rate_ppm(listed, "standard") == ppm


def test_taxes_of_one_name_and_rate_are_one_entry():
    charged = [
        ChargedTax("VAT", 190_000, 19),
        ChargedTax("VAT", 70_000, 7),
        ChargedTax("VAT", 190_000, 1),
    ]

    assert taxes.group_taxes(charged) == [
        ChargedTax("VAT", 190_000, 20),
        ChargedTax("VAT", 70_000, 7),
    ]


def to_taxes(rates: list[tuple[int, str, bool]]) -> list[Tax]:
    """At most 100 % together, as staff can set them."""
    listed: list[Tax] = []
    for number, (ppm, rounding, is_compound) in enumerate(rates):
        new = tax(f"T{number}", ppm, rounding=rounding, is_compound=is_compound)
        if taxes.combined_rate_ppm([*listed, new], "standard") <= PPM:
            listed.append(new)
    return listed


LISTS = st.lists(
    st.tuples(st.integers(1, PPM), st.sampled_from(ROUNDINGS), st.booleans()),
    min_size=1,
    max_size=5,
).map(to_taxes)
AMOUNTS = st.integers(0, 10**12)


@given(LISTS, AMOUNTS)
def test_included_taxes_leave_a_price_that_has_them(listed, amount_minor):
    parts = included(listed, amount_minor)
    net_minor = amount_minor - sum(parts)

    assert all(part >= 0 for part in parts)
    assert net_minor >= 0
    # The same taxes added to the net price give the price again, up to the rounding of each.
    assert abs(net_minor + sum(added(listed, net_minor)) - amount_minor) <= 2 * len(listed)


@given(LISTS, AMOUNTS, st.booleans())
def test_a_refund_has_the_taxes_of_its_sale(listed, amount_minor, is_included):
    sale = amounts(listed, amount_minor, is_included=is_included)
    refund = amounts(listed, -amount_minor, is_included=is_included)

    assert refund == [-part for part in sale]


@given(LISTS, AMOUNTS)
def test_added_taxes_are_near_their_exact_amounts(listed, amount_minor):
    parts = added(listed, amount_minor)
    exact = amount_minor * taxes.combined_rate_ppm(listed, "standard") / PPM

    assert abs(sum(parts) - exact) <= len(listed) * 2 + amount_minor / PPM
    assert all(part >= 0 for part in parts)


@given(st.integers(1, PPM), st.sampled_from(ROUNDINGS), AMOUNTS, st.booleans())
def test_one_tax_is_the_fraction_of_its_rate(ppm, rounding, amount_minor, is_included):
    (part,) = amounts([tax("T", ppm, rounding=rounding)], amount_minor, is_included=is_included)
    whole = PPM + ppm if is_included else PPM

    assert abs(part * whole - amount_minor * ppm) * 2 <= whole
