"""Every table, key, index and TTL of Souk.

| Access pattern | Operation |
|---|---|
| who calls: the session or key, and its user | BatchGetItem Sessions or ApiKeys, Users |
| a login by its e-mail, and what was tried of late | BatchGetItem Logins, Attempts |
| register: claim the e-mail | TransactWriteItems Attempts, Logins, Users, Outbox |
| log in: begin a session, forget failures | TransactWriteItems Logins (check), Sessions, Attempts |
| refresh: rotate the token of a session that stands | TransactWriteItems Sessions, Users (check) |
| change an account | TransactWriteItems Logins, Users, and what goes with it |
| a user by id | GetItem Users |
| all users, newest first | Query Users by_newest |
| a user's sessions; their API keys | Query Sessions; Query ApiKeys |
| what a link in a mail stands for | GetItem EmailTokens |
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
| an owner's uploads | Query Uploads by_owner |
| imported rows with the upload's checkpoint | TransactWriteItems Products, Stock, Uploads |
| events not yet on the bus | stream of Outbox |
| an effect that must not be repeated | Powertools persistence on Idempotency |
"""

from shared.models.accounts import ApiKey, Attempts, EmailToken, Login, Profile, Session, User
from shared.models.catalog import Product, Stock
from shared.models.orders import Order, OrderLine, OrderStep, OrderTotals, ShippingAddress
from shared.models.outbox import OutboxRow
from shared.models.uploads import RowError, Upload

__all__ = [
    "ApiKey",
    "Attempts",
    "EmailToken",
    "Login",
    "Order",
    "OrderLine",
    "OrderStep",
    "OrderTotals",
    "OutboxRow",
    "Product",
    "Profile",
    "RowError",
    "Session",
    "ShippingAddress",
    "Stock",
    "Upload",
    "User",
]
