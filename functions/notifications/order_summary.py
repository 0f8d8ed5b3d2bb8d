"""What an order contains and costs, as its mails show it. Pure."""

from collections.abc import Iterator

from shared.money import Money
from shared.records import Record
from shared.storage.models.orders import Order

_BEFORE_SHIPPING = frozenset({"pending_payment", "paid"})  # later, what is back-ordered has shipped


class Line(Record):
    quantity: int
    name: str
    sku: str
    unit_price: Money
    line_total: Money
    backordered: int


class OrderSummary(Record):
    lines: list[Line]
    subtotals: list[tuple[str, str]]  # label and amount; empty if the lines alone make the total
    total: Money
    included_tax: Money | None


def summarize_order(order: Order) -> OrderSummary:
    lines = [
        Line(
            quantity=int(line.quantity),
            name=line.name,
            sku=line.sku,
            unit_price=_money(order, line.unit_price_minor),
            line_total=_money(order, line.line_total_minor),
            backordered=int(line.backordered) if order.status in _BEFORE_SHIPPING else 0,
        )
        for line in order.lines
    ]
    shows_included_tax = order.tax_included and order.totals.tax_minor
    return OrderSummary(
        lines,
        subtotals=list(_subtotals(order)),
        total=_money(order, order.totals.total_minor),
        included_tax=_money(order, order.totals.tax_minor) if shows_included_tax else None,
    )


def _subtotals(order: Order) -> Iterator[tuple[str, str]]:
    totals = order.totals
    added_tax_minor = 0 if order.tax_included else totals.tax_minor
    if not (totals.discount_minor or totals.shipping_minor or added_tax_minor):
        return
    yield "Items", str(_money(order, totals.items_minor))
    if totals.discount_minor:
        yield "Discount", f"-{_money(order, totals.discount_minor)}"
    if totals.shipping_minor:
        yield "Shipping", str(_money(order, totals.shipping_minor))
    if added_tax_minor:
        yield "Tax", str(_money(order, added_tax_minor))


def _money(order: Order, amount_minor: float) -> Money:
    return Money(amount_minor=int(amount_minor), currency=order.currency)
