"""The access patterns of all tables. The modules beside this one have the keys, indexes and TTLs.

| Access pattern | Operation |
|---|---|
| the caller: a session or an API key, and its user | BatchGetItem Sessions or ApiKeys, Users |
| a login by e-mail address, with its recent failures | BatchGetItem Logins, Attempts |
| register an account | TransactWriteItems Attempts, Logins, Users, Outbox |
| log in: start a session | TransactWriteItems Logins (check), Sessions, Attempts |
| refresh: rotate the refresh token of a session | TransactWriteItems Sessions, Users (check) |
| change an account | TransactWriteItems Logins, Users, and the items that depend on it |
| a user by id | GetItem Users |
| all users, newest first | Query Users by_newest |
| the sessions of a user; the API keys of a user | Query Sessions; Query ApiKeys |
| the addresses of a user | GetItem AddressBooks |
| change the addresses of a user | TransactWriteItems AddressBooks, Users (check) |
| the token of a link in a mail | GetItem EmailTokens |
| a product by id | GetItem Products |
| the stock and the variants of a product | BatchGetItem Stock, Groups |
| all categories; their counts of entries | GetItem and Query Categories; Query Categories |
| change the tree of categories | TransactWriteItems Categories, Outbox |
| whether a category is empty; what is in it | Query Listings |
| all products, or of a category or tag, in an order | Query Listings, one index for each order |
| the same, only products in stock | Query Listings, one sparse index for each order |
| the products of a page, with their stock | BatchGetItem Products, Stock |
| products with certain words | Query Search, once for each word |
| corrections of a misspelt word | BatchGetItem Search |
| products of a status, newest first | Query Products by_status |
| create or change a product | TransactWriteItems Products, Groups, Outbox, Stock (check) |
| count or adjust stock | TransactWriteItems Stock, StockMovements |
| the stock movements of a product, newest first | Query StockMovements by_newest |
| report that stock is low, depleted or replenished | TransactWriteItems Stock (level), Outbox |
| index a product or group | TransactWriteItems Listings, Search, Categories (counts) |
| what an order is priced from | BatchGetItem Products, Rates, Promotions, Attempts |
| place an order once | TransactWriteItems Orders, Stock, Promotions, Attempts, Outbox |
| a cart, and products in it with their stock | BatchGetItem Carts, Products, Stock |
| change a cart; merge two | TransactWriteItems Carts, and for a new one Users (check) or Attempts |
| empty the cart that an order names | in the transaction that places the order |
| an order by id | GetItem Orders |
| the orders of a buyer, newest first | Query Orders by_buyer |
| all orders; the orders of a status | Query Orders by_month; by_status; BatchGetItem |
| orders whose payment is overdue | Query Orders by_expiry |
| orders that the payment provider must settle | Query Orders by_settlement |
| the guest orders of an e-mail address | Query Orders by_guest |
| change an order | TransactWriteItems Orders, Stock, Promotions, Outbox |
| apply an event of the payment provider once | the same, and PaymentEvents |
| all tax rates; all shipping rates | GetItem Rates |
| promotions, newest first | Query Promotions by_newest |
| start a payment: count it; count an unknown promotion code | TransactWriteItems Attempts |
| request an export | BatchGetItem Attempts; BatchGetItem Exports; TransactWriteItems both, Outbox |
| an export by id; the exports of a member of staff | GetItem Exports; Query Exports by_owner |
| create an upload | TransactWriteItems Attempts, Uploads |
| an upload by id | GetItem Uploads |
| the uploads of an owner | Query Uploads by_owner |
| uploads that wait too long for their file or for another run | Query Uploads by_status |
| the stored products of imported rows | BatchGetItem Products, Stock |
| write imported rows and the checkpoint | TransactWriteItems Products, Stock, …, Outbox, Uploads |
| events that are not on the bus yet | stream of Outbox |
| the record of an event's mail | GetItem Idempotency |
| count a try to send it; end it | TransactWriteItems Idempotency; UpdateItem Idempotency |
"""
