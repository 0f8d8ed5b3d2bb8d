"""Pure: rendering of orders as CSV and JSON Lines."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from orders.exports import file_formats
from shared.storage.models.exports import Export
from shared.storage.models.orders import (
    OrderNote,
    OrderPayment,
    OrderPromotion,
    OrderRefund,
    OrderShipment,
    OrderTax,
    OrderTotals,
    ShippingAddress,
)
from tests.support import shop
from tests.support.exports import NOVEMBER, OCTOBER, line, new_order

SIGNS = ["=", "+", "-", "@", "\t", "\r", "\0"]


def render_rows(order) -> list[dict[str, str]]:
    text = file_formats.render_header("csv").removeprefix(
        file_formats.BOM
    ) + file_formats.render_order(order, "csv")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_order_line_is_a_row():
    order = new_order(
        datetime(2026, 10, 7, 9, 30, 15, 250_000, tzinfo=UTC),
        order_id="ord_one",
        lines=[
            line("TEA", 2, discount_minor=200, tax_minor=342, tax_rate_ppm=190_000, returned=1),
            line("POT", 1, tax_class="food"),
        ],
        promotion=OrderPromotion(code="SPRING"),
        shipment=OrderShipment(carrier="Post", tracking_number="123"),
        tax_included=True,
    )

    tea, pot = render_rows(order)

    assert list(tea) == list(file_formats.COLUMNS)
    assert (tea["order_id"], tea["line"], tea["sku"]) == ("ord_one", "1", "TEA")
    assert (pot["order_id"], pot["line"], pot["sku"]) == ("ord_one", "2", "POT")
    assert (tea["quantity"], tea["returned"], tea["line_total_minor"]) == ("2", "1", "2000")
    assert (tea["line_discount_minor"], tea["line_tax_minor"]) == ("200", "342")
    assert (tea["tax_rate_ppm"], tea["tax_class"], pot["tax_class"]) == (
        "190000",
        "standard",
        "food",
    )
    for row in (tea, pot):
        assert row["placed_at"] == "2026-10-07T09:30:15.250000Z"
        assert (row["status"], row["buyer_id"], row["currency"]) == ("paid", "usr_ada", "EUR")
        assert (row["ship_to_name"], row["ship_to_country"]) == ("Ada Lovelace", "GB")
        assert (row["carrier"], row["tracking_number"]) == ("Post", "123")
        assert (row["promotion_code"], row["tax_included"]) == ("SPRING", "yes")


def test_each_tax_of_a_line_has_columns():
    gst, qst = (
        OrderTax(name="GST", rate_ppm=50_000, amount_minor=51),
        OrderTax(name="QST", rate_ppm=99_750, amount_minor=101),
    )
    order = new_order(
        lines=[line("TEA", taxes=[gst, qst], tax_minor=152), line("BOOK", taxes=[gst])],
        promotion=OrderPromotion(code="AUTO-1", name="Autumn sale", is_automatic=True),
    )
    order.totals.taxes, order.totals.shipping_tax_minor = [gst, qst], 7

    tea, book = render_rows(order)

    assert [tea[f"line_tax_2_{part}"] for part in ("name", "rate_ppm", "minor")] == [
        "QST",
        "99750",
        "101",
    ]
    assert (book["line_tax_1_name"], book["line_tax_2_name"], book["line_tax_2_minor"]) == (
        "GST",
        "",
        "",
    )
    assert (tea["order_taxes"], book["order_taxes"]) == ("GST 50000: 51, QST 99750: 101", "")
    assert (tea["order_shipping_tax_minor"], book["order_shipping_tax_minor"]) == ("7", "")
    assert (tea["promotion_code"], tea["promotion_name"]) == ("", "Autumn sale")


def test_an_older_order_has_its_one_tax():
    order = new_order(lines=[line("TEA", tax_minor=342, tax_rate_ppm=190_000)])
    order.totals.tax_minor = 420

    (row,) = render_rows(order)

    assert [row[f"line_tax_1_{part}"] for part in ("name", "rate_ppm", "minor")] == [
        "Tax",
        "190000",
        "342",
    ]
    assert (row["order_taxes"], row["order_shipping_tax_minor"]) == ("Tax: 420", "")


def test_a_column_of_amounts_adds_up_to_the_orders_totals():
    totals = {
        "items_minor": 3000,
        "discount_minor": 200,
        "shipping_minor": 490,
        "tax_minor": 625,
        "total_minor": 3915,
    }
    order = new_order(
        lines=[line("TEA", 2), line("POT", 1)],
        totals=OrderTotals(**totals),
        payment=OrderPayment(captured_minor=3000, manual_minor=915),
        refunds=[refund(100, "succeeded"), refund(50, "succeeded"), refund(70, "requested")],
    )

    rows = render_rows(order)

    def total(column: str) -> int:
        return sum(int(row[column] or 0) for row in rows)

    assert {name: total(f"order_{name}") for name in totals} == totals
    assert (total("order_received_minor"), total("order_paid_back_minor")) == (3915, 150)
    assert total("line_total_minor") == totals["items_minor"]
    assert rows[1]["order_total_minor"] == ""


def refund(amount_minor: int, status: str) -> OrderRefund:
    return OrderRefund(
        refund_id=f"rfd_{amount_minor}",
        amount_minor=amount_minor,
        status=status,
        by="usr_staff",
        at=OCTOBER,
    )


def test_a_missing_value_is_an_empty_cell():
    (row,) = render_rows(new_order())

    missing = {"guest_email", "ship_to_line2", "ship_to_region", "carrier", "promotion_code"}
    missing |= {"ship_to_company", "ship_to_region_code", "ship_to_phone"}
    assert {row[column] for column in missing} == {""}
    assert (row["order_received_minor"], row["tax_included"]) == ("0", "no")


def test_an_address_is_printed_in_the_order_of_its_country():
    address = shop.ADDRESS | {"company": "Engines", "phone": "020 7946 0958"}

    (row,) = render_rows(new_order(shipping_address=ShippingAddress(**address)))

    assert row["ship_to_address"] == (
        "Ada Lovelace, Engines, 12 St James's Square, London, SW1Y 4JH, United Kingdom"
    )
    assert (row["ship_to_company"], row["ship_to_phone"]) == ("Engines", "020 7946 0958")


@pytest.mark.parametrize("sign", SIGNS)
def test_a_buyers_text_is_never_a_formula(sign):
    text = f'{sign}HYPERLINK("https://evil.example";"Click")'
    address = shop.ADDRESS | {"name": text, "city": text}

    (row,) = render_rows(
        new_order(shipping_address=ShippingAddress(**address), lines=[line(sku=text)])
    )

    assert row["ship_to_name"] == row["ship_to_city"] == row["sku"] == f"'{text}"


def test_a_csv_file_has_a_utf_8_mark_and_crlf_line_ends():
    header = file_formats.render_header("csv")

    assert header.encode().startswith(b"\xef\xbb\xbforder_id,placed_at,")
    assert header.endswith("\r\n")
    assert header.count("\n") == 1


def test_an_order_is_one_line_of_json_as_staff_get_it():
    order = new_order(
        order_id="ord_one",
        buyer_id="gst_one",
        guest_email="ada@example.com",
        lines=[line(name="Two\r\nlines\u2028"), line("POT")],
        notes=[OrderNote(text="Call first", by="usr_staff", at=OCTOBER)],
    )

    text = file_formats.render_order(order, "jsonl")

    assert (file_formats.render_header("jsonl"), text.count("\n"), text[-1]) == ("", 1, "\n")
    shown = json.loads(text)
    assert (shown["id"], shown["status"]) == ("ord_one", "paid")
    assert (shown["buyer_id"], shown["guest_email"]) == ("gst_one", "ada@example.com")
    assert shown["notes"][0]["text"] == "Call first"
    assert shown["lines"][0]["name"] == "Two\r\nlines\u2028"
    assert shown["totals"]["total"] == {"amount_minor": 4000, "currency": "EUR"}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "orders-2026-10-01-to-2026-10-31.csv"),
        ({"of_status": "paid", "format": "jsonl"}, "paid-orders-2026-10-01-to-2026-10-31.jsonl"),
        ({"placed_before": NOVEMBER.replace(hour=1)}, "orders-2026-10-01-to-2026-11-01.csv"),
        ({"started_at": OCTOBER.replace(day=9)}, "orders-2026-10-01-to-2026-10-08.csv"),
        ({"started_at": OCTOBER}, "orders-2026-10-01-to-2026-10-01.csv"),
    ],
)
def test_a_file_is_named_after_its_days(changes, name):
    export = {"format": "csv", "placed_from": OCTOBER, "placed_before": NOVEMBER} | changes

    assert file_formats.build_file_name(Export(**export)) == name
