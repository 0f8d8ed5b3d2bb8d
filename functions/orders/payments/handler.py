"""Paying for orders. A function of its own, so that the provider's library slows nobody else."""

from orders.payments import service as payments
from orders.payments.schemas import StartedPaymentView, WebhookAnswer
from shared.config import GuestSettings, PaymentSettings
from shared.http.api import create_api
from shared.http.authorization import anyone, requires
from shared.http.parameters import OrderToken
from shared.http.request_bodies import read_bytes
from shared.security.permissions import Permission

api = create_api(GuestSettings, PaymentSettings)
handler = api.resolve


@api.post("/v1/orders/<order_id>/payment", tags=["Payments"])
@requires(Permission.PLACE_ORDERS)
def start_payment(order_id: str) -> StartedPaymentView:
    """Begin to pay for your order. Asked again, it answers with the same payment.

    The order is paid once the provider has told so: look at the order for it.
    """
    begun = payments.start_payment(api.caller, order_id)
    return StartedPaymentView.from_model(begun.order, begun.payment, provider=begun.provider)


@api.post("/v1/guest/orders/<order_id>/payment", tags=["Payments"])
@anyone
def start_guest_payment(order_id: str, order_token: OrderToken = None) -> StartedPaymentView:
    """As for orders with an account, with the token of the order's link."""
    begun = payments.start_guest_payment(order_token, order_id)
    return StartedPaymentView.from_model(begun.order, begun.payment, provider=begun.provider)


@api.post("/v1/payments/webhook", tags=["Payments"])
@anyone
def receive_payment_webhook() -> WebhookAnswer:
    """For the payment provider, which signs what it tells.

    400 if the signature is not its own or too old; 503 and 500 if it should tell it again.
    """
    event = api.current_event
    heard = payments.handle_webhook(read_bytes(event), event.headers)
    return WebhookAnswer(outcome=heard.outcome, reason=heard.reason)
