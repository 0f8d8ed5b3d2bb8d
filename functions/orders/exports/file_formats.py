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
from orders.lifecycle import balances, order_quantities
from orders.lifecycle.order_quantities import LineUnits
from orders.pricing.rate_tables import unit_grams
from orders.pricing.taxes import TAXES_MAX
from shared.addresses.layout import address_lines
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order, OrderLine, OrderTax

# Without a byte order mark, Excel reads UTF-8 as the computer's own code page.
BOM = "\ufeff"

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
    "ship_to_company": lambda order: order.shipping_address.company,
    "ship_to_region_code": lambda order: order.shipping_address.region_code,
    "ship_to_phone": lambda order: order.shipping_address.phone,
    "ship_to_address": lambda order: ", ".join(address_lines(order.shipping_address)),
    "carrier": lambda order: _join(each.carrier for each in order_quantities.list_shipments(order)),
    "tracking_number": lambda order: _join(
        each.tracking_number for each in order_quantities.list_shipments(order)
    ),
    "promotion_code": lambda order: (
        order.promotion.code if order.promotion and not order.promotion.is_automatic else None
    ),
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
    "unit_weight_grams": unit_grams,
    "stock_policy": lambda line: line.stock_policy,
    "backordered": lambda line: int(line.backordered),
}
_UNIT_COLUMNS: Mapping[str, Callable[[LineUnits], int]] = {
    "shipped": lambda units: units.shipped,
    "cancelled": lambda units: units.cancelled,
}
# The rest came later. Programs may read the columns before by their place.
_LINE_TAX_COLUMNS = tuple(
    f"line_tax_{number}_{part}"
    for number in range(1, TAXES_MAX + 1)
    for part in ("name", "rate_ppm", "minor")
)
_LATER_COLUMNS: Mapping[str, Callable[[Order], Cell]] = {
    "order_shipping_tax_minor": lambda order: order.totals.find_shipping_tax(),
    "order_taxes": lambda order: _render_taxes(order.totals.list_taxes()),
    "promotion_name": lambda order: order.promotion.name if order.promotion else None,
    "order_cancelled_minor": lambda order: sum(
        int(cancellation.amount_minor) for cancellation in order.cancellations
    ),
}
COLUMNS = (
    *_ORDER_COLUMNS,
    "line",
    *_LINE_COLUMNS,
    *_AMOUNT_COLUMNS,
    *_LINE_TAX_COLUMNS,
    *_LATER_COLUMNS,
    *_UNIT_COLUMNS,
)


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
    units = order_quantities.units_by_product(order)
    later = [cell(order) for cell in _LATER_COLUMNS.values()]
    for number, line in enumerate(order.lines, start=1):
        line_cells = [cell(line) for cell in _LINE_COLUMNS.values()]
        is_first = number == 1
        yield [
            *order_cells,
            number,
            *line_cells,
            *(amounts if is_first else [None] * len(amounts)),
            *_to_tax_cells(line),
            *(later if is_first else [None] * len(later)),
            *(count(units[line.product_id]) for count in _UNIT_COLUMNS.values()),
        ]


def _join(texts: Iterable[str | None]) -> str | None:
    """Of all parcels, each once; None without any."""
    return ", ".join(dict.fromkeys(text for text in texts if text)) or None


def _to_tax_cells(line: OrderLine) -> list[Cell]:
    taxes = line.list_taxes()[:TAXES_MAX]
    cells: list[Cell] = []
    for tax in taxes:
        cells += [tax.name, tax.find_rate(), int(tax.amount_minor)]
    return cells + [None] * (len(_LINE_TAX_COLUMNS) - len(cells))


def _render_taxes(taxes: Iterable[OrderTax]) -> str | None:
    """Such as `GST 50000: 51, QST 99750: 101`: the name, the rate and the amount of each."""
    return ", ".join(f"{_render_rate(tax)}: {int(tax.amount_minor)}" for tax in taxes) or None


def _render_rate(tax: OrderTax) -> str:
    rate_ppm = tax.find_rate()
    return str(tax.name) if rate_ppm is None else f"{tax.name} {rate_ppm}"


def _to_rfc3339(moment: datetime) -> str:
    """As the API shows a time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
