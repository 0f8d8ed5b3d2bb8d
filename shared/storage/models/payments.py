"""Events of the payment provider that were applied, so that none is applied twice."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


class PaymentEvent(Table):
    """An event that was applied to an order."""

    class Meta:
        table_name = _tables.payment_events_table

    event_id = UnicodeAttribute(hash_key=True)  # the provider's name, a space, and its event id
    type = UnicodeAttribute()
    order_id = UnicodeAttribute()
    applied_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()  # orders.payments.repository.RETENTION
