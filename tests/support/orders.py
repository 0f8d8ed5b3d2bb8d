"""Orders in any state: in memory for pure functions, or placed and stored in the tables."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from orders.checkout import placement
from orders.checkout.schemas import OrderRequest
from orders.lifecycle import (
    balances,
    cancellations,
    decisions,
    provider_events,
    refunds,
    shipping,
)
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from shared import clock
from shared.events.all_events import OrderEvent
from shared.storage import stock
from shared.storage.models.catalog import Product
from shared.storage.models.orders import (
    AWAITS_PAYMENT,
    Order,
    OrderLine,
    OrderStep,
    OrderTotals,
    ShippingAddress,
)
from tests.support import shop
from tests.support.events import published_events
from tests.support.http import ADA

TOTAL_MINOR = 3000  # of the order in memory: two TEA and one CUP
PAYMENT_ID = "pay_1"
Decide = Callable[[Order], Effects | None]

mark_paid_manually = partial(decisions.mark_paid_manually, by="usr_staff", reference="cash")
ship = partial(shipping.ship, tracking=Tracking("DHL", "1"), by="usr_staff")
deliver = partial(decisions.deliver, by="usr_staff")
cancel = partial(decisions.cancel, by="usr_ada", is_staff=False, reason=None)
cancel_by_staff = partial(decisions.cancel, by="usr_staff", is_staff=True, reason="broken")
start_payment = partial(provider_events.start_payment, provider="bank", payment_id=PAYMENT_ID)
voided = partial(provider_events.apply_void, payment_id=PAYMENT_ID)


def authorized(order: Order, payment_id: str = PAYMENT_ID) -> Effects | None:
    total = balances.total_minor(order)
    return provider_events.apply_authorization(
        order, provider="bank", payment_id=payment_id, amount_minor=total
    )


def captured(order: Order, payment_id: str = PAYMENT_ID) -> Effects | None:
    total = balances.total_minor(order)
    return provider_events.apply_capture(
        order, provider="bank", payment_id=payment_id, amount_minor=total
    )


def refund(amount_minor: int | None = None, key: str = "refund-1", **changes: Any) -> Decide:
    details = {"by": "usr_staff", "reason": None, "key": key, "fingerprint": str(amount_minor)}
    return lambda order: decisions.refund(order, amount_minor, **(details | changes))


def return_items(key: str = "return-1", **quantities: int) -> Decide:
    """`return_items(TEA=1)`, for an order in memory."""
    details = {"by": "usr_staff", "reason": None, "key": key, "fingerprint": str(quantities)}
    return lambda order: decisions.return_items(order, quantities, **details)


def ship_units(key: str = "parcel-1", **quantities: int) -> Decide:
    """`ship_units(TEA=1)`, for an order in memory."""
    details = {"by": "usr_staff", "key": key, "fingerprint": str(quantities)}
    return lambda order: shipping.create_shipment(
        order, quantities or None, Tracking("DHL", key), **details
    )


def ship_one(order: Order) -> Effects | None:
    """A unit of the first line."""
    return ship_units(**{order.lines[0].product_id: 1})(order)


def cancel_units(key: str = "cancellation-1", **quantities: int) -> Decide:
    """`cancel_units(TEA=1)`, for an order in memory."""
    details = {"by": "usr_staff", "reason": None, "key": key, "fingerprint": str(quantities)}
    return lambda order: cancellations.cancel_units(order, quantities or None, **details)


def settle_refund(status: str = "succeeded", *, number: int = -1) -> Decide:
    """The provider reports this status for one of the order's refunds: the last one."""

    def decide(order: Order) -> Effects | None:
        refund = order.refunds[number]
        return refunds.apply_refund_status(
            order, refund, status=status, provider_refund_id=f"bank_{refund.refund_id}"
        )

    return decide


def expire(order: Order) -> Effects | None:
    """Ends the time to pay, then expires the order."""
    if order.expires_at:
        order.expires_at = clock.utc_now() - timedelta(seconds=1)
    return decisions.expire(order)


# The decisions that bring a new order into each status.
LIFECYCLES: dict[str, tuple[Decide, ...]] = {
    "pending_payment": (),
    "paid": (captured,),
    "partially_shipped": (captured, ship_one),
    "shipped": (captured, ship),
    "delivered": (captured, ship, deliver),
    "cancelled": (cancel,),
    "expired": (expire,),
    "refunded": (captured, refund(), settle_refund()),
}


def new_order(*decisions: Decide, **changes: Any) -> Order:
    """An order in memory, after these decisions."""
    now = clock.utc_now()
    order = Order(
        order_id="ord_1",
        **{
            "buyer_id": "usr_ada",
            "status": "pending_payment",
            "currency": "EUR",
            "lines": [line("TEA", {"0": 2}), line("CUP", {"0": 1})],
            "totals": OrderTotals(
                items_minor=TOTAL_MINOR,
                discount_minor=0,
                shipping_minor=0,
                tax_minor=0,
                total_minor=TOTAL_MINOR,
            ),
            "shipping_address": ShippingAddress(**shop.ADDRESS),
            "history": [OrderStep(status="pending_payment", at=now, by="usr_ada")],
            "placed_at": now,
            "placed_month": f"{now:%Y-%m}",
            "awaits": AWAITS_PAYMENT,
            "expires_at": now + timedelta(minutes=30),
            "fingerprint": "-",
            "version": 1,
        }
        | changes,
    )
    for decide in decisions:
        assert decide(order) is not None
    return order


def line(product_id: str, allocations: dict[str, int]) -> OrderLine:
    quantity = sum(allocations.values())
    return OrderLine(
        product_id=product_id,
        sku=product_id,
        name=f"The {product_id}",
        quantity=quantity,
        unit_price_minor=1000,
        line_total_minor=1000 * quantity,
        allocations_json=allocations,
    )


def event_types_of(effects: Effects | None) -> list[str]:
    assert effects is not None
    return [event.type for event in effects.events]


def create_order(
    *decisions: Decide, product: Product | None = None, quantity: int = 2, **more: Any
) -> Order:
    """Places an order, then saves it after each of these decisions."""
    product = product or shop.product(f"TEA-{uuid4().hex}", available=10)
    buyer = Buyer(more.pop("buyer_id", ADA.user_id), more.pop("guest_email", None))
    request = OrderRequest.model_validate(
        {"lines": [shop.line(product, quantity)], "shipping_address": shop.ADDRESS} | more
    )
    order = placement.place_order(buyer, request, uuid4().hex).order
    for decide in decisions:
        order = update_order(order.order_id, decide)
    return order


def list_order_events(order: Order) -> list[OrderEvent]:
    """The published events of the order, oldest first."""
    events = [event for event in published_events() if event.type.startswith("order.")]
    of_order = [event for event in events if event.data.order_id == order.order_id]
    return sorted(of_order, key=lambda event: event.occurred_at)


def count_units(product: Product) -> tuple[int, int]:
    """The units that can be sold and the units allocated to orders, in all shards."""
    found = stock.get_stock(Product.get(product.product_id))
    return found.available, found.allocated
