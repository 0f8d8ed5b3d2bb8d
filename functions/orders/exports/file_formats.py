"""Orders as the text of a file: CSV for spreadsheets, JSON Lines for programs. Pure.

CSV has a row for each line of an order: what was sold at which tax is what books are kept of. What
the order is goes into each of its rows, so that rows can be sorted and filtered; its amounts go
into the first alone, so that a column can be summed. Amounts are whole minor units: where the
decimal sign is a comma, a spreadsheet reads 1.12 as the first of December.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from orders.fulfilment.views import StaffOrderDetail
from orders.lifecycle import balances
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order, OrderLine

# Without it, Excel takes UTF-8 for the code page of its computer.
BOM = "\ufeff"
# What a spreadsheet may take for the beginning of a formula, at the beginning of a cell (OWASP ASVS
# 5.0, 1.2.10, and its page on CSV injection: CR, and the signs in full width).
_FORMULA = re.compile("(^|;)([=+\\-@\t\r\0\uff1d\uff0b\uff0d\uff20])")
CONTENT_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}

Cell = str | int | None

_OF_ORDER: Mapping[str, Callable[[Order], Cell]] = {
    "order_id": lambda order: order.order_id,
    "placed_at": lambda order: _moment(order.placed_at),
    "status": lambda order: order.status,
    "buyer_id": lambda order: order.buyer_id,
    "guest_email": lambda order: order.guest_email,
    "ship_to_name": lambda order: order.shipping_address.name,
    "ship_to_line1": lambda order: order.shipping_address.line1,
    "ship_to_line2": lambda order: order.shipping_address.line2,
    "ship_to_postal_code": lambda order: order.shipping_address.postal_code,
    "ship_to_city": lambda order: order.shipping_address.city,
    "ship_to_region": lambda order: order.shipping_address.region,
    "ship_to_country": lambda order: order.shipping_address.country,
    "carrier": lambda order: order.shipment.carrier if order.shipment else None,
    "tracking_number": lambda order: order.shipment.tracking_number if order.shipment else None,
    "promotion_code": lambda order: order.promotion.code if order.promotion else None,
    "tax_included": lambda order: "yes" if order.tax_included else "no",
    "currency": lambda order: order.currency,
}
_AMOUNTS: Mapping[str, Callable[[Order], int]] = {
    "order_items_minor": lambda order: int(order.totals.items_minor),
    "order_discount_minor": lambda order: int(order.totals.discount_minor),
    "order_shipping_minor": lambda order: int(order.totals.shipping_minor),
    "order_tax_minor": lambda order: int(order.totals.tax_minor),
    "order_total_minor": lambda order: int(order.totals.total_minor),
    "order_received_minor": balances.received_minor,
    "order_paid_back_minor": balances.refunded_minor,
}
_OF_LINE: Mapping[str, Callable[[OrderLine], Cell]] = {
    "product_id": lambda line: line.product_id,
    "sku": lambda line: line.sku,
    "name": lambda line: line.name,
    "quantity": lambda line: int(line.quantity),
    "returned": lambda line: int(line.returned),
    "unit_price_minor": lambda line: int(line.unit_price_minor),
    "line_total_minor": lambda line: int(line.line_total_minor),
    "line_discount_minor": lambda line: int(line.discount_minor),
    "tax_class": lambda line: line.tax_class,
    "tax_rate_ppm": lambda line: int(line.tax_rate_ppm),
    "line_tax_minor": lambda line: int(line.tax_minor),
}
COLUMNS = (*_OF_ORDER, "line", *_OF_LINE, *_AMOUNTS)


def opening(format_: str) -> str:
    """What a file begins with, though there be no orders."""
    return BOM + csv_text([COLUMNS]) if format_ == "csv" else ""


def text_of(order: Order, format_: str) -> str:
    """The order's part of the file."""
    if format_ == "csv":
        return csv_text(_rows(order))
    return StaffOrderDetail.from_model(order).model_dump_json() + "\n"


def name_of(export: Export) -> str:
    """What the file is saved as: safe in a header, whatever was exported."""
    last = export.placed_before - timedelta.resolution
    days = f"{export.placed_from.date().isoformat()}-to-{last.date().isoformat()}"
    kind = f"{export.of_status}-orders" if export.of_status else "orders"
    return f"{kind}-{days}.{export.format}"


def csv_text(rows: Iterable[Iterable[Cell]]) -> str:
    """RFC 4180. A text is never a formula, a number stays a number, and None is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        [defused(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return text.getvalue()


def defused(text: str) -> str:
    """The text, which no spreadsheet reckons: an apostrophe before it says that it is a text.

    Where a semicolon parts the cells, as in much of Europe, one begins behind each of them.
    """
    return _FORMULA.sub(r"\1'\2", text)


def _rows(order: Order) -> Iterable[list[Cell]]:
    about = [cell(order) for cell in _OF_ORDER.values()]
    amounts: list[Cell] = [amount(order) for amount in _AMOUNTS.values()]
    for number, line in enumerate(order.lines, start=1):
        cells = [cell(line) for cell in _OF_LINE.values()]
        yield [*about, number, *cells, *(amounts if number == 1 else [None] * len(amounts))]


def _moment(moment: datetime) -> str:
    """As the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
