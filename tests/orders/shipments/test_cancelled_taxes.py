"""Which taxes are in cancelled units: they add up, and none is paid back twice."""

from hypothesis import given
from hypothesis import strategies as st

from shared.storage.models.orders import OrderTax, OrderTotals
from tests.support.orders import cancel_units, captured, line, new_order

NAMES = ("GST", "QST", "Cess", "City", "State")


def tax(name: str, amount_minor: int, rate_ppm: int = 50_000) -> OrderTax:
    return OrderTax(name=name, rate_ppm=rate_ppm, amount_minor=amount_minor)


def paid_order(units: int, *amounts: int, shipping_tax: int = 0):
    """Units of TEA for 50.00 with these taxes, and shipping with the first of them."""
    tea = line("TEA", {"0": units})
    tea.line_total_minor, tea.discount_minor, tea.tax_minor = 5_000, 0, sum(amounts)
    tea.taxes = [tax(*pair) for pair in zip(NAMES, amounts, strict=False)]
    of_total = [amounts[0] + shipping_tax, *amounts[1:]]
    totals = OrderTotals(
        items_minor=5_000,
        discount_minor=0,
        shipping_minor=0,
        tax_minor=sum(of_total),
        taxes=[tax(*pair) for pair in zip(NAMES, of_total, strict=False)],
        shipping_tax_minor=shipping_tax,
        total_minor=5_000 + sum(of_total),
    )
    order = new_order(lines=[tea], totals=totals)
    captured(order)
    return order


def cancelled(order) -> list[dict[str, int]]:
    """The taxes of each cancellation by name."""
    return [
        {each.name: int(each.amount_minor) for each in cancellation.taxes}
        for cancellation in order.cancellations
    ]


def test_a_cancellation_has_each_tax_of_its_units():
    order = paid_order(3, 51, 101)

    cancel_units("1", TEA=1)(order)

    assert cancelled(order) == [{"GST": 17, "QST": 33}]  # 152 / 3 is 50
    assert order.cancellations[0].tax_minor == 50


def test_the_rest_has_what_is_left_of_each_tax():
    order = paid_order(3, 51, 101, shipping_tax=10)

    cancel_units("2", TEA=1)(order)
    cancel_units("3", TEA=2)(order)

    assert cancelled(order) == [{"GST": 17, "QST": 33}, {"GST": 44, "QST": 68}]


def test_an_older_order_has_its_one_tax():
    order = paid_order(2, 95)
    order.lines[0].taxes, order.totals.taxes = [], []

    cancel_units("4", TEA=1)(order)
    cancel_units("5", TEA=1)(order)

    assert cancelled(order) == [{"Tax": 47}, {"Tax": 48}]


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=5),
    st.lists(st.integers(1, 4), min_size=1, max_size=6),
)
def test_all_cancellations_together_have_each_tax_once(amounts, quantities):
    order = paid_order(sum(quantities), *amounts)

    for number, quantity in enumerate(quantities):
        cancel_units(str(number), TEA=quantity)(order)

    parts = cancelled(order)
    assert all(amount > 0 for part in parts for amount in part.values())
    for part, cancellation in zip(parts, order.cancellations, strict=True):
        assert sum(part.values()) == cancellation.tax_minor
    for name, amount in zip(NAMES, amounts, strict=False):
        assert sum(part.get(name, 0) for part in parts) == amount
