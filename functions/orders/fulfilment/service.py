"""What staff do about orders: find them, send them off, take them back, pay them back."""

import hashlib
import json
from functools import partial

from orders.fulfilment import repository
from orders.fulfilment.schemas import OrderQuery, RefundRequest, ReturnRequest, ShipRequest
from orders.lifecycle import decisions
from orders.lifecycle import repository as orders
from orders.lifecycle.service import Decide, Outcome, try_update_order
from orders.lifecycle.transitions import Effects
from shared import observability
from shared.errors.orders import MixedCurrencies
from shared.money import Money
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.orders import Order

__all__ = [
    "Outcome",
    "browse",
    "confirm_again",
    "deliver",
    "find",
    "mark_paid",
    "note",
    "refund",
    "ship",
    "take_back",
]


def browse(staff: Principal, query: OrderQuery) -> ItemPage[Order]:
    """Newest first. Raises InvalidCursor."""
    return repository.page_of(query, staff_id=staff.user_id)


def find(order_id: str) -> Order:
    """Raises OrderNotFound."""
    order, _ = orders.read(order_id)
    return order


def mark_paid(staff: Principal, order_id: str, reference: str) -> Order:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    decide = partial(decisions.mark_paid_manually, by=staff.user_id, reference=reference)
    return _done(staff, "mark_order_paid", order_id, decide).order


def ship(staff: Principal, order_id: str, request: ShipRequest) -> Order:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    decide = partial(decisions.ship, by=staff.user_id, **request.model_dump())
    return _done(staff, "ship_order", order_id, decide).order


def deliver(staff: Principal, order_id: str) -> Order:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    decide = partial(decisions.deliver, by=staff.user_id)
    return _done(staff, "deliver_order", order_id, decide).order


def take_back(staff: Principal, order_id: str, request: ReturnRequest, key: str) -> Outcome:
    """Raises OrderNotFound, Unavailable, and the refusals of `decisions.take_back`."""
    decide = partial(
        decisions.return_items,
        quantities=request.quantities,
        by=staff.user_id,
        reason=request.reason,
        key=key,
        fingerprint=_fingerprint(request.quantities, request.reason),
    )
    return _done(staff, "return_order", order_id, decide)


def refund(staff: Principal, order_id: str, request: RefundRequest, key: str) -> Outcome:
    """Raises OrderNotFound, MixedCurrencies, Unavailable, and what `decisions.refund` does."""
    amount = request.amount

    def decide(order: Order) -> Effects | None:
        if amount:
            _require_currency(order, amount)
        return decisions.refund(
            order,
            amount.amount_minor if amount else None,
            by=staff.user_id,
            reason=request.reason,
            key=key,
            fingerprint=_fingerprint(amount and amount.model_dump(), request.reason),
        )

    return _done(staff, "refund_order", order_id, decide)


def note(staff: Principal, order_id: str, text: str) -> Order:
    """Raises OrderNotFound, OrderEntryLimitReached and Unavailable."""
    decide = partial(decisions.note, text=text, by=staff.user_id)
    return _done(staff, "note_on_order", order_id, decide).order


def confirm_again(staff: Principal, order_id: str) -> None:
    """Raises OrderNotFound and Unavailable."""
    _done(staff, "resend_confirmation", order_id, decisions.confirm_again)


def _done(staff: Principal, action: str, order_id: str, decide: Decide) -> Outcome:
    outcome = try_update_order(order_id, decide)
    result = "done" if outcome.is_new else "done before"
    observability.audit(action, result, user_id=staff.user_id, order_id=order_id)
    return outcome


def _require_currency(order: Order, amount: Money) -> None:
    if amount.currency != order.currency:
        raise MixedCurrencies(
            f"The order was paid in {order.currency}, and is paid back in it.",
            currencies=sorted({amount.currency, order.currency}),
        )


def _fingerprint(*asked_for: object) -> str:
    canonical = json.dumps(asked_for, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
