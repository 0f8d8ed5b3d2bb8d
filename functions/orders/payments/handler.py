"""Payments have a function of their own: the provider's library slows no other function."""

from orders.payments import service as payments
from orders.payments.schemas import StartedPaymentView, WebhookResultView
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
    """Start the payment of your order, or return the payment that is already started.

    Complete the payment on your checkout page with `client_secret`. Then read the order: it becomes
    `paid` when the provider's webhook arrives.
    """
    started = payments.start_payment(api.caller, order_id)
    return StartedPaymentView.from_model(started.order, started.payment, provider=started.provider)


@api.post("/v1/guest/orders/<order_id>/payment", tags=["Payments"])
@anyone
def start_guest_payment(order_id: str, order_token: OrderToken = None) -> StartedPaymentView:
    """Start the payment of a guest's order, or return the payment that is already started.

    Send the token of the order's link. Otherwise this works as for orders with an account.
    """
    started = payments.start_guest_payment(order_token, order_id)
    return StartedPaymentView.from_model(started.order, started.payment, provider=started.provider)


@api.post("/v1/payments/webhook", tags=["Payments"])
@anyone
def receive_payment_webhook() -> WebhookResultView:
    """Receive a signed webhook from the payment provider, and apply it to its order.

    Status 400 means that the signature is invalid or older than five minutes. After 500 and 503
    the provider must send the webhook again; after 200 it must not.
    """
    event = api.current_event
    result = payments.handle_webhook(read_bytes(event), event.headers)
    return WebhookResultView(outcome=result.outcome, reason=result.reason)
