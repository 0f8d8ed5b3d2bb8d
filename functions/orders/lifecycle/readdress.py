"""Gives an order that is not shipped another address. Pure; as in `decisions`."""

from collections.abc import Callable

from orders.lifecycle import balances, order_events
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import BEFORE_SHIPPING, record_event, status_conflict
from orders.pricing.readdressing import Repriced
from shared.errors.orders import TotalChanged
from shared.money import Money
from shared.storage.models.orders import Order, ShippingAddress

Reprice = Callable[[Order], Repriced | None]


def change_address(
    order: Order, address: ShippingAddress, reprice: Reprice, *, by: str
) -> Effects | None:
    """The tax becomes that of the new address; the total must not change.

    The history has no part of an address: it stays when the buyer's data are removed. None if the
    order has the address. Raises OrderStatusConflict, TotalChanged and NoShippingRate.
    """
    if order.shipping_address.serialize(order.shipping_address) == address.serialize(address):
        return None
    if order.status not in BEFORE_SHIPPING:
        raise status_conflict(order, "sent to another address")
    repriced = reprice(order)
    if repriced:
        _require_same_total(order, repriced)
        repriced.apply_to(order)
    order.shipping_address = address
    record_event(order, "address_changed", by=by)
    return Effects(events=[order_events.address_changed(order)])


def _require_same_total(order: Order, repriced: Repriced) -> None:
    """Also of each line, if some units were cancelled at what they cost. Raises TotalChanged."""
    before = balances.total_minor(order)
    after = int(repriced.totals.total_minor)
    is_cancelled_at_cost = bool(order.cancellations) and (
        bool(order.tax_included) != repriced.tax_included
    )
    if before != after or is_cancelled_at_cost:
        old, new = (
            Money(amount_minor=amount_minor, currency=order.currency)
            for amount_minor in (before, after)
        )
        raise TotalChanged(
            f"To this address the order costs {new} instead of {old}. "
            "Cancel it and place a new one.",
            quoted=old.model_dump(),
            total=new.model_dump(),
        )
