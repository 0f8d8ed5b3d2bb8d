"""Counts the units of a new order where its buyer's held stock is bounded."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from shared.config import OrderSettings, settings
from shared.storage import rate_limits
from shared.storage.held_stock import Hold, Holder
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


def count_units(order: Order, holders: Sequence[Holder]) -> Callable[[Transaction], None]:
    """How to stage the units of the order, at each attempt to place it.

    Nobody pays for an order without a price, and nothing releases its units: what its holders may
    hold at once is what they may take in an hour.

    The commit raises HeldStockLimitReached, or TooManyAttempts for an order without a price, and
    Contended.
    """
    units = sum(int(line.quantity) for line in order.lines)
    if not order.awaits:
        return partial(_stage_hourly_units, order=order, holders=holders, units=units)
    until = order.placed_at + timedelta(minutes=settings(OrderSettings).payment_hold_minutes)
    hold = Hold(holders, units, until=until)
    order.own_hold = hold.own_counter
    order.holds_json = hold.by_counter  # each attempt fills it before it writes the order
    return hold.stage


def _stage_hourly_units(
    transaction: Transaction, *, order: Order, holders: Sequence[Holder], units: int
) -> None:
    for holder in holders:
        rate_limits.consume_hourly_quota(
            transaction,
            f"free units of this {holder.kind}",
            holder.key,
            limit=holder.limit,
            now=order.placed_at,
            units=units,
        )
