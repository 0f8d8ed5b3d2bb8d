"""An order, as its buyer sees it; `fulfilment.views` adds what staff see."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from orders.lifecycle import balances
from orders.lifecycle.buyers import is_guest
from orders.lifecycle.transitions import PROVIDER_ACTOR, SHOP_ACTOR, Status
from orders.pricing.rate_tables import weigh
from shared.addresses.schemas import AddressView
from shared.http.schemas import View, shown_as
from shared.money import Money
from shared.storage.models.catalog import StockPolicy
from shared.storage.models.orders import (
    Order,
    OrderLine,
    OrderPayment,
    OrderRefund,
    OrderShipment,
    OrderStep,
    OrderTotals,
)

PaymentStatus = Literal["none", "started", "authorized", "captured", "manual", "void"]
RefundStatus = Literal["requested", "succeeded", "failed"]
ShownStatus = Annotated[str, shown_as(Status)]
ShownPolicy = Annotated[str, shown_as(StockPolicy)]

WEIGHT = "The weight of all units. A product without a weight counts as 0."
TAX_INCLUDED = "Whether prices include the tax. If false, the tax is added in the total."
_STATUS = "`expired`: not paid in time. `refunded`: everything that was paid is refunded."


class QuotedLineView(View):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money = Field(description="The price of all units, before the discount.")
    discount: Money = Field(description="The line's share of the order's discount.")
    tax: Money = Field(description="The tax on the line, after the discount.")
    tax_rate_ppm: int = Field(description="The tax rate in parts per million: 190000 is 19 %.")
    tax_class: str
    weight_grams: int | None = Field(description="Of one unit. Null if the product had no weight.")
    stock_policy: ShownPolicy = Field(description="The product's when the order was placed.")
    backordered: int = Field(description="Units that were not in stock when it was placed.")

    @classmethod
    def from_model(cls, line: OrderLine, currency: str, **more: Any) -> Self:
        return cls(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=int(line.quantity),
            unit_price=money(line.unit_price_minor, currency),
            line_total=money(line.line_total_minor, currency),
            discount=money(line.discount_minor, currency),
            tax=money(line.tax_minor, currency),
            tax_rate_ppm=int(line.tax_rate_ppm),
            tax_class=line.tax_class,
            weight_grams=line.unit_grams,
            stock_policy=line.stock_policy,
            backordered=int(line.backordered),
            **more,
        )


class OrderLineView(QuotedLineView):
    """A product in an order, with its name and price when the order was placed."""

    returned: int = Field(description="Units that came back: to the stock, unless `untracked`.")


class TotalsView(View):
    items: Money = Field(description="The sum of all lines, before the discount.")
    discount: Money = Field(description="The amount that the promotion takes off the items.")
    shipping: Money
    tax: Money = Field(description="The tax on items and shipping.")
    total: Money = Field(description="The amount that the buyer pays.")

    @classmethod
    def from_model(cls, totals: OrderTotals, currency: str) -> Self:
        return cls(
            items=money(totals.items_minor, currency),
            discount=money(totals.discount_minor, currency),
            shipping=money(totals.shipping_minor, currency),
            tax=money(totals.tax_minor, currency),
            total=money(totals.total_minor, currency),
        )


class OrderStepView(View):
    """An entry in the history of an order: a new status, or an event that left it unchanged."""

    status: ShownStatus = Field(description="The status after this entry.")
    event: str | None = Field(description="Such as `returned`. Null if the status changed.")
    at: datetime
    by: str
    reason: str | None = Field(description="The reason that was given, or null.")

    @classmethod
    def from_model(cls, step: OrderStep, *, by: str) -> Self:
        return cls(status=step.status, event=step.event, at=step.at, by=by, reason=step.reason)


class PaymentView(View):
    status: Annotated[str, shown_as(PaymentStatus)] = Field(
        description="`none`: no payment is started. `started`: the buyer must still complete it. "
        "`authorized`: the payment provider has reserved the money. `captured`: the payment "
        "provider has the money. `manual`: the shop received the money itself. `void`: the payment "
        "has ended without money."
    )
    received: Money = Field(description="The money that the shop has received for the order.")
    refunded: Money = Field(description="The sum of the refunds that succeeded.")

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        return cls(
            status=_payment_status(order.payment),
            received=money(balances.received_minor(order), order.currency),
            refunded=money(balances.refunded_minor(order), order.currency),
            **more,
        )


def _payment_status(payment: OrderPayment | None) -> str:
    if payment is None:
        return "none"
    if payment.manual_minor and payment.status != balances.CAPTURED:
        return "manual"
    return payment.status or "none"


class RefundView(View):
    id: str
    amount: Money
    status: Annotated[str, shown_as(RefundStatus)] = Field(
        description="`requested`: the provider has not confirmed it yet."
    )
    reason: str | None = Field(description="The reason that was given, or null.")
    at: datetime = Field(description="When the refund was requested.")

    @classmethod
    def from_model(cls, refund: OrderRefund, currency: str, **more: Any) -> Self:
        return cls(
            id=refund.refund_id,
            amount=money(refund.amount_minor, currency),
            status=refund.status,
            reason=refund.reason,
            at=refund.at,
            **more,
        )


class ShipmentView(View):
    carrier: str
    tracking_number: str | None = Field(description="Null if staff gave none.")

    @classmethod
    def from_model(cls, shipment: OrderShipment) -> Self:
        return cls(carrier=shipment.carrier, tracking_number=shipment.tracking_number)


class OrderView(View):
    """An order, as its buyer sees it."""

    id: str
    status: ShownStatus = Field(description=_STATUS)
    lines: list[OrderLineView]
    totals: TotalsView
    weight_grams: int = Field(description=WEIGHT)
    tax_included: bool = Field(description=TAX_INCLUDED)
    promotion_code: str | None = Field(description="Null if the order used no promotion.")
    shipping_address: AddressView
    payment: PaymentView
    refunds: list[RefundView]
    shipment: ShipmentView | None = Field(description="Null until the order is shipped.")
    history: list[OrderStepView] = Field(
        description="What happened to the order, oldest first. `by` is the buyer's id, `staff`, "
        "`payments` (the payment provider) or `shop` (the shop did it automatically)."
    )
    placed_at: datetime
    expires_at: datetime | None = Field(
        description="If the order is not paid by this time, it expires. Null once it is paid or "
        "finished."
    )
    version: int = Field(description="Grows with each change of the order.")

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        """`more` has the fields that a wider view adds or replaces."""
        currency = order.currency
        fields = {
            "id": order.order_id,
            "status": order.status,
            "lines": [
                OrderLineView.from_model(line, currency, returned=int(line.returned))
                for line in order.lines
            ],
            "totals": TotalsView.from_model(order.totals, currency),
            "weight_grams": weigh(order.lines),
            "tax_included": bool(order.tax_included),
            "promotion_code": order.promotion.code if order.promotion else None,
            "shipping_address": AddressView.from_model(order.shipping_address),
            "payment": PaymentView.from_model(order),
            "refunds": [RefundView.from_model(refund, currency) for refund in order.refunds],
            "shipment": ShipmentView.from_model(order.shipment) if order.shipment else None,
            "history": list(buyer_history(order, order.buyer_id)),
            "placed_at": order.placed_at,
            "expires_at": order.expires_at,
            "version": int(order.version),
        }
        return cls(**fields | more)


def buyer_history(order: Order, buyer_id: str) -> Iterator[OrderStepView]:
    """The history without the ids of staff; the buyer has this id in it."""
    for step in order.history:
        # A guest's steps belong to the account that the order was linked to later.
        is_buyer = step.by == order.buyer_id or is_guest(step.by)
        actor = step.by if step.by in (SHOP_ACTOR, PROVIDER_ACTOR) else "staff"
        yield OrderStepView.from_model(step, by=buyer_id if is_buyer else actor)


def money(amount_minor: float, currency: str) -> Money:
    return Money(amount_minor=int(amount_minor), currency=currency)
