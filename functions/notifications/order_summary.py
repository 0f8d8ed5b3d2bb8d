"""What an order contains and costs, as its mails show it. Pure."""

from collections.abc import Iterator

from shared.addresses.layout import address_lines
from shared.money import Money
from shared.records import Record
from shared.storage.models.orders import Order, OrderTax, ShippingAddress

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
    included_taxes: list[tuple[str, str]]  # label and amount
    ship_to: list[str]  # lines, which only a confirmed address may get: the buyer wrote them


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
    return OrderSummary(
        lines,
        subtotals=list(_subtotals(order)),
        total=_money(order, order.totals.total_minor),
        included_taxes=list(_taxes(order)) if order.tax_included else [],
        ship_to=_ship_to(order.shipping_address),
    )


def _ship_to(address: ShippingAddress) -> list[str]:
    lines = address_lines(address)
    return [*lines, address.phone] if lines and address.phone else lines


def _subtotals(order: Order) -> Iterator[tuple[str, str]]:
    totals = order.totals
    added_taxes = [] if order.tax_included else list(_taxes(order))
    name = order.promotion.name if order.promotion else None
    if not (totals.discount_minor or totals.shipping_minor or added_taxes or name):
        return
    yield "Items", str(_money(order, totals.items_minor))
    if totals.discount_minor:
        yield (
            f"Discount ({name})" if name else "Discount",
            f"-{_money(order, totals.discount_minor)}",
        )
    if totals.shipping_minor:
        yield "Shipping", str(_money(order, totals.shipping_minor))
    elif name and not totals.discount_minor:  # the promotion took off the shipping
        yield f"Shipping ({name})", str(_money(order, 0))
    yield from added_taxes


def _taxes(order: Order) -> Iterator[tuple[str, str]]:
    for tax in order.totals.list_taxes():
        if tax.amount_minor:
            yield _tax_label(tax), str(_money(order, tax.amount_minor))


def _tax_label(tax: OrderTax) -> str:
    """Such as `QST 9.975 %`."""
    rate_ppm = tax.find_rate()
    if rate_ppm is None:
        return str(tax.name)
    percent, rest = divmod(rate_ppm, 10_000)
    decimals = f".{rest:04}".rstrip("0").rstrip(".")
    return f"{tax.name} {percent}{decimals} %"


def _money(order: Order, amount_minor: float) -> Money:
    return Money(amount_minor=int(amount_minor), currency=order.currency)
