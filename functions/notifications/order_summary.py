"""What an order costs, as its mails tell it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.money import Money
from shared.storage.models.orders import Order


@dataclass(frozen=True, slots=True)
class Line:
    quantity: int
    name: str
    sku: str
    unit_price: Money
    line_total: Money


@dataclass(frozen=True, slots=True)
class OrderSummary:
    lines: list[Line]
    sums: list[tuple[str, str]]  # what lies between the lines and the total, where there is any
    total: Money
    tax_in_total: Money | None


def bill_of(order: Order) -> OrderSummary:
    lines = [
        Line(
            quantity=int(line.quantity),
            name=line.name,
            sku=line.sku,
            unit_price=_money(order, line.unit_price_minor),
            line_total=_money(order, line.line_total_minor),
        )
        for line in order.lines
    ]
    has_tax_in_it = order.tax_included and order.totals.tax_minor
    return OrderSummary(
        lines,
        sums=list(_sums(order)),
        total=_money(order, order.totals.total_minor),
        tax_in_total=_money(order, order.totals.tax_minor) if has_tax_in_it else None,
    )


def _sums(order: Order) -> Iterator[tuple[str, str]]:
    totals = order.totals
    tax_minor = 0 if order.tax_included else totals.tax_minor
    if not (totals.discount_minor or totals.shipping_minor or tax_minor):
        return
    yield "Items", str(_money(order, totals.items_minor))
    if totals.discount_minor:
        yield "Discount", f"-{_money(order, totals.discount_minor)}"
    if totals.shipping_minor:
        yield "Shipping", str(_money(order, totals.shipping_minor))
    if tax_minor:
        yield "Tax", str(_money(order, tax_minor))


def _money(order: Order, amount_minor: float) -> Money:
    return Money(amount_minor=int(amount_minor), currency=order.currency)
