"""Carts and address books on the local stack: its routes, roles and transactions."""

from collections import Counter
from functools import partial
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.conftest import Shop, run_concurrently
from tests.support.shop import ADDRESS


def change_cart(
    shop: Shop, product_id: str, quantity: int, path: str = "/cart", **headers: str
) -> dict[str, Any]:
    body = {"lines": [{"product_id": product_id, "quantity": quantity}]}
    answer = shop.call("PATCH", path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    cart: dict[str, Any] = answer.json()
    return cart


def lines_of(cart: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: line[key] for key in ("product_id", "quantity")} for line in cart["lines"]]


def order(
    shop: Shop, cart: dict[str, Any], key: str, path: str = "/orders", **more: Any
) -> httpx.Response:
    headers = {"idempotency-key": key} | more.pop("headers", {})
    body = {"lines": lines_of(cart), "shipping_address": ADDRESS, "cart_version": cart["version"]}
    return shop.call("POST", path, json=body | more, headers=headers)


def test_a_guest_s_cart_becomes_an_order_of_the_account(visitor, staff):
    tea, cup = staff.create_product(available=5), staff.create_product(available=5)
    token = change_cart(visitor, tea, 2, "/guest/cart")["cart_token"]
    buyer = visitor.register()
    change_cart(buyer, cup, 1)

    merged = buyer.call("POST", "/cart/merge", headers={"cart-token": token})
    again = buyer.call("POST", "/cart/merge", headers={"cart-token": token})
    cart = merged.json()
    quote = buyer.post("/cart/quote", {"shipping_address": {"country": "GB"}}).json()
    key = uuid4().hex
    total = quote["totals"]["total"]
    placed = order(buyer, cart, key, quoted_total=total)
    repeated = order(buyer, cart, key, quoted_total=total)

    assert lines_of(cart) == [
        {"product_id": cup, "quantity": 1},
        {"product_id": tea, "quantity": 2},
    ]
    assert (merged.status_code, again.json()) == (200, cart)
    assert (placed.status_code, repeated.json()["id"]) == (201, placed.json()["id"])
    assert buyer.get("/cart").json()["lines"] == []
    assert (visitor.get_available(tea), visitor.get_available(cup)) == (3, 4)
    gone = visitor.call("GET", "/guest/cart", headers={"cart-token": token})
    assert gone.status_code == 404


def test_a_guest_orders_a_cart_with_its_token(visitor, staff):
    tea = staff.create_product(available=5)
    cart = change_cart(visitor, tea, 2, "/guest/cart")
    token = {"cart-token": cart["cart_token"]}

    placed = order(
        visitor,
        cart,
        uuid4().hex,
        "/guest/orders",
        email=f"{uuid4().hex}@example.com",
        headers=token,
    )

    assert placed.status_code == 201
    assert visitor.call("GET", "/guest/cart", headers=token).json()["lines"] == []
    assert visitor.call("HEAD", "/guest/cart", headers=token).status_code == 200
    assert visitor.call("DELETE", "/guest/cart", headers=token).status_code == 204


def test_many_tabs_order_one_cart_once(visitor, staff):
    tea = staff.create_product(available=50)
    buyer = visitor.register()
    cart = change_cart(buyer, tea, 2)

    answers = run_concurrently([partial(order, buyer, cart, uuid4().hex) for _ in range(6)])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
    assert visitor.get_available(tea) == 48


def test_an_address_of_the_book_serves_an_order(visitor, staff):
    tea = staff.create_product(available=5)
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    buyer = visitor.log_in(**account)
    change_cart(buyer, tea, 1)

    saved = buyer.post("/me/addresses", ADDRESS, **{"idempotency-key": uuid4().hex}).json()
    path = f"/me/addresses/{saved['id']}"
    moved = buyer.call(
        "PATCH", path, json={"line1": "5 Devonshire Street"}, headers={"if-match": "*"}
    ).json()
    address = {name: moved[name] for name in ADDRESS}
    body = {"lines": [{"product_id": tea, "quantity": 1}], "shipping_address": address}
    placed = buyer.post("/orders", body, **{"idempotency-key": uuid4().hex})
    head = buyer.call("HEAD", path)
    exported = buyer.get("/me/export").json()
    deleted = buyer.call("DELETE", "/me", json={"password": account["password"]})

    assert placed.json()["shipping_address"]["line1"] == "5 Devonshire Street"
    assert (head.status_code, head.text) == (200, "")
    assert exported["addresses"] == [moved]
    assert [line["product_id"] for line in exported["cart"]["lines"]] == [tea]
    assert deleted.status_code == 204
