"""Events on their way to the bus."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


class OutboxRow(Table):
    class Meta:
        table_name = _tables.outbox_table

    event_id = UnicodeAttribute(hash_key=True)
    type = UnicodeAttribute()
    payload = UnicodeAttribute()  # the event as JSON
    occurred_at = UTCDateTimeAttribute()
    correlation_id = UnicodeAttribute()
    relayed_at = UTCDateTimeAttribute(null=True)  # when the bus had accepted every event of the row
    # Set together with relayed_at, so that DynamoDB never deletes an event that nobody received.
    expires_at = TTLAttribute(null=True)
