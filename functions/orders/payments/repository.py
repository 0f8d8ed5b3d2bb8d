"""Provider events that were applied to an order. Each one is applied once."""

from datetime import timedelta

from orders.payments.provider import ProviderEvent
from shared import clock
from shared.storage.models.payments import PaymentEvent
from shared.storage.transactions import Otherwise, Transaction

# Stripe retries a webhook for 3 days, and can resend it on request for 30.
RETENTION = timedelta(days=30)


def stage_provider_event(
    transaction: Transaction, event: ProviderEvent, *, provider: str, otherwise: Otherwise
) -> None:
    """Store the event; the transaction fails with `otherwise` if it was stored before."""
    now = clock.utc_now()
    transaction.put(
        PaymentEvent(
            event_id=f"{provider} {event.event_id}",
            type=event.type,
            order_id=event.order_id,
            applied_at=now,
            expires_at=now + RETENTION,
        ),
        only_if=PaymentEvent.event_id.does_not_exist(),
        otherwise=otherwise,
    )
