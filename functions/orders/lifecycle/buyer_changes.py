"""Gives an unpaid order to another buyer. Pure; as in `decisions`."""

from orders.lifecycle import balances, order_events
from orders.lifecycle.buyers import BUYER_CHANGED, count_buyers_before
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import record_event, status_conflict
from shared import ids
from shared.errors.orders import PaymentStarted
from shared.records import Record
from shared.storage.held_stock import Holder, HoldMove
from shared.storage.models.orders import GUEST_PREFIX, Order


class NewBuyer(Record):
    """An account, or the guest with this address."""

    holder: Holder  # whose held stock the order's units count as
    user_id: str | None = None
    email: str | None = None

    def has(self, order: Order) -> bool:
        if self.user_id:
            return bool(order.buyer_id == self.user_id)
        return bool(order.guest_email == self.email)


class BuyerChange(Record):
    """What is written with the changed order."""

    effects: Effects
    previous_id: str
    hold: HoldMove | None  # none if the order holds nothing, or is from an older release


def change_buyer(order: Order, buyer: NewBuyer, *, by: str) -> BuyerChange | None:
    """Nobody can pay for an order that is another's: refused while a payment is started.

    A promotion's use stays counted for the customer who sent its code. None if the order is the
    buyer's. Raises OrderStatusConflict and PaymentStarted.
    """
    if buyer.has(order):
        return None
    if order.status != "pending_payment":
        raise status_conflict(order, "another buyer's")
    if balances.payment_or_empty(order).status == balances.STARTED:
        raise PaymentStarted
    previous_id, number = order.buyer_id, count_buyers_before(order) + 1
    # A guest's id is new for each order, and for each time that the order is given to a guest.
    guest_id = ids.derived_id(GUEST_PREFIX, order.order_id, str(number))
    order.buyer_id, order.guest_email = buyer.user_id or guest_id, buyer.email
    hold = _move_hold(order, buyer.holder)
    record_event(order, BUYER_CHANGED, by=by)
    order.history[-1].buyer_id = order.buyer_id
    event = order_events.buyer_changed(order, previous_id=previous_id)
    return BuyerChange(Effects(events=[event]), previous_id, hold)


def _move_hold(order: Order, holder: Holder) -> HoldMove | None:
    holds, counter = order.holds_json or {}, order.own_hold
    if counter not in holds:
        return None
    units = holds.pop(counter)
    (order.own_hold,) = holder.counters()
    order.holds_json = holds | {order.own_hold: units}
    return HoldMove(counter, units, holder, order.expires_at)
