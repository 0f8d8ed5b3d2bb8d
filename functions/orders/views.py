"""An order, as its buyer sees it; `fulfilment.views` adds what staff see."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from orders.lifecycle import order_quantities
from orders.lifecycle.buyers import is_step_of_buyer
from orders.lifecycle.order_quantities import LineUnits, list_shipments
from orders.lifecycle.transitions import PROVIDER_ACTOR, SHOP_ACTOR, Status
from orders.parcel_views import CancellationView, ParcelView, ShipmentView
from orders.payment_views import PaymentView, RefundView
from orders.pricing.rate_tables import weigh
from orders.pricing.views import (
    PROMOTION_CODE,
    TAX_INCLUDED,
    WEIGHT,
    QuotedLineView,
    TotalsView,
    UsedPromotionView,
)
from shared.addresses.schemas import AddressView
from shared.http.schemas import View, shown_as
from shared.storage.models.orders import (
    Order,
    OrderLine,
    OrderStep,
)

ShownStatus = Annotated[str, shown_as(Status)]

_STATUS = (
    "`partially_shipped`: a parcel has left, and more is to be shipped. `expired`: not paid in "
    "time. `refunded`: everything that was paid is refunded."
)


class OrderLineView(QuotedLineView):
    """A product in an order, with its name and price when the order was placed.

    The units that are neither `shipped` nor `cancelled` are still to be shipped.
    """

    shipped: int = Field(description="Units that left in parcels.")
    cancelled: int = Field(description="Units that will not be shipped.")
    returned: int = Field(
        description="Units that came back: those that the buyer returned, and the cancelled ones. "
        "They are in stock again, unless `untracked`."
    )

    @classmethod
    def from_units(cls, line: OrderLine, units: LineUnits, currency: str) -> Self:
        return cls.from_model(
            line,
            currency,
            shipped=units.shipped,
            cancelled=units.cancelled,
            returned=units.restocked,
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


class OrderView(View):
    """An order, as its buyer sees it."""

    id: str
    status: ShownStatus = Field(description=_STATUS)
    lines: list[OrderLineView]
    totals: TotalsView
    weight_grams: int = Field(description=WEIGHT)
    tax_included: bool = Field(description=TAX_INCLUDED)
    promotion_code: str | None = Field(description=PROMOTION_CODE)
    promotion: UsedPromotionView | None = Field(description="Null if no promotion applied.")
    shipping_address: AddressView
    payment: PaymentView
    refunds: list[RefundView]
    shipments: list[ParcelView] = Field(description="The parcels, the oldest first.")
    shipment: ShipmentView | None = Field(
        description="The last of `shipments`. Null until a parcel is shipped.",
        deprecated=True,
    )
    cancellations: list[CancellationView] = Field(
        description="What staff cancelled of the order, the oldest first."
    )
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
        currency, units = order.currency, order_quantities.units_by_product(order)
        promotion = UsedPromotionView.from_model(order.promotion) if order.promotion else None
        fields = {
            "id": order.order_id,
            "status": order.status,
            "lines": [
                OrderLineView.from_units(line, units[line.product_id], currency)
                for line in order.lines
            ],
            "totals": TotalsView.from_model(order.totals, currency),
            "weight_grams": weigh(order.lines),
            "tax_included": bool(order.tax_included),
            "promotion_code": promotion.sent_code if promotion else None,
            "promotion": promotion,
            "shipping_address": AddressView.from_model(order.shipping_address),
            "payment": PaymentView.from_model(order),
            "refunds": [RefundView.from_model(refund, currency) for refund in order.refunds],
            "shipments": [ParcelView.from_model(each) for each in list_shipments(order)],
            "shipment": ShipmentView.from_model(order.shipment) if order.shipment else None,
            "cancellations": [
                CancellationView.from_model(each, currency) for each in order.cancellations
            ],
            "history": list(buyer_history(order, order.buyer_id)),
            "placed_at": order.placed_at,
            "expires_at": order.expires_at,
            "version": int(order.version),
        }
        return cls(**fields | more)


def buyer_history(order: Order, buyer_id: str) -> Iterator[OrderStepView]:
    """The history without the ids of staff; the buyer has this id in it."""
    for step in order.history:
        # The steps of a guest, and of a buyer before, belong to the buyer of now.
        is_buyer = is_step_of_buyer(order, step.by)
        actor = step.by if step.by in (SHOP_ACTOR, PROVIDER_ACTOR) else "staff"
        yield OrderStepView.from_model(step, by=buyer_id if is_buyer else actor)
