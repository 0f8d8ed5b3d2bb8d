"""What the document says to people: the introduction, the servers, and a line for each tag."""

DESCRIPTION = """Souk is a headless commerce backend: accounts, products, stock, orders, payments.

An amount is an integer of minor units with its currency: `1999` with `EUR` means 19.99 euros.
A time is RFC 3339 in UTC. To read a whole list, follow `next_cursor` until it is null.
Every error has the same form. Programs should compare its `code`, which never changes.

A body is one JSON object in UTF-8, with a Content-Type that the operation lists (415 without one),
of at most 1 MB (413) and 32 levels. A refusal of a body (422) lists the first 20 problems in
`details.fields`. Texts have no control characters, except line breaks where a field allows them,
and none that override the direction of text. Names have a visible character."""
SERVERS = [
    {"url": "/", "description": "The shop that gave you this document."},
    {
        "url": "https://{address}",
        "description": "A shop on AWS: the output `ApiUrl` of its stack, or its own domain.",
        "variables": {
            "address": {
                "default": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
                "description": "The address without `https://`.",
            }
        },
    },
]
TAGS = {
    "Accounts": "Registration, the caller's own account, and e-mail addresses.",
    "Sessions": "Login, refresh tokens, and the devices that are logged in.",
    "Second factor": "Codes from an authenticator app, and recovery codes.",
    "API keys": "Keys that scripts of staff use instead of a login.",
    "Privacy": "Export and deletion of personal data.",
    "Users": "Accounts of other people, for admins.",
    "Catalog": "Products: browsing and search for everyone, editing for staff.",
    "Stock": "The units of each product that are for sale, and the changes that staff make.",
    "Orders": "Quotes and orders of customers with an account.",
    "Guests": "Quotes and orders without an account.",
    "Payments": "Payments of orders, and webhooks of the payment provider.",
    "Fulfilment": "How staff find, ship, return and refund orders.",
    "Pricing": "Tax rates, shipping rates and promotions.",
    "Exports": "Export of orders to CSV or JSON Lines files.",
    "Uploads": "Bulk import of products from files.",
    "Reference": "The health check and the documentation of this API.",
}
