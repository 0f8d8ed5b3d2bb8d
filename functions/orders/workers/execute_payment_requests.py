"""Payment queue -> have the payment provider refund, void or capture a payment.

The worker reads the order and decides by its current state. It applies the provider's response as
it would apply the provider's webhook.

Repeat: a message changes nothing once its request is done; the provider's idempotency prevents a
second execution. Failure: the queue redelivers the message; the sweep (`sweep_payments`) does what
the queue gave up on. A refusal by the provider fails a refund for good.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.payments import settlement
from orders.payments.provider_factory import get_provider
from shared import freeze_gc, sqs_consumer
from shared.config import PaymentSettings, settings
from shared.events.all_events import AnyEvent
from shared.events.orders import CaptureRequested, RefundRequested, VoidRequested
from shared.sqs_consumer import Delivery, UnexpectedEvent

settings(PaymentSettings)  # a missing setting fails the cold start, not a message
freeze_gc()


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(
        event, context, _execute_request, failure_message="payment request failed"
    )


def _execute_request(event: AnyEvent, _: Delivery) -> None:
    match event:
        case RefundRequested():
            refund_id = event.data.refund_id
            settlement.refund_payment(get_provider(), event.data.order_id, refund_id)
        case VoidRequested():
            settlement.void_payment(get_provider(), event.data.order_id)
        case CaptureRequested():
            settlement.capture_payment(get_provider(), event.data.order_id)
        case _:
            raise UnexpectedEvent(event.type)
