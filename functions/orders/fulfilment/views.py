"""An order, as staff see it."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from orders.parcel_views import LineUnitsView
from orders.payment_views import PaymentView, RefundView
from orders.pricing.views import money
from orders.views import OrderStepView, OrderView
from shared.http.schemas import View
from shared.money import Money
from shared.storage.models.orders import Order, OrderDispute, OrderNote, OrderReturn, OrderStep

_STAFF_ID = "The id of the staff member."


class StaffPaymentView(PaymentView):
    provider: str | None = Field(
        description="The payment provider. Null if no payment was started there."
    )
    payment_id: str | None = Field(
        description="The payment provider's id of the payment. Null if no payment was started "
        "there."
    )
    reference: str | None = Field(
        description="Identifies a manual payment in your bookkeeping. Null if there is no manual "
        "payment."
    )


class StaffRefundView(RefundView):
    is_manual: bool = Field(
        description="Whether staff paid the money back themselves. If false, the payment provider "
        "does it."
    )
    by: str = Field(
        description="Who requested the refund: the id of a user or a guest, `payments` or `shop`."
    )
    provider_refund_id: str | None = Field(
        description="The payment provider's id of the refund. Null if it has none."
    )


class DisputeView(View):
    """The buyer's bank claims the payment, or a part of it, back."""

    id: str = Field(description="The payment provider's id of the dispute.")
    amount: Money
    status: str = Field(
        description="The payment provider's word. With `won` the shop keeps the money, with `lost` "
        "the buyer's bank does."
    )
    reason: str = Field(description="The payment provider's word, such as `fraudulent`.")
    reported_at: datetime = Field(description="When the provider last reported the dispute.")

    @classmethod
    def from_model(cls, dispute: OrderDispute, currency: str) -> Self:
        return cls(
            id=dispute.dispute_id,
            amount=money(dispute.amount_minor, currency),
            status=dispute.status,
            reason=dispute.reason,
            reported_at=dispute.reported_at,
        )


class ReturnView(View):
    """Units that the buyer returned and staff restocked."""

    id: str
    lines: list[LineUnitsView]
    reason: str | None = Field(description="The reason that was given, or null.")
    by: str = Field(description=_STAFF_ID)
    at: datetime

    @classmethod
    def from_model(cls, returned: OrderReturn) -> Self:
        return cls(
            id=returned.return_id,
            lines=LineUnitsView.from_quantities(returned.quantities_json),
            reason=returned.reason,
            by=returned.by,
            at=returned.at,
        )


class NoteView(View):
    text: str
    by: str = Field(description=_STAFF_ID)
    at: datetime

    @classmethod
    def from_model(cls, note: OrderNote) -> Self:
        return cls(text=note.text, by=note.by, at=note.at)


class StaffOrderStepView(OrderStepView):
    buyer_id: str | None = Field(
        description="The new buyer, if the event is `buyer_changed`; otherwise null."
    )

    @classmethod
    def from_stored(cls, step: OrderStep) -> Self:
        return cls(
            **OrderStepView.from_model(step, by=step.by).model_dump(), buyer_id=step.buyer_id
        )


class StaffOrderView(OrderView):
    """An order in a list for staff, with its buyer and who made each change."""

    buyer_id: str = Field(
        description="The id of the user whose order it is, or an id for the guest of this order."
    )
    guest_email: str | None = Field(
        description="The e-mail address of the guest. Null if the buyer has an account."
    )
    request_id: str | None = Field(
        description="The id of the request that placed the order. Its log lines, events and mails "
        "have it too. Null for orders from before Souk stored it."
    )
    payment: StaffPaymentView
    refunds: list[StaffRefundView]  # type: ignore[assignment]  # nothing is added to a view's
    history: list[StaffOrderStepView] = Field(  # type: ignore[assignment]  # as above
        description="What happened to the order, oldest first. `by` is the id of a user or a "
        "guest, `payments` (the payment provider) or `shop` (the shop did it automatically)."
    )

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        staff_fields = {
            "buyer_id": order.buyer_id,
            "guest_email": order.guest_email,
            "request_id": order.request_id,
            "payment": _staff_payment(order),
            "refunds": _staff_refunds(order),
            "history": [StaffOrderStepView.from_stored(step) for step in order.history],
        }
        return super().from_model(order, **staff_fields, **more)


class StaffOrderDetail(StaffOrderView):
    """An order for staff, with its buyer, disputes, returns and notes."""

    disputes: list[DisputeView]
    returns: list[ReturnView]
    notes: list[NoteView]

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        return super().from_model(
            order,
            disputes=[
                DisputeView.from_model(dispute, order.currency) for dispute in order.disputes
            ],
            returns=[ReturnView.from_model(returned) for returned in order.returns],
            notes=[NoteView.from_model(note) for note in order.notes],
            **more,
        )


def _staff_payment(order: Order) -> StaffPaymentView:
    payment = order.payment
    return StaffPaymentView.from_model(
        order,
        provider=payment.provider if payment else None,
        payment_id=payment.payment_id if payment else None,
        reference=payment.reference if payment else None,
    )


def _staff_refunds(order: Order) -> list[StaffRefundView]:
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
