"""Placing orders: once each, at the shop's prices, and never more than there is."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from orders import pricing, repository
from orders.lifecycle import announcing
from orders.pricing import Priced
from orders.schemas import OrderRequest
from shared import clock, ids
from shared.auth import Permission, Principal
from shared.config import OrderSettings, settings
from shared.cursors import ItemPage
from shared.errors import AppError, IdempotencyKeyReused, OrderNotFound
from shared.models import AWAITS_PAYMENT, Order, OrderStep, ShippingAddress


@dataclass(frozen=True, slots=True)
class Placement:
    order: Order
    is_replay: bool


def place(buyer: Principal, request: OrderRequest, idempotency_key: str) -> Placement:
    """The order of that buyer and that key: placed now, or as it was placed before.

    The order's id is derived from both, so a retry collides with the first attempt inside
    DynamoDB: there is no lock and no window. Nothing is stored for an attempt that is refused.

    Raises IdempotencyKeyReused, and the refusals of `pricing` and `repository.add`.
    """
    order_id = ids.derived_id("ord", buyer.user_id, idempotency_key)
    try:
        quantities = pricing.merged(request.lines)
        products = repository.products_of(list(quantities))
        order = _order(order_id, buyer, request, pricing.price(quantities, products))
        buckets = {product_id: int(it.stock_buckets) for product_id, it in products.items()}
        repository.add(order, announcing.placed(order), buckets)
    except AppError as refusal:
        # Whatever stands in the way now, a first attempt that went through is the answer.
        return _replay(order_id, request, refusal)
    return Placement(order, is_replay=False)


def view(caller: Principal, order_id: str) -> Order:
    """Raises OrderNotFound, for someone else's order too."""
    order = repository.find(order_id)
    if order is None or not (
        order.buyer_id == caller.user_id or caller.may(Permission.READ_ALL_ORDERS)
    ):
        raise OrderNotFound("There is no such order.")
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


def _order(order_id: str, buyer: Principal, request: OrderRequest, priced: Priced) -> Order:
    lines, totals, currency = priced
    now = clock.utc_now()
    return Order(
        order_id=order_id,
        buyer_id=buyer.user_id,
        status="pending_payment",
        currency=currency,
        lines=lines,
        totals=totals,
        shipping_address=ShippingAddress(**request.shipping_address.model_dump()),
        history=[OrderStep(status="pending_payment", at=now, by=buyer.user_id)],
        placed_at=now,
        placed_month=f"{now:%Y-%m}",
        awaits=AWAITS_PAYMENT,
        expires_at=now + timedelta(minutes=settings(OrderSettings).payment_hold_minutes),
        fingerprint=_fingerprint(request),
        version=1,
    )


def _fingerprint(request: OrderRequest) -> str:
    """Of what was asked for, so that the order of JSON keys and white space do not matter."""
    # Without defaults: a field that a later version adds must not make a retry another request.
    asked_for = request.model_dump(exclude_defaults=True)
    canonical = json.dumps(asked_for, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
