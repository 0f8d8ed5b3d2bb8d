"""Payments have a function of their own: the provider's library slows no other function."""

from orders.payments import service as payments
from orders.payments.schemas import StartedPaymentView, WebhookResultView
from shared.config import GuestSettings, PaymentSettings
from shared.http.api import create_api
from shared.http.authorization import anyone, requires
from shared.http.parameters import OrderToken
from shared.http.request_bodies import read_json_bytes
from shared.security.permissions import Permission

api = create_api(GuestSettings, PaymentSettings)
handler = api.resolve


@api.post("/v1/orders/<order_id>/payment", tags=["Payments"])
@requires(Permission.PLACE_ORDERS)
def start_payment(order_id: str) -> StartedPaymentView:
    """Start the payment of your order, and get the secret that your checkout page needs.

    If a payment is already started, you get that payment. Complete it on your checkout page with
    `client_secret`. Then get the order: its status becomes `paid` when the payment provider's
    webhook arrives.
    """
    started = payments.start_payment(api.caller, order_id)
    return StartedPaymentView.from_model(started.order, started.payment, provider=started.provider)


@api.post("/v1/guest/orders/<order_id>/payment", tags=["Payments"])
@anyone
def start_guest_payment(order_id: str, order_token: OrderToken = None) -> StartedPaymentView:
    """Start the payment of a guest's order, and get the secret that your checkout page needs.

    Send the guest's token in the header `Order-Token`. If a payment is already started, you get
    that payment. Complete it as described at `POST /v1/orders/{order_id}/payment`.
    """
    started = payments.start_guest_payment(order_token, order_id)
    return StartedPaymentView.from_model(started.order, started.payment, provider=started.provider)


@api.post("/v1/payments/webhook", tags=["Payments"])
@anyone
def receive_payment_webhook() -> WebhookResultView:
    """Receive a signed webhook from the payment provider, and apply it to its order.

    Status 400 means that the signature is invalid or older than five minutes. After 500 or 503, the
    provider must send the webhook again. After 200, it must not.
    """
    event = api.current_event
    result = payments.handle_webhook(read_json_bytes(event), event.headers)
    return WebhookResultView(outcome=result.outcome, reason=result.reason)
