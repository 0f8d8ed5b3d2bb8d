"""What staff do with orders: find, ship, deliver, restock, refund and annotate them."""

import hashlib
import json
from functools import partial

from orders.fulfilment import repository
from orders.fulfilment.schemas import OrderQuery, RefundRequest, ReturnRequest, ShipRequest
from orders.lifecycle import decisions, shipping
from orders.lifecycle import repository as orders
from orders.lifecycle.effects import Effects
from orders.lifecycle.repository import StageExtra
from orders.lifecycle.service import Decide, Outcome, try_update_order
from shared import observability
from shared.errors.orders import MixedCurrencies
from shared.money import Money
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.orders import Order


def list_orders(staff: Principal, query: OrderQuery) -> ItemPage[Order]:
    """Newest first. Raises InvalidCursor."""
    return repository.list_orders(query, staff_id=staff.user_id)


def get_order(order_id: str) -> Order:
    """Raises OrderNotFound."""
    return orders.get_order(order_id)


def mark_order_paid(staff: Principal, order_id: str, reference: str) -> Order:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    decide = partial(decisions.mark_paid_manually, by=staff.user_id, reference=reference)
    return update_as_staff(staff, "mark_order_paid", order_id, decide).order


def ship_order(staff: Principal, order_id: str, request: ShipRequest) -> Order:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    decide = partial(shipping.ship, tracking=request.to_tracking(), by=staff.user_id)
    return update_as_staff(staff, "ship_order", order_id, decide).order


def deliver_order(staff: Principal, order_id: str) -> Order:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    decide = partial(decisions.deliver, by=staff.user_id)
    return update_as_staff(staff, "deliver_order", order_id, decide).order


def return_order(staff: Principal, order_id: str, request: ReturnRequest, key: str) -> Outcome:
    """Raises OrderNotFound, Unavailable, and what `decisions.return_items` does."""
    quantities = request.to_quantities()
    decide = partial(
        decisions.return_items,
        quantities=quantities,
        by=staff.user_id,
        reason=request.reason,
        key=key,
        fingerprint=fingerprint_of(quantities, request.reason),
    )
    return update_as_staff(staff, "return_order", order_id, decide)


def refund_order(staff: Principal, order_id: str, request: RefundRequest, key: str) -> Outcome:
    """Raises OrderNotFound, MixedCurrencies, Unavailable, and what `decisions.refund` does."""
    amount = request.amount

    def decide(order: Order) -> Effects | None:
        if amount:
            _require_order_currency(order, amount)
        return decisions.refund(
            order,
            amount.amount_minor if amount else None,
            by=staff.user_id,
            reason=request.reason,
            key=key,
            fingerprint=fingerprint_of(amount and amount.model_dump(), request.reason),
        )

    return update_as_staff(staff, "refund_order", order_id, decide)


def add_order_note(staff: Principal, order_id: str, text: str) -> Order:
    """Raises OrderNotFound, OrderEntryLimitReached and Unavailable."""
    decide = partial(decisions.add_note, text=text, by=staff.user_id)
    return update_as_staff(staff, "add_order_note", order_id, decide).order


def resend_order_confirmation(staff: Principal, order_id: str) -> None:
    """Raises OrderNotFound, OrderStatusConflict and Unavailable."""
    update_as_staff(staff, "resend_order_confirmation", order_id, decisions.resend_confirmation)


def update_as_staff(
    staff: Principal,
    action: str,
    order_id: str,
    decide: Decide,
    stage_extra: StageExtra | None = None,
) -> Outcome:
    """Change the order for staff, with a line in the audit log.

    Raises SessionEnded if the account was disabled or deleted in the last minute. `stage_extra`
    replaces that check: it must require the account itself.
    """
    stage_check = partial(orders.stage_account_check, user_id=staff.user_id)
    outcome = try_update_order(order_id, decide, stage_extra or stage_check)
    result = "done" if outcome.is_new else "done before"
    observability.audit(action, result, user_id=staff.user_id, order_id=order_id)
    return outcome


def _require_order_currency(order: Order, amount: Money) -> None:
    if amount.currency != order.currency:
        raise MixedCurrencies(
            f"The order was paid in {order.currency}. Refund it in {order.currency}.",
            currencies=sorted({amount.currency, order.currency}),
        )


def fingerprint_of(*fields: object) -> str:
    """Identifies a request among those with the same Idempotency-Key."""
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
