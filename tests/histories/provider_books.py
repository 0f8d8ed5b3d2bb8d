"""The payment provider with its own books: what it captured and what it paid back."""

from dataclasses import dataclass

from orders.lifecycle.balances import AUTHORIZED, CAPTURED, FAILED, STARTED, VOID
from orders.payments.provider import Payment, Refund
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.money import Money
from tests.support.payments import Bank, Event


@dataclass
class PaidBack:
    amount_minor: int
    refund: Refund


class Books(Bank):
    """As a real provider does, it pays back no more than it captured, whoever asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.paid_back: dict[str, dict[str, PaidBack]] = {}  # by payment and the refund's id here
        self.webhooks: list[Event] = []  # not accepted by the shop yet

    def create_refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        made = self.paid_back.setdefault(payment_id, {})
        if refund_id not in made and amount.amount_minor > self.left_minor(payment_id):
            self._record_call("create_refund")
            raise PaymentRefused("No captured amount is left to refund.", reason="amount_too_large")
        refund = super().create_refund(payment_id, amount, refund_id)
        if refund_id not in made:
            made[refund_id] = PaidBack(amount.amount_minor, refund)
            self._announce_refund(payment_id, refund_id)
        return refund

    def capture_payment(self, payment_id: str, amount: Money) -> Payment:
        before = self.payments[payment_id].status
        payment = super().capture_payment(payment_id, amount)
        if before != payment.status:
            self.webhooks.append(self.event("payment.captured", payment_id))
        return payment

    def void_payment(self, payment_id: str) -> Payment:
        before = self.payments[payment_id].status
        payment = super().void_payment(payment_id)
        if before != payment.status:
            self.webhooks.append(self.event("payment.voided", payment_id))
        return payment

    def get_refunded_minor(self, payment_id: str) -> int:
        self._record_call("get_refunded_minor")
        return self.payments[payment_id].captured_minor - self.left_minor(payment_id)

    def left_minor(self, payment_id: str) -> int:
        """What the shop has of this payment."""
        made = self.paid_back.get(payment_id, {}).values()
        paid_back = sum(each.amount_minor for each in made if each.refund.status != FAILED)
        return self.payments[payment_id].captured_minor - paid_back

    # What buyers and the provider's staff do

    def pay(self, payment_id: str, *, captures: bool) -> None:
        """The buyer pays, if the payment still waits for that."""
        if self.payments[payment_id].status == STARTED:
            report = self.report_captured if captures else self.report_authorized
            self.webhooks.append(report(payment_id))

    def release(self, payment_id: str) -> None:
        """The authorization ends, as it does after some days."""
        if self.payments[payment_id].status in (STARTED, AUTHORIZED):
            self.webhooks.append(self.report_voided(payment_id))

    def refund_in_dashboard(self, payment_id: str, amount_minor: int) -> None:
        if self.payments[payment_id].status != CAPTURED:
            return
        amount_minor = min(amount_minor, self.left_minor(payment_id))
        if amount_minor:
            number = len(self.paid_back.setdefault(payment_id, {}))
            key = f"dashboard-{number}"
            refund = Refund(f"re_{payment_id}_{key}", "succeeded")
            self.paid_back[payment_id][key] = PaidBack(amount_minor, refund)
            self._announce_refund(payment_id, key)

    def is_settled(self, payment_id: str) -> bool:
        """Whether no money is reserved or kept."""
        return self.payments[payment_id].status in (CAPTURED, VOID)

    def _announce_refund(self, payment_id: str, refund_id: str) -> None:
        made = self.paid_back[payment_id][refund_id]
        ours = None if refund_id.startswith("dashboard") else refund_id
        webhook = self.report_refund(
            payment_id, made.amount_minor, refund_id=ours, status=made.refund.status
        )
        webhook["data"]["id"] = made.refund.provider_refund_id
        self.webhooks.append(webhook)

    def _record_call(self, call: str) -> None:
        if self.is_down:
            raise PaymentUnavailable
        super()._record_call(call)
