"""Counts the units of a new order where its buyer's held stock is bounded."""

from collections.abc import Sequence
from datetime import timedelta

from shared.config import OrderSettings, settings
from shared.storage import held_stock, rate_limits
from shared.storage.held_stock import Holder, Room
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


def stage_holds(
    transaction: Transaction, order: Order, holders: Sequence[Holder], room: Room | None
) -> None:
    """Count the units that the order holds until it is paid.

    Nobody pays for an order without a price, and nothing releases its units: what its holders may
    hold at once is what they may take in an hour.

    The commit raises HeldStockLimitReached, or TooManyAttempts for an order without a price. It, or
    this call, raises ShareUsedUp: then call it again, with the room.
    """
    units = sum(int(line.quantity) for line in order.lines)
    if order.awaits:
        until = order.placed_at + timedelta(minutes=settings(OrderSettings).payment_hold_minutes)
        order.holds_json = held_stock.stage_holds(
            transaction, holders, units, until=until, room=room
        )
        return
    for holder in holders:
        rate_limits.consume_hourly_quota(
            transaction,
            f"free units of this {holder.kind}",
            holder.key,
            limit=holder.limit,
            now=order.placed_at,
            units=units,
        )
