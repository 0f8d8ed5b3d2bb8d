"""Orders as their life has made them: in memory for what is pure, or in the shop's tables."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from orders import placement
from orders.buyers import Buyer
from orders.lifecycle import balances, decisions, provider_events, refunds
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.schemas import OrderRequest
from orders.staff_api import handler as staff_api
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
from tests.support.http import ADA, STAFF, Answer, Caller, send

TOTAL = 3000  # of the order in memory: two of TEA and one of CUP
PAYMENT = "pay_1"
Decide = Callable[[Order], Effects | None]

mark_paid_manually = partial(decisions.mark_paid_manually, by="usr_staff", reference="cash")
ship = partial(decisions.ship, by="usr_staff", carrier="DHL", tracking_number="1")
deliver = partial(decisions.deliver, by="usr_staff")
cancel = partial(decisions.cancel, by="usr_ada", is_staff=False, reason=None)
cancel_by_staff = partial(decisions.cancel, by="usr_staff", is_staff=True, reason="broken")
begin = partial(provider_events.start_payment, provider="bank", payment_id=PAYMENT)
voided = partial(provider_events.apply_void, payment_id=PAYMENT)


def authorized(order: Order, payment_id: str = PAYMENT) -> Effects | None:
    total = balances.total_minor(order)
    return provider_events.apply_authorization(
        order, provider="bank", payment_id=payment_id, amount_minor=total
    )


def captured(order: Order, payment_id: str = PAYMENT) -> Effects | None:
    total = balances.total_minor(order)
    return provider_events.apply_capture(
        order, provider="bank", payment_id=payment_id, amount_minor=total
    )


def refund(amount_minor: int | None = None, key: str = "refund-1", **changes: Any) -> Decide:
    about = {"by": "usr_staff", "reason": None, "key": key, "fingerprint": str(amount_minor)}
    return lambda order: decisions.refund(order, amount_minor, **(about | changes))


def take_back(key: str = "return-1", **quantities: int) -> Decide:
    """`take_back(TEA=1)`, of an order in memory."""
    about = {"by": "usr_staff", "reason": None, "key": key, "fingerprint": str(quantities)}
    return lambda order: decisions.return_items(order, quantities, **about)


def settle(status: str = "succeeded", *, number: int = -1) -> Decide:
    """What the provider has made of a refund that it was asked for: the last one."""

    def decide(order: Order) -> Effects | None:
        asked = order.refunds[number]
        return refunds.apply_refund_status(
            order, asked, status=status, provider_refund_id=f"bank_{asked.refund_id}"
        )

    return decide


def expire(order: Order) -> Effects | None:
    """Its time to be paid is over."""
    if order.expires_at:
        order.expires_at = clock.utc_now() - timedelta(seconds=1)
    return decisions.expire(order)


LIVES: dict[str, tuple[Decide, ...]] = {
    "pending_payment": (),
    "paid": (captured,),
    "shipped": (captured, ship),
    "delivered": (captured, ship, deliver),
    "cancelled": (cancel,),
    "expired": (expire,),
    "refunded": (captured, refund(), settle()),
}


def unstored(*life: Decide, **changes: Any) -> Order:
    """In memory, as all of this has made it."""
    now = clock.utc_now()
    order = Order(
        order_id="ord_1",
        **{
            "buyer_id": "usr_ada",
            "status": "pending_payment",
            "currency": "EUR",
            "lines": [line("TEA", {"0": 2}), line("CUP", {"0": 1})],
            "totals": OrderTotals(
                items_minor=TOTAL,
                discount_minor=0,
                shipping_minor=0,
                tax_minor=0,
                total_minor=TOTAL,
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
    for decide in life:
        assert decide(order) is not None
    return order


def line(product_id: str, taken: dict[str, int]) -> OrderLine:
    quantity = sum(taken.values())
    return OrderLine(
        product_id=product_id,
        sku=product_id,
        name=f"The {product_id}",
        quantity=quantity,
        unit_price_minor=1000,
        line_total_minor=1000 * quantity,
        allocations_json=taken,
    )


def told(effects: Effects | None) -> list[str]:
    assert effects is not None
    return [event.type for event in effects.events]


def stored(*life: Decide, of: Product | None = None, quantity: int = 2, **more: Any) -> Order:
    """Placed in the shop, as all of this has made it."""
    product = of or shop.product(f"TEA-{uuid4().hex}", available=10)
    buyer = Buyer(more.pop("buyer_id", ADA.user_id), more.pop("guest_email", None))
    request = OrderRequest.model_validate(
        {"lines": [shop.line(product, quantity)], "shipping_address": shop.ADDRESS} | more
    )
    order = placement.place_order(buyer, request, uuid4().hex).order
    for decide in life:
        order = update_order(order.order_id, decide)
    return order


def events_of(order: Order) -> list[OrderEvent]:
    """All that was told of it, the first first."""
    told = [it for it in shop.staged_so_far() if it.type.startswith("order.")]
    of_order = [it for it in told if it.data.order_id == order.order_id]
    return sorted(of_order, key=lambda it: it.occurred_at)


def held(product: Product) -> tuple[int, int]:
    """How many can be sold, and how many are on order, in all shards."""
    found = stock.get_stock(Product.get(product.product_id))
    return found.available, found.allocated


def by_staff(
    what: str,
    order_id: str,
    body: Any = None,
    *,
    key: str | None = "key-1",
    caller: Caller | None = STAFF,
) -> Answer:
    """`by_staff("staff.ship_order", ...)`, with that body in place of the sample's, if any."""
    keyed = what in ("staff.return_order", "staff.refund_order")
    return send(
        staff_api,
        what,
        caller=caller,
        body=body,
        headers={"idempotency-key": key} if keyed else None,
        path={"order_id": order_id},
    )
