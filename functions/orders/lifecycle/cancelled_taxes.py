"""Which taxes are in units that are cancelled. Pure.

The tax of a line's units is divided among the line's taxes in proportion, each time of what earlier
cancellations left. So the parts add up to the tax of the units, none is negative, and all units
together have exactly the taxes of the line.
"""

from collections.abc import Iterable, Mapping

from orders.pricing.rounding import allocate_proportionally
from shared.storage.models.orders import Order, OrderLine, OrderTax

Key = tuple[str, int | None]  # a tax's name and rate


def share_of_line(line: OrderLine, amount_minor: int, units: int) -> int:
    """What so many of the line's units are of its amount, rounded down."""
    return amount_minor * units // int(line.quantity)


def taxes_of_units(order: Order, quantities: Mapping[str, int]) -> list[OrderTax]:
    """Of the units by product that are cancelled after the cancellations that the order has."""
    amounts: dict[Key, int] = {}
    for line in order.lines:
        if quantities.get(line.product_id):
            for key, amount_minor in _taxes_of_line(order, line, quantities).items():
                amounts[key] = amounts.get(key, 0) + amount_minor
    return _to_taxes(amounts)


def taxes_of_rest(order: Order) -> list[OrderTax]:
    """All taxes of the order, shipping's too, that no cancellation has."""
    left = _amounts(order.totals.list_taxes())
    for cancellation in order.cancellations:
        for (name, rate), amount_minor in _amounts(cancellation.taxes).items():
            # An older order has one sum of all rates.
            key = (name, rate) if (name, rate) in left else (name, None)
            left[key] = left.get(key, 0) - amount_minor
    return _to_taxes(left)


def _taxes_of_line(order: Order, line: OrderLine, quantities: Mapping[str, int]) -> dict[Key, int]:
    """Replays the earlier cancellations of the line."""
    left, taken, units = _amounts(line.list_taxes()), dict[Key, int](), 0
    earlier = [cancellation.quantities_json for cancellation in order.cancellations]
    for cancelled in (*earlier, quantities):
        before, units = units, units + cancelled.get(line.product_id, 0)
        tax_minor = int(line.tax_minor)
        part = share_of_line(line, tax_minor, units) - share_of_line(line, tax_minor, before)
        names = {str(number): amount for number, amount in enumerate(left.values())}
        taken = dict(zip(left, allocate_proportionally(part, names).values(), strict=True))
        left = {key: amount - taken[key] for key, amount in left.items()}
    return taken


def _amounts(taxes: Iterable[OrderTax]) -> dict[Key, int]:
    return {(str(tax.name), tax.find_rate()): int(tax.amount_minor) for tax in taxes}


def _to_taxes(amounts: Mapping[Key, int]) -> list[OrderTax]:
    return [
        OrderTax(name=name, rate_ppm=rate, amount_minor=amount_minor)
        for (name, rate), amount_minor in amounts.items()
        if amount_minor
    ]
