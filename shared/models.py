"""Every table, key, index and TTL of Souk.

| Access pattern | Operation |
|---|---|
| a login by its e-mail | GetItem Logins |
| register: claim the e-mail, add user and event | TransactWriteItems Logins, Users, Outbox |
| a user by id | GetItem Users |
| a product by id; its stock | GetItem Products; GetItem Stock |
| the whole catalog, newest first | Query Products by_newest |
| one category, newest first | Query Products by_category_newest |
| the stock of a page of products | BatchGetItem Stock |
| create a product whose SKU is new | TransactWriteItems Products |
| set the stock of a product that exists | TransactWriteItems Products (check), Stock |
| the products of an order | BatchGetItem Products |
| place an order once: order, stock, event | TransactWriteItems Orders, Stock, Outbox |
| an order by id | GetItem Orders |
| a buyer's orders, newest first | Query Orders by_buyer |
| an upload by id | GetItem Uploads |
| imported rows with the upload's checkpoint | TransactWriteItems Products, Stock, Uploads |
| events not yet on the bus | stream of Outbox |
| an effect that must not be repeated | Powertools persistence on Idempotency |
"""

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from shared.config import Tables, settings
from shared.dynamo import Table

_tables = settings(Tables)


class Login(Table):
    """How someone signs in. Only the auth function may read it."""

    class Meta:
        table_name = _tables.logins_table

    email = UnicodeAttribute(hash_key=True)  # normalised: see auth.schemas
    user_id = UnicodeAttribute()
    password_hash = UnicodeAttribute()


class User(Table):
    class Meta:
        table_name = _tables.users_table

    user_id = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    roles = UnicodeSetAttribute()
    email_verified = BooleanAttribute(default=False)
    created_at = UTCDateTimeAttribute()
    version = NumberAttribute(default=1)


class ByNewest(GlobalSecondaryIndex["Product"]):
    """The whole shop. Sparse: only active products carry the key."""

    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    shop_listing = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class ByCategoryNewest(GlobalSecondaryIndex["Product"]):
    class Meta:
        index_name = "by_category_newest"
        projection = AllProjection()

    category_listing = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Product(Table):
    class Meta:
        table_name = _tables.products_table

    product_id = UnicodeAttribute(hash_key=True)  # derived from the SKU
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute(null=True)
    price_minor = NumberAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()
    tags = ListAttribute(of=UnicodeAttribute)
    attributes_json = JSONAttribute(attr_name="attributes")
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    version = NumberAttribute()

    shop_listing = UnicodeAttribute(null=True)
    category_listing = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)  # when, then which: a total order

    by_newest = ByNewest()
    by_category_newest = ByCategoryNewest()


class Stock(Table):
    """How many can be sold. Apart from Products: a sale rewrites no catalog item and no index."""

    class Meta:
        table_name = _tables.stock_table

    product_id = UnicodeAttribute(hash_key=True)
    available = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    version = NumberAttribute()


class OrderLine(MapAttribute[str, Any]):
    product_id = UnicodeAttribute()
    sku = UnicodeAttribute()
    name = UnicodeAttribute()
    quantity = NumberAttribute()
    unit_price_minor = NumberAttribute()
    line_total_minor = NumberAttribute()


class OrderTotals(MapAttribute[str, Any]):
    items_minor = NumberAttribute()
    discount_minor = NumberAttribute()
    shipping_minor = NumberAttribute()
    tax_minor = NumberAttribute()
    total_minor = NumberAttribute()


class ShippingAddress(MapAttribute[str, Any]):
    name = UnicodeAttribute()
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute()
    city = UnicodeAttribute()
    region = UnicodeAttribute(null=True)
    country = UnicodeAttribute()


class OrderStep(MapAttribute[str, Any]):
    """One entry of an order's history: what it became, when, and through whom."""

    status = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()


class ByBuyer(GlobalSecondaryIndex["Order"]):
    class Meta:
        index_name = "by_buyer"
        projection = AllProjection()

    buyer_id = UnicodeAttribute(hash_key=True)
    placed_at = UTCDateTimeAttribute(range_key=True)


class Order(Table):
    class Meta:
        table_name = _tables.orders_table

    order_id = UnicodeAttribute(hash_key=True)  # derived from the buyer and their Idempotency-Key
    buyer_id = UnicodeAttribute()
    status = UnicodeAttribute()
    currency = UnicodeAttribute()
    lines = ListAttribute(of=OrderLine)
    totals = OrderTotals()
    shipping_address = ShippingAddress()
    history = ListAttribute(of=OrderStep)
    placed_at = UTCDateTimeAttribute()
    fingerprint = UnicodeAttribute()  # of the request that placed it
    version = NumberAttribute()

    by_buyer = ByBuyer()


class OutboxRow(Table):
    class Meta:
        table_name = _tables.outbox_table

    event_id = UnicodeAttribute(hash_key=True)
    type = UnicodeAttribute()
    payload = UnicodeAttribute()  # the event as JSON
    occurred_at = UTCDateTimeAttribute()
    correlation_id = UnicodeAttribute()
    expires_at = TTLAttribute()


class RowError(MapAttribute[str, Any]):
    row = NumberAttribute()
    field = UnicodeAttribute(null=True)
    code = UnicodeAttribute()
    message = UnicodeAttribute()


class Upload(Table):
    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True, default="upload")
    owner_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    filename = UnicodeAttribute()
    status = UnicodeAttribute()
    etag = UnicodeAttribute(null=True)  # of the object being read: another one is another file
    rows_done = NumberAttribute(default=0)
    written = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    errors = ListAttribute(of=RowError, default=list)
    created_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()
