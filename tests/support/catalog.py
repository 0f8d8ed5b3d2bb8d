"""Calls the catalog's routes as shoppers and as staff."""

from typing import Any

from products import browse_cache
from products.handler import handler
from tests.support.http import NOBODY, STAFF, Answer, Caller, send

EDITS = {
    "replace": "products.replace",
    "patch": "products.patch",
    "archive": "products.archive",
}
STOCK = {
    "get": "products.get_stock",
    "set": "products.set_stock",
    "adjust": "products.adjust_stock",
    "movements": "products.list_movements",
}
TEA = {"sku": "TEA", "name": "Green tea", "price": {"amount_minor": 1250, "currency": "EUR"}}


def post_product(*, caller: Caller | None = STAFF, **changes: Any) -> Answer:
    return send(handler, "products.create", caller=caller, body=TEA | changes)


def create_product(**changes: Any) -> dict[str, Any]:
    """The new product, as its route shows it."""
    answer = post_product(**changes)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


def get_product(product_id: str, **headers: str) -> Answer:
    """As a shopper."""
    path = {"product_id": product_id}
    return send(handler, "products.get", caller=NOBODY, path=path, headers=dict(headers))


def get_staff_product(product_id: str, **headers: str) -> Answer:
    path = {"product_id": product_id}
    return send(handler, "staff.get_product", caller=STAFF, path=path, headers=dict(headers))


def edit_product(
    how: str,
    product_id: str,
    body: Any = None,
    *,
    if_match: str | None = "*",
    caller: Caller | None = STAFF,
) -> Answer:
    """`how` is a key of `EDITS`."""
    return send(
        handler,
        EDITS[how],
        caller=caller,
        body=body,
        path={"product_id": product_id},
        headers={"if-match": if_match},
    )


def patch_product(product_id: str, changes: Any, *, if_match: str | None = "*") -> Answer:
    return edit_product("patch", product_id, changes, if_match=if_match)


def list_products(**query: Any) -> Answer:
    """As a shopper, without what earlier requests left in the cache."""
    browse_cache.forget()
    return send(handler, "products.list", caller=NOBODY, query=query)


def skus_in(answer: Answer) -> list[str]:
    return [product["sku"] for product in answer.body["items"]]


def list_all_skus(**query: Any) -> list[str]:
    """The SKUs of all pages, from the first to the last."""
    page = list_products(**query)
    found = skus_in(page)
    while page.body["next_cursor"]:
        page = list_products(**query, cursor=page.body["next_cursor"])
        found += skus_in(page)
    return found


def call_stock(
    how: str,
    product_id: str,
    body: Any = None,
    *,
    caller: Caller | None = STAFF,
    **headers: str | None,
) -> Answer:
    """`how` is a key of `STOCK`. Headers are keywords in snake case."""
    return send(
        handler,
        STOCK[how],
        caller=caller,
        body=body,
        path={"product_id": product_id},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def set_stock(product_id: str, available: Any, **more: Any) -> Answer:
    more = {"if_match": "*"} | more
    return call_stock("set", product_id, {"available": available}, **more)


def adjust_stock(product_id: str, change: Any, *, key: str = "key-1", **more: Any) -> Answer:
    body = {"change": change, "reason": "broken"}
    return call_stock("adjust", product_id, body, idempotency_key=key, **more)
