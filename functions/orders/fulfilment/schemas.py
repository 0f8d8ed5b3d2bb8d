from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field

from orders.schemas import LINES_MAX, QUANTITY_MAX, OrderView
from orders.views import OrderStepView, PaymentView, RefundView, Status
from shared.email_addresses import normalize_email
from shared.http.schemas import ONE_LINE, RequestBody, View, invalid_fields_error
from shared.money import Price
from shared.storage.models.orders import Order, OrderNote, OrderReturn
from shared.timestamps import Timestamp

Reason = Annotated[
    str,
    Field(min_length=1, max_length=500, pattern=ONE_LINE, description="The buyer is shown it."),
]


class ShipRequest(RequestBody):
    carrier: str = Field(min_length=1, max_length=100, pattern=ONE_LINE, examples=["DHL"])
    tracking_number: str | None = Field(
        default=None, min_length=1, max_length=100, pattern=ONE_LINE
    )


class MarkPaidRequest(RequestBody):
    reference: str = Field(
        min_length=1,
        max_length=200,
        pattern=ONE_LINE,
        description="By which the payment is found again. The buyer is shown it.",
        examples=["Bank transfer of 24 November"],
    )


class ReturnedLine(RequestBody):
    product_id: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=QUANTITY_MAX)


class ReturnRequest(RequestBody):
    lines: list[ReturnedLine] = Field(
        min_length=1, max_length=LINES_MAX, description="Lines of one product are added up."
    )
    reason: Reason | None = None

    @property
    def quantities(self) -> Mapping[str, int]:
        """By product."""
        quantities: Counter[str] = Counter()
        for line in self.lines:
            quantities[line.product_id] += line.quantity
        return dict(sorted(quantities.items()))


class RefundRequest(RequestBody):
    amount: Price | None = Field(
        default=None, description="In the order's currency; null: all that is left."
    )
    reason: Reason | None = None


class NoteRequest(RequestBody):
    text: str = Field(min_length=1, max_length=2000, description="No buyer is shown it.")


def _user_or_address(customer: str) -> str:
    return normalize_email(customer) if "@" in customer else customer


OrderStatus = Status
Customer = Annotated[str, Field(min_length=1, max_length=254), AfterValidator(_user_or_address)]


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """A page of the orders that staff look for.

    Raises InvalidFields where no moment lies between the two.
    """

    status: OrderStatus | None
    customer: Customer | None
    placed_from: Timestamp | None
    placed_before: Timestamp | None
    limit: int = 20
    cursor: str | None = None

    def __post_init__(self) -> None:
        if self.placed_from and self.placed_before and self.placed_from >= self.placed_before:
            raise invalid_fields_error(
                [
                    {
                        "loc": ("query", "placed_before"),
                        "type": "times_out_of_order",
                        "msg": "Must be later than placed_from",
                    }
                ]
            )

    @property
    def name(self) -> str:
        """The same for all pages of it."""
        asked_for = (self.status, self.customer, self.placed_from, self.placed_before)
        return f"orders for staff {asked_for}"

    @property
    def guest_email(self) -> str | None:
        return self.customer if self.customer and "@" in self.customer else None

    def asks_for(self, order: Order) -> bool:
        """Whether it is still what the index had it for."""
        return self.status in (None, order.status) and self.guest_email in (None, order.guest_email)


class StaffPaymentView(PaymentView):
    provider: str | None
    payment_id: str | None = Field(description="The provider's.")
    reference: str | None = Field(description="Of what was paid by hand.")


class StaffRefundView(RefundView):
    is_manual: bool = Field(description="Of what was paid by hand, and so paid back by hand.")
    by: str
    provider_refund_id: str | None


class ReturnedLineView(View):
    product_id: str
    quantity: int


class ReturnView(View):
    """Units that are back in stock."""

    id: str
    lines: list[ReturnedLineView]
    reason: str | None
    by: str
    at: datetime

    @classmethod
    def from_model(cls, returned: OrderReturn) -> Self:
        return cls(
            id=returned.return_id,
            lines=[
                ReturnedLineView(product_id=product_id, quantity=quantity)
                for product_id, quantity in returned.quantities_json.items()
            ],
            reason=returned.reason,
            by=returned.by,
            at=returned.at,
        )


class NoteView(View):
    text: str
    by: str
    at: datetime

    @classmethod
    def from_model(cls, note: OrderNote) -> Self:
        return cls(text=note.text, by=note.by, at=note.at)


class StaffOrderView(OrderView):
    """As staff are shown it in a list: with whose it is, and who did what."""

    buyer_id: str = Field(description="A user's, or a guest's, who is no user.")
    guest_email: str | None
    payment: StaffPaymentView
    refunds: list[StaffRefundView]  # type: ignore[assignment]  # nothing is added to a view's
    history: list[OrderStepView] = Field(
        description="`by` is the id of a user or a guest, `payments` or `shop`."
    )

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        seen_by_staff = {
            "buyer_id": order.buyer_id,
            "guest_email": order.guest_email,
            "payment": _payment_of(order),
            "refunds": _refunds_of(order),
            "history": [OrderStepView.from_model(step, by=step.by) for step in order.history],
        }
        return super().from_model(order, **seen_by_staff, **more)


class StaffOrderDetail(StaffOrderView):
    """With all that was ever said of it."""

    returns: list[ReturnView]
    notes: list[NoteView]

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        return super().from_model(
            order,
            returns=[ReturnView.from_model(it) for it in order.returns],
            notes=[NoteView.from_model(it) for it in order.notes],
            **more,
        )


def _payment_of(order: Order) -> StaffPaymentView:
    payment = order.payment
    return StaffPaymentView.from_model(
        order,
        provider=payment.provider if payment else None,
        payment_id=payment.payment_id if payment else None,
        reference=payment.reference if payment else None,
    )


def _refunds_of(order: Order) -> list[StaffRefundView]:
    return [
        StaffRefundView.from_model(
            refund,
            order.currency,
            is_manual=bool(refund.is_manual),
            by=refund.by,
            provider_refund_id=refund.provider_refund_id,
        )
        for refund in order.refunds
    ]
