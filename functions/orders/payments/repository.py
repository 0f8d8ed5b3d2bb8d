"""What the provider has told, so that nothing of it counts twice."""

from datetime import timedelta

from orders.payments.provider import ProviderEvent
from shared import clock
from shared.storage.models.payments import PaymentEvent
from shared.storage.transactions import Otherwise, Transaction

KEPT = timedelta(days=30)  # Stripe sends an event again for 3 days, and by hand for 30


def stage(
    transaction: Transaction, told: ProviderEvent, *, provider: str, otherwise: Otherwise
) -> None:
    """`otherwise` is what it means that the event was stored before."""
    now = clock.utc_now()
    transaction.put(
        PaymentEvent(
            event_id=f"{provider} {told.event_id}",
            type=told.type,
            order_id=told.order_id,
            applied_at=now,
            expires_at=now + KEPT,
        ),
        only_if=PaymentEvent.event_id.does_not_exist(),
        otherwise=otherwise,
    )
