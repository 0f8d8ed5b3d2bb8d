"""Calls the routes of categories as shoppers and as staff."""

import hashlib
from typing import Any

from products import browse_cache
from products.handler import handler
from tests.support.http import NOBODY, STAFF, Answer, Caller, send


def post_category(
    name: Any = "Tea", *, key: str | None = None, caller: Caller | None = STAFF, **fields: Any
) -> Answer:
    """The default key follows from the body. An empty key sends none."""
    body = {"name": name} | fields
    if key is None:
        key = hashlib.sha256(repr(body).encode()).hexdigest()
    headers = {"idempotency-key": key or None}
    return send(handler, "categories.create", caller=caller, body=body, headers=headers)


def create_category(name: str, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    answer = post_category(name, parent=parent, **fields)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


def patch_category(
    category_id: str,
    changes: Any,
    *,
    if_match: str | None = "*",
    caller: Caller | None = STAFF,
) -> Answer:
    return send(
        handler,
        "categories.update",
        caller=caller,
        body=changes,
        path={"category_id": category_id},
        headers={"if-match": if_match},
    )


def delete_category(
    category_id: str, *, if_match: str | None = "*", caller: Caller | None = STAFF
) -> Answer:
    return send(
        handler,
        "categories.delete",
        caller=caller,
        path={"category_id": category_id},
        headers={"if-match": if_match},
    )


def get_category(category_id: str, **headers: str) -> Answer:
    """As a shopper."""
    path = {"category_id": category_id}
    return send(handler, "categories.get", caller=NOBODY, path=path, headers=dict(headers))


def list_categories(**query: Any) -> Answer:
    """As a shopper, without what earlier requests left in the cache."""
    browse_cache.forget()
    return send(handler, "categories.list", caller=NOBODY, query=query)


def list_paths(**query: Any) -> list[str]:
    return [category["path"] for category in list_categories(**query).body["items"]]


def counts() -> dict[str, int]:
    """Products on sale in each category, by path."""
    items = list_categories().body["items"]
    return {category["path"]: category["products_on_sale"] for category in items}
