"""What the document says to people: the introduction, the servers, and a line for each tag."""

from collections.abc import Iterable
from pathlib import Path

from docs.contract.errors import catalogue_of
from shared.errors.base import AppError

_CHAPTERS = (Path(__file__).parents[1] / "api.md").read_text().partition("\n## ")[2]
_INTRODUCTION = "Souk is a headless commerce backend: accounts, products, stock, orders, payments."
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
    "Addresses": "The addresses that users keep for their orders.",
    "API keys": "Keys that scripts of staff use instead of a login.",
    "Privacy": "Export and deletion of personal data.",
    "Users": "Accounts of other people, for admins.",
    "Catalog": "Products: browsing and search for everyone, editing for staff.",
    "Pictures": "Pictures of products: sending, ordering and deleting them.",
    "Stock": "The units of each product that are for sale, and the changes that staff make.",
    "Orders": "Quotes and orders of customers with an account.",
    "Carts": "What a shopper wants to order: of an account, or of a guest with a token.",
    "Guests": "Quotes and orders without an account.",
    "Payments": "Payments of orders, and webhooks of the payment provider.",
    "Fulfilment": "How staff find, ship, return and refund orders.",
    "Pricing": "Tax rates, shipping rates and promotions.",
    "Exports": "Export of orders and products to files.",
    "Uploads": "Bulk import of products from files.",
    "Reference": "The health check and the documentation of this API.",
}


def describe(refusals: Iterable[type[AppError]]) -> str:
    """The introduction with its chapters; the last one lists the codes of these refusals."""
    codes = f"## Error codes\n\n{catalogue_of(refusals)}"
    return "\n\n".join([_INTRODUCTION, f"## {_CHAPTERS.strip()}", codes]) + "\n"
