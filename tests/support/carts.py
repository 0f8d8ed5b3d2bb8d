"""Requests of carts, of accounts and of guests, and the stored carts."""

from typing import Any

from orders.carts.contents import digest_of, guest_cart_id
from orders.handler import handler
from shared import clock
from shared.storage.models.carts import LIFETIME, Cart, CartLine
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.http import ADA, HOME, NOBODY, Answer, Caller, called_from, send
from tests.support.order_requests import GUEST_EMAIL

GUEST_SAMPLES = {
    "get": "guest_carts.get",
    "replace": "guest_carts.replace",
    "update": "guest_carts.update",
    "empty": "guest_carts.empty",
    "quote": "guest_carts.quote",
}


def lines_of(*products: tuple[Product, int]) -> list[dict[str, Any]]:
    return [shop.line(product, quantity) for product, quantity in products]


def get_cart(caller: Caller = ADA, **headers: str | None) -> Answer:
    return send(handler, "carts.get", caller=caller, headers=_names(headers))


def replace_cart(
    *products: tuple[Product, int], caller: Caller = ADA, if_match: str | None = "*"
) -> Answer:
    body = {"lines": lines_of(*products)}
    return send(handler, "carts.replace", caller=caller, body=body, headers={"if-match": if_match})


def update_cart(
    *products: tuple[Product, int], caller: Caller = ADA, if_match: str | None = None
) -> Answer:
    body = {"lines": lines_of(*products)}
    return send(handler, "carts.update", caller=caller, body=body, headers={"if-match": if_match})


def empty_cart(caller: Caller = ADA, if_match: str | None = None) -> Answer:
    return send(handler, "carts.empty", caller=caller, headers={"if-match": if_match})


def merge_carts(token: str | None, caller: Caller = ADA) -> Answer:
    return send(handler, "carts.merge", caller=caller, headers={"cart-token": token})


def quote_cart(caller: Caller = ADA, **body: Any) -> Answer:
    body = {"shipping_address": {"country": "GB"}} | body
    return send(handler, "carts.quote", caller=caller, body=body)


def guest_send(
    name: str, token: str | None, *, body: Any = None, address: str = HOME, **headers: str | None
) -> Answer:
    return send(
        called_from(handler, address),
        GUEST_SAMPLES[name],
        caller=NOBODY,
        body=body,
        headers={"cart-token": token, **_names(headers)},
    )


def update_guest_cart(
    *products: tuple[Product, int], token: str | None = None, address: str = HOME
) -> Answer:
    body = {"lines": lines_of(*products)}
    return guest_send("update", token, body=body, address=address)


def new_guest_cart(*products: tuple[Product, int]) -> str:
    """Returns its token."""
    answer = update_guest_cart(*products)
    assert answer.status == 200, answer
    return str(answer.body["cart_token"])


def place_order(
    *products: tuple[Product, int], version: int, key: str = "key-1", caller: Caller = ADA
) -> Answer:
    """Orders these lines of the caller's cart."""
    return send(
        handler,
        "orders.place",
        caller=caller,
        headers={"idempotency-key": key},
        body=_order(*products, version=version),
    )


def place_guest_order(
    *products: tuple[Product, int], version: int, token: str | None, key: str = "key-1"
) -> Answer:
    return send(
        handler,
        "guest.place",
        caller=NOBODY,
        headers={"idempotency-key": key, "cart-token": token},
        body=_order(*products, version=version) | {"email": GUEST_EMAIL},
    )


def _order(*products: tuple[Product, int], version: int) -> dict[str, Any]:
    return {
        "lines": lines_of(*products),
        "shipping_address": shop.ADDRESS,
        "cart_version": version,
    }


def quantities(answer: Answer) -> list[tuple[str, int]]:
    """The lines as SKUs and quantities, in their order."""
    assert answer.status == 200, answer
    return [(line["sku"], line["quantity"]) for line in answer.body["lines"]]


def store(cart_id: str, lines: list[dict[str, Any]]) -> Cart:
    """Stores a cart with lines that were on sale when they were added."""
    now = clock.utc_now()
    cart = Cart(
        cart_id,
        lines=[
            CartLine(**line, sku="was on sale", name="Was on sale", price_minor=1, currency="EUR")
            for line in lines
        ],
        contents=digest_of({line["product_id"]: line["quantity"] for line in lines}),
        version=1,
        updated_at=now,
        expires_at=now + LIFETIME,
    )
    cart.save()
    return cart


def stored(cart_id: str) -> Cart | None:
    return Cart.find(cart_id, consistent=True)


def stored_of_guest(token: str) -> Cart | None:
    return stored(guest_cart_id(token))


def _names(headers: dict[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
