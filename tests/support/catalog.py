"""The catalog as its clients have it: shoppers, and staff who edit it."""

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


def create(*, caller: Caller | None = STAFF, **changes: Any) -> Answer:
    return send(handler, "products.create", caller=caller, body=TEA | changes)


def created(**changes: Any) -> dict[str, Any]:
    answer = create(**changes)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


def get(product_id: str, **headers: str) -> Answer:
    path = {"product_id": product_id}
    return send(handler, "products.get", caller=NOBODY, path=path, headers=dict(headers))


def inspect(product_id: str, **headers: str) -> Answer:
    """As staff do."""
    path = {"product_id": product_id}
    return send(handler, "staff.get_product", caller=STAFF, path=path, headers=dict(headers))


def edit(
    how: str,
    product_id: str,
    body: Any = None,
    *,
    if_match: str | None = "*",
    caller: Caller | None = STAFF,
) -> Answer:
    return send(
        handler,
        EDITS[how],
        caller=caller,
        body=body,
        path={"product_id": product_id},
        headers={"if-match": if_match},
    )


def patch(product_id: str, changes: Any, *, if_match: str | None = "*") -> Answer:
    return edit("patch", product_id, changes, if_match=if_match)


def browse(**query: Any) -> Answer:
    """As an instance answers that was not asked before."""
    browse_cache.forget()
    return send(handler, "products.list", caller=NOBODY, query=query)


def skus(answer: Answer) -> list[str]:
    return [product["sku"] for product in answer.body["items"]]


def followed(**query: Any) -> list[str]:
    """All SKUs from the first page to the last."""
    page = browse(**query)
    found = skus(page)
    while page.body["next_cursor"]:
        page = browse(**query, cursor=page.body["next_cursor"])
        found += skus(page)
    return found


def stock(
    how: str,
    product_id: str,
    body: Any = None,
    *,
    caller: Caller | None = STAFF,
    **headers: str | None,
) -> Answer:
    """Headers in snake case."""
    return send(
        handler,
        STOCK[how],
        caller=caller,
        body=body,
        path={"product_id": product_id},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def count(product_id: str, available: Any, **more: Any) -> Answer:
    more = {"if_match": "*"} | more
    return stock("set", product_id, {"available": available}, **more)


def adjust(product_id: str, change: Any, *, key: str = "key-1", **more: Any) -> Answer:
    body = {"change": change, "reason": "broken"}
    return stock("adjust", product_id, body, idempotency_key=key, **more)
