"""The addresses that users keep for their orders."""

from collections.abc import Iterator

from pynamodb.attributes import (
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from shared.config import Tables, settings
from shared.storage.documents import Document
from shared.storage.dynamo import Table

_tables = settings(Tables)


class SavedAddress(Document):
    """The fields of `shared.addresses.checks.CheckedAddress`, and what the book says of them."""

    address_id = UnicodeAttribute()  # derived from the user and the Idempotency-Key
    name = UnicodeAttribute()
    company = UnicodeAttribute(null=True)
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute()  # empty where the country has none, as is the city
    city = UnicodeAttribute()
    region = UnicodeAttribute(null=True)
    region_code = UnicodeAttribute(null=True)
    country = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    version = NumberAttribute()
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    fingerprint = UnicodeAttribute()  # of the request that created it


class AddressBook(Table):
    """All addresses of a user in one item: so their number and the default hold at each write."""

    class Meta:
        table_name = _tables.address_books_table

    user_id = UnicodeAttribute(hash_key=True)
    addresses = ListAttribute(of=SavedAddress)  # newest first
    default_id = UnicodeAttribute(null=True)  # of one of them; null if there is none
    version = NumberAttribute()

    def sorted(self) -> Iterator[SavedAddress]:
        """The default first, then newest first."""
        yield from sorted(self.addresses, key=lambda each: each.address_id != self.default_id)
