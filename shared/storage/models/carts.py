"""Carts of accounts and of guests."""

from datetime import datetime, timedelta

from pynamodb.attributes import (
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from shared.config import Tables, settings
from shared.storage.documents import Document
from shared.storage.dynamo import Table

_tables = settings(Tables)

LIFETIME = timedelta(days=30)  # after the last change


class CartLine(Document):
    """A product in a cart, as it was when the buyer last set its quantity."""

    product_id = UnicodeAttribute()
    quantity = NumberAttribute()
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    price_minor = NumberAttribute()
    currency = UnicodeAttribute()


class Cart(Table):
    """A cart holds no stock, and its prices bind nobody: an order reads them from the products."""

    class Meta:
        table_name = _tables.carts_table

    cart_id = UnicodeAttribute(hash_key=True)  # a user's id, or the digest of a guest's token
    lines = ListAttribute(of=CartLine)
    contents = UnicodeAttribute()  # a digest of products and quantities, which an order compares
    # Grows with each change, and an order leaves the empty cart behind: no version comes back.
    version = NumberAttribute()
    updated_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()  # compared with the clock, because DynamoDB deletes items late

    def has_expired(self, now: datetime) -> bool:
        return bool(self.expires_at <= now)
