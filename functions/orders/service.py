"""Placing orders: once each, at the shop's prices and terms, and never more than there is."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from orders import repository
from orders.buyers import Buyer
from orders.lifecycle import balances, decisions, order_events
from orders.lifecycle import service as lifecycle
from orders.lifecycle.repository import StageExtra
from orders.lifecycle.transitions import BEFORE_SHIPPING, Effects, advance
from orders.pricing import quotes
from orders.pricing import repository as prices
from orders.pricing.lines import merged
from orders.pricing.quotes import Quote
from orders.schemas import OrderRequest, QuoteRequest
from shared import clock, ids, observability
from shared.config import OrderSettings, settings
from shared.errors.accounts import Forbidden
from shared.errors.base import AppError, Unavailable
from shared.errors.orders import OrderNotFound, TotalChanged
from shared.errors.requests import IdempotencyKeyReused
from shared.events.all_events import OrderEvent
from shared.security.permissions import Permission, Principal
from shared.storage import rate_limits
from shared.storage.cursors import ItemPage
from shared.storage.models.orders import (
    AWAITS_PAYMENT,
    Order,
    OrderPromotion,
    OrderStep,
    ShippingAddress,
)
from shared.storage.models.pricing import Promotion
from shared.storage.transactions import Transaction

PRICING_ATTEMPTS = 4  # of one order whose promotion staff change at the same moment


@dataclass(frozen=True, slots=True)
class Placement:
    order: Order
    is_replay: bool


def buyer(caller: Principal) -> Buyer:
    return Buyer(caller.user_id)


def quote(buyer: Buyer | None, request: QuoteRequest) -> Quote:
    """What an order would cost now; nothing is changed, and no stock is kept.

    Without a buyer nobody's uses of the promotion are looked at. Raises the refusals of `merged`
    and `quotes.price`.
    """
    quantities = merged(request.lines)
    customer_id = buyer.customer_id if buyer else None
    known = prices.get_pricing_inputs(list(quantities), request.promotion_code, customer_id)
    return quotes.price(quantities, known.products, known.terms, request.shipping_address)


def place(
    buyer: Buyer, request: OrderRequest, idempotency_key: str, also: StageExtra | None = None
) -> Placement:
    """The order of that buyer and that key: placed now, or as it was placed before.

    The order's id is derived from both, so a retry collides with the first attempt inside
    DynamoDB: there is no lock and no window. Nothing is stored for an attempt that is refused.
    A key is kept as long as its order is: for ever. `also` stages what else is written with it.

    Raises IdempotencyKeyReused, TotalChanged, and the refusals of `merged`, `quotes.price`,
    `repository.add` and `also`.
    """
    order_id = ids.derived_id("ord", buyer.buyer_id, idempotency_key)
    try:
        return Placement(_place(order_id, buyer, request, also), is_replay=False)
    except AppError as refusal:
        # Whatever stands in the way now, a first attempt that went through is the answer.
        return _replay(order_id, request, refusal)


def place_own(caller: Principal, request: OrderRequest, idempotency_key: str) -> Placement:
    """As `place`, for an account: so many an hour, since each holds stock until it is paid.

    Raises TooManyAttempts too; what is refused or repeated does not count.
    """
    return place(buyer(caller), request, idempotency_key, also=partial(_take, caller.user_id))


def _take(user_id: str, transaction: Transaction) -> None:
    limit = settings(OrderSettings).orders_per_hour
    rate_limits.consume_hourly_quota(
        transaction, "order of", user_id, limit=limit, now=clock.utc_now()
    )


def cancel(caller: Principal, order_id: str, reason: str | None) -> Order:
    """By its buyer before it is shipped, by staff whenever. Cancelled already, it stays as it is.

    Raises OrderNotFound, for someone else's order too, Forbidden, OrderStatusConflict, and
    Unavailable.
    """
    is_staff = caller.may(Permission.MANAGE_ORDERS)

    def decide(order: Order) -> Effects | None:
        is_own = order.buyer_id == caller.user_id
        if not (is_staff or is_own):
            raise _not_found()
        if is_staff and not (is_own and order.status in BEFORE_SHIPPING):
            _require_right_to_pay_back(caller, order)
        return decisions.cancel(order, by=caller.user_id, is_staff=is_staff, reason=reason)

    order = lifecycle.update_order(order_id, decide)
    observability.audit("cancel_order", "done", user_id=caller.user_id, order_id=order_id)
    return order


def _require_right_to_pay_back(caller: Principal, order: Order) -> None:
    """Staff who cancel an order have what was received for it paid back. Raises Forbidden."""
    if balances.received_minor(order) and not caller.may(Permission.REFUND_ORDERS):
        raise Forbidden(
            "This would pay money back: that takes the right to refund.",
            permission=Permission.REFUND_ORDERS,
        )


def view(caller: Principal, order_id: str) -> Order:
    """Raises OrderNotFound, for someone else's order too."""
    order = repository.find(order_id)
    if order is None or not (
        order.buyer_id == caller.user_id or caller.may(Permission.READ_ALL_ORDERS)
    ):
        raise _not_found()
    return order


def mine(buyer: Principal, *, limit: int, cursor: str | None) -> ItemPage[Order]:
    """Newest first. Raises InvalidCursor."""
    return repository.of_buyer(buyer.user_id, limit=limit, cursor=cursor)


def _replay(order_id: str, request: OrderRequest, refusal: AppError) -> Placement:
    placed = repository.find(order_id)
    if placed is None:
        raise refusal
    if placed.fingerprint != _fingerprint(request):
        raise IdempotencyKeyReused(
            "This Idempotency-Key has placed a different order. Use a new key for a new order.",
            order_id=order_id,
        ) from refusal
    return Placement(placed, is_replay=True)


def _not_found() -> OrderNotFound:
    return OrderNotFound("There is no such order.")


def _place(order_id: str, buyer: Buyer, request: OrderRequest, also: StageExtra | None) -> Order:
    quantities = merged(request.lines)
    for _ in range(PRICING_ATTEMPTS):
        known = prices.get_pricing_inputs(
            list(quantities), request.promotion_code, buyer.customer_id
        )
        quote = quotes.price(quantities, known.products, known.terms, request.shipping_address)
        _require_as_quoted(request, quote)
        order = _order(order_id, buyer, request, quote)
        shards = {key: int(it.stock_shards) for key, it in known.products.items()}
        try:
            repository.add(order, _told_of(order), shards, quote.promotion, also)
        except prices.PromotionChanged:
            continue
        return order
    raise Unavailable


def _require_as_quoted(request: OrderRequest, quote: Quote) -> None:
    quoted, total = request.quoted_total, quote.total
    if quoted not in (None, total):
        raise TotalChanged(
            f"The order would cost {total} now, and not {quoted}.",
            quoted=quoted.model_dump(),
            total=total.model_dump(),
        )


def _order(order_id: str, buyer: Buyer, request: OrderRequest, quote: Quote) -> Order:
    now = clock.utc_now()
    order = Order(
        order_id=order_id,
        buyer_id=buyer.buyer_id,
        guest_email=buyer.guest_email,
        status="pending_payment",
        currency=quote.currency,
        lines=quote.lines,
        totals=quote.totals,
        tax_included=quote.tax_included,
        promotion=_use_of(quote.promotion, buyer) if quote.promotion else None,
        shipping_address=ShippingAddress(**request.shipping_address.model_dump()),
        history=[OrderStep(status="pending_payment", at=now, by=buyer.buyer_id)],
        placed_at=now,
        placed_month=f"{now:%Y-%m}",
        awaits=AWAITS_PAYMENT,
        expires_at=now + timedelta(minutes=settings(OrderSettings).payment_hold_minutes),
        fingerprint=_fingerprint(request),
        version=1,
    )
    if quote.total.amount_minor == 0:
        advance(order, "paid", by=decisions.SHOP)  # there is nothing to wait for
    return order


def _use_of(promotion: Promotion, buyer: Buyer) -> OrderPromotion:
    """With the counts that it is entered in: those alone that have a limit."""
    is_counted_for_customer = promotion.uses_per_customer_max is not None
    return OrderPromotion(
        code=promotion.code,
        is_counted=promotion.uses_max is not None,
        counted_for=buyer.customer_id if is_counted_for_customer else None,
    )


def _told_of(order: Order) -> list[OrderEvent]:
    placed: list[OrderEvent] = [order_events.placed(order)]
    return placed if order.status == "pending_payment" else [*placed, order_events.paid(order)]


def _fingerprint(request: OrderRequest) -> str:
    """Of what was asked for, so that the order of JSON keys and white space do not matter."""
    # Without defaults: a field that a later version adds must not make a retry another request.
    asked_for = request.model_dump(exclude_defaults=True)
    canonical = json.dumps(asked_for, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
