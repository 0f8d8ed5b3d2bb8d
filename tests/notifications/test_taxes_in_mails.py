"""Pure: the taxes and the promotion in mails about orders."""

import re

import pytest

from shared.storage.models.orders import OrderPromotion, OrderTax
from tests.support import email_fixtures
from tests.support.email_fixtures import Page, order_placed, write_email

GST = OrderTax(name="GST", rate_ppm=50_000, amount_minor=125)
QST = OrderTax(name="QST", rate_ppm=99_750, amount_minor=249)
BOOKS = OrderTax(name="QST", rate_ppm=125, amount_minor=0)


def sums(*, taxes=(), promotion=None, is_included=False, **totals: int) -> list[str]:
    """The lines of the mail after the items; the page has the same."""
    order = email_fixtures.sample_order(
        totals=email_fixtures.totals(**totals),
        tax_included=is_included,
        promotion=promotion,
    )
    order.totals.taxes = list(taxes)
    email = write_email(order_placed(), order=order)
    found = [line for line in email.text.splitlines() if re.match(r"[A-Z].*: -?EUR", line)]
    assert " ".join(found).replace(":", "") in " ".join(Page(email.html).text.split())
    return found


def test_each_added_tax_is_a_line_with_its_rate():
    assert sums(taxes=[GST, QST, BOOKS], tax_minor=374, total_minor=2874) == [
        "Items: EUR 25.00",
        "GST 5 %: EUR 1.25",
        "QST 9.975 %: EUR 2.49",
        "Total: EUR 28.74",
    ]


def test_each_included_tax_is_a_line_with_its_rate():
    assert sums(taxes=[GST, QST], tax_minor=374, is_included=True) == [
        "Total: EUR 25.00",
        "GST 5 % included: EUR 1.25",
        "QST 9.975 % included: EUR 2.49",
    ]


@pytest.mark.parametrize(
    ("ppm", "label"),
    [
        (190_000, "19 %"),
        (1_000_000, "100 %"),
        (72_500, "7.25 %"),
        (1, "0.0001 %"),
        (255, "0.0255 %"),
    ],
)
def test_a_rate_is_shown_without_needless_zeros(ppm, label):
    tax = OrderTax(name="VAT", rate_ppm=ppm, amount_minor=100)

    assert f"VAT {label}: EUR 1.00" in sums(taxes=[tax], tax_minor=100, total_minor=2600)


def test_an_older_order_shows_its_one_tax():
    assert sums(tax_minor=399, is_included=True)[-1] == "Tax included: EUR 3.99"


def test_the_promotion_has_the_name_that_staff_gave_it():
    named = OrderPromotion(code="SALE", name="Autumn sale", is_automatic=True)

    assert "Discount (Autumn sale): -EUR 2.50" in sums(
        promotion=named, discount_minor=250, total_minor=2250
    )
    assert "Shipping (Autumn sale): EUR 0.00" in sums(promotion=named)


def test_a_promotion_without_a_name_is_a_discount():
    assert "Discount: -EUR 2.50" in sums(
        promotion=OrderPromotion(code="SALE"), discount_minor=250, total_minor=2250
    )
