"""Rendering of orders as a file: CSV for spreadsheets, JSON Lines for programs. Pure.

CSV has one row for each order line, because accounting needs what was sold at which tax. Every row
repeats the facts of its order, so that rows can be sorted and filtered. Only the first row of an
order has the order's amounts, so that a column can be summed. Amounts are whole minor units: in
countries with a decimal comma, a spreadsheet reads 1.12 as the first of December.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from orders.exports.csv_cells import Cell, to_csv
from orders.fulfilment.views import StaffOrderDetail
from orders.lifecycle import balances
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order, OrderLine

# Without a byte order mark, Excel reads UTF-8 as the computer's own code page.
BOM = "\ufeff"
CONTENT_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}

_ORDER_COLUMNS: Mapping[str, Callable[[Order], Cell]] = {
    "order_id": lambda order: order.order_id,
    "placed_at": lambda order: _to_rfc3339(order.placed_at),
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
_AMOUNT_COLUMNS: Mapping[str, Callable[[Order], int]] = {
    "order_items_minor": lambda order: int(order.totals.items_minor),
    "order_discount_minor": lambda order: int(order.totals.discount_minor),
    "order_shipping_minor": lambda order: int(order.totals.shipping_minor),
    "order_tax_minor": lambda order: int(order.totals.tax_minor),
    "order_total_minor": lambda order: int(order.totals.total_minor),
    "order_received_minor": balances.received_minor,
    "order_paid_back_minor": balances.refunded_minor,
}
_LINE_COLUMNS: Mapping[str, Callable[[OrderLine], Cell]] = {
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
    "unit_weight_grams": lambda line: line.unit_grams,
    "stock_policy": lambda line: line.stock_policy,
    "backordered": lambda line: int(line.backordered),
}
COLUMNS = (*_ORDER_COLUMNS, "line", *_LINE_COLUMNS, *_AMOUNT_COLUMNS)


def render_header(format_: str) -> str:
    """Return the start of the file. A file without orders has nothing else."""
    return BOM + to_csv([COLUMNS]) if format_ == "csv" else ""


def render_order(order: Order, format_: str) -> str:
    if format_ == "csv":
        return to_csv(_to_rows(order))
    return StaffOrderDetail.from_model(order).model_dump_json() + "\n"


def build_file_name(export: Export) -> str:
    """The name needs no quoting in a header: only dates, a status and a format go into it."""
    reached = (export.complete_before or export.placed_before) - timedelta.resolution
    last = max(reached, export.placed_from)
    days = f"{export.placed_from.date().isoformat()}-to-{last.date().isoformat()}"
    kind = f"{export.of_status}-orders" if export.of_status else "orders"
    return f"{kind}-{days}.{export.format}"


def _to_rows(order: Order) -> Iterable[list[Cell]]:
    order_cells = [cell(order) for cell in _ORDER_COLUMNS.values()]
    amounts: list[Cell] = [amount(order) for amount in _AMOUNT_COLUMNS.values()]
    for number, line in enumerate(order.lines, start=1):
        line_cells = [cell(line) for cell in _LINE_COLUMNS.values()]
        yield [
            *order_cells,
            number,
            *line_cells,
            *(amounts if number == 1 else [None] * len(amounts)),
        ]


def _to_rfc3339(moment: datetime) -> str:
    """As the API shows a time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
