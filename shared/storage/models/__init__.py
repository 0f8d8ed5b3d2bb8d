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
| a product by id | GetItem Products |
| a product's stock and its siblings | BatchGetItem Stock, Groups |
| a shelf (shop, category, tag): newest, by name, by price | Query Listings, an index for each |
| the same, only what can be sold | Query Listings, a sparse index for each |
| the products of a page, with their stock | BatchGetItem Products, Stock |
| products that words are said of | Query Search, one for each word |
| what a mistyped word may have meant | BatchGetItem Search |
| drafts, products on sale, archived ones, newest first | Query Products by_status |
| create or change a product | TransactWriteItems Products, Groups, Outbox, Stock (check) |
| count or adjust stock | TransactWriteItems Stock, StockMovements |
| a product's movements, newest first | Query StockMovements by_newest |
| tell that stock is low, depleted, or back | TransactWriteItems Stock (level), Outbox |
| index a unit: its listings and postings | TransactWriteItems Listings, Search |
| an order's products and terms | BatchGetItem Products, Rates, Promotions |
| place an order once | TransactWriteItems Orders, Stock, Promotions, Outbox |
| an order by id | GetItem Orders |
| a buyer's orders, newest first | Query Orders by_buyer |
| all orders, of a status or a month | Query Orders by_status or by_month, BatchGetItem |
| orders that were not paid in time | Query Orders by_expiry |
| orders of an address without an account | Query Orders by_guest |
| what becomes of an order | TransactWriteItems Orders, Stock, Promotions, Outbox |
| apply an event of the payment provider once | the same, and PaymentEvents |
| all tax rates; all shipping rates | GetItem Rates |
| promotions, newest first | Query Promotions by_newest |
| an export by id; a member of staff's exports | GetItem Exports; Query Exports by_owner |
| an upload by id | GetItem Uploads |
| an owner's uploads | Query Uploads by_owner |
| what is known of imported rows | BatchGetItem Products, Stock |
| imported rows and the checkpoint | TransactWriteItems Products, Stock, …, Outbox, Uploads |
| events not yet on the bus | stream of Outbox |
| an effect that must not be repeated | Powertools persistence on Idempotency |
"""
