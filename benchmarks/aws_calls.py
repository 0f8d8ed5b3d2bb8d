"""The AWS calls of each operation of a warm function, counted against moto.

Warm: the operation has run before in this process, so that clients and key rings are there.
`tests/benchmarks` holds the same table.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from unittest.mock import patch

from moto import mock_aws

from auth.handler import handler as auth
from authorizer.handler import handler as authorizer
from benchmarks.endpoint import Call, watched
from benchmarks.report import Budget, Row
from files.handler import handler as files
from orders.handler import handler as orders
from orders.payments import service as payments
from products import browse_cache
from products.handler import handler as products
from products.listing_keys import SHOP_SHARDS
from products.workers.watch_stock_levels import handler as watcher
from shared import clock, ids
from shared.aws import client
from shared.security.key_rings import key_ring
from shared.storage.models.accounts import Attempts, User
from shared.storage.models.catalog import Product
from tests.support import pricing, shop, template
from tests.support.accounts import api_key, issue_access_token, session
from tests.support.http import ADA, CONTEXT, NOBODY, STAFF, Answer, Caller, sample, send
from tests.support.payments import Bank, post_payment, send_webhook

SKUS = ("tea", "coffee", "cocoa")
CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}
FIRST_ORDER_KEY = "first"
PROMOTION = "SPRING"
SCRIPTER = ids.derived_id("usr", "whose scripts have API keys")

_unused = count(1)
_bank = Bank()


@dataclass(frozen=True, slots=True)
class Operation:
    """`perform` can be called again and again, and succeeds each time.

    `prepare` makes what it is given: each time anew, and not counted.
    """

    what: str
    budget: Budget | None
    perform: Callable[..., object]
    prepare: Callable[[], tuple[Any, ...]] = tuple

    def calls(self) -> list[Call]:
        """Of the second time."""
        self.perform(*self.prepare())
        given = self.prepare()
        with watched() as calls:
            self.perform(*given)
        return calls


def rows() -> list[Row]:
    with account():
        seed()
        return [_reused_identity(), *(_row(operation) for operation in OPERATIONS)]


def seed() -> None:
    """What the operations need to find: products with stock, accounts and an order."""
    for sku in SKUS:
        shop.product(sku, available=1000, category="kitchen/tea")
    pricing.store_tax_rates(pricing.destination(shop.ADDRESS["country"], included=True))
    pricing.store_shipping_rates(pricing.zone("*"))
    pricing.promotion(PROMOTION, uses_max=1000, uses_per_customer_max=1000)
    _succeeds(send(auth, "auth.register", caller=NOBODY, body=CREDENTIALS | {"name": "Ada"}))
    shop.user(SCRIPTER, roles={"customer", "staff"})
    _place_order(FIRST_ORDER_KEY)


def _row(operation: Operation) -> Row:
    names = [call.operation for call in operation.calls()]
    return Row(f"AWS calls: {operation.what}", operation.budget, len(names), ", ".join(names))


def _reused_identity() -> Row:
    """The one count that the template decides: API Gateway asks nobody."""
    api = template.resources()["Api"]["Properties"]
    identity = api["Auth"]["Authorizers"]["TokenAuthorizer"]["Identity"]
    seconds = identity["ReauthorizeEvery"]
    detail = f"not invoked: API Gateway keeps the answer for {seconds} s"
    return Row("AWS calls: authorizer, token seen before", Budget(0), 0 if seconds else 1, detail)


def _authorize(shown: str) -> None:
    event = sample("authorizer")
    event["headers"]["authorization"] = f"Bearer {shown}"
    answer = authorizer(event, CONTEXT)
    if "user_id" not in answer["context"]:
        raise AssertionError(answer)


def _new_token() -> tuple[str]:
    return (issue_access_token(session(User.get(SCRIPTER))),)


def _new_token_and_old_keys() -> tuple[str]:
    """As 60 s make them."""
    token = _new_token()
    key_ring.forget()  # type: ignore[attr-defined]
    return token


def _key_used_lately() -> tuple[str]:
    return (api_key(User.get(SCRIPTER), last_used_at=clock.utc_now()),)


def _key_not_used_yet() -> tuple[str]:
    return (api_key(User.get(SCRIPTER)),)


def _succeeds(answer: Answer) -> None:
    """A refusal would be cheap."""
    if answer.status not in (200, 201, 202, 204):
        raise AssertionError(answer)


def _product_id() -> str:
    return ids.derived_id("prd", SKUS[0])


def _nothing_kept() -> tuple[()]:
    """As half a minute makes it."""
    browse_cache.forget()
    return ()


def _read_product() -> None:
    _succeeds(send(products, "products.get", path={"product_id": _product_id()}))


def _list_products(**query: Any) -> None:
    _succeeds(send(products, "products.list", caller=NOBODY, query=query))


def _list_category() -> None:
    _list_products(category="kitchen/tea")


def _list_three_categories() -> None:
    _list_products(category=["kitchen/tea", "kitchen/pots", "home"])


def _search() -> None:
    _succeeds(send(products, "products.search", caller=NOBODY, query={"q": "the tea"}))


def _search_with_a_typo() -> None:
    _succeeds(send(products, "products.search", caller=NOBODY, query={"q": "cofee"}))


def _known() -> tuple[Product]:
    return (Product.get(_product_id()),)


def _edited() -> tuple[Product]:
    """Since it was indexed."""
    _patch({"tags": [f"tag {next(_unused)}"]})
    return _known()


def _patch(body: dict[str, Any] | None = None) -> None:
    body = body or {"description": f"text {next(_unused)}"}
    path = {"product_id": _product_id()}
    headers: dict[str, str | None] = {"if-match": "*"}
    answer = send(products, "products.patch", caller=STAFF, path=path, body=body, headers=headers)
    _succeeds(answer)


def _look_at_stock() -> None:
    event = sample("products.watch_stock_levels")
    event["Records"][0]["dynamodb"]["Keys"] = {"product_id": {"S": _product_id()}}
    watcher(event, CONTEXT)


def _adjust_stock() -> None:
    path = {"product_id": _product_id()}
    headers: dict[str, str | None] = {"idempotency-key": f"key-{next(_unused)}"}
    _succeeds(send(products, "products.adjust_stock", caller=STAFF, path=path, headers=headers))


def _register() -> None:
    email = f"ada.{next(_unused)}@example.com"
    body = CREDENTIALS | {"email": email, "name": "Ada"}
    _succeeds(send(auth, "auth.register", caller=NOBODY, body=body))


def _log_in() -> dict[str, Any]:
    answer = send(auth, "auth.login", caller=NOBODY, body=CREDENTIALS)
    _succeeds(answer)
    body: dict[str, Any] = answer.body
    return body


def _signed_in() -> tuple[Caller]:
    tokens = _log_in()
    session_id = "ses_" + tokens["refresh_token"].split(".")[2]
    return (Caller(tokens["user"]["id"], session_id=session_id),)


def _refresh_token() -> tuple[str]:
    return (_log_in()["refresh_token"],)


def _refresh_token_just_used() -> tuple[str]:
    (token,) = _refresh_token()
    _refresh(token)
    return (token,)


def _refresh(token: str) -> None:
    _succeeds(send(auth, "auth.refresh", caller=NOBODY, body={"refresh_token": token}))


def _log_out(caller: Caller) -> None:
    _succeeds(send(auth, "auth.logout", caller=caller))


def _list_sessions(caller: Caller) -> None:
    _succeeds(send(auth, "me.list_sessions", caller=caller))


def _change_password(caller: Caller) -> None:
    same = CREDENTIALS["password"]
    body = {"current_password": same, "new_password": same}
    _succeeds(send(auth, "me.change_password", caller=caller, body=body))


def _no_mail_of_late() -> tuple[()]:
    """As some minutes make it: then one is sent."""
    for counted in Attempts.scan():
        counted.delete()
    return ()


def _forgot_password() -> None:
    body = {"email": CREDENTIALS["email"]}
    _succeeds(send(auth, "auth.forgot_password", caller=NOBODY, body=body))


def _place_order(key: str | None = None) -> None:
    lines = [{"product_id": ids.derived_id("prd", sku), "quantity": 2} for sku in SKUS]
    body = {"lines": lines, "shipping_address": shop.ADDRESS, "promotion_code": PROMOTION}
    headers: dict[str, str | None] = {"Idempotency-Key": key or f"key-{next(_unused)}"}
    _succeeds(send(orders, "orders.place", body=body, headers=headers))


def _quote_order() -> None:
    lines = [{"product_id": ids.derived_id("prd", sku), "quantity": 2} for sku in SKUS]
    address = {"country": shop.ADDRESS["country"]}
    body = {"lines": lines, "shipping_address": address, "promotion_code": PROMOTION}
    _succeeds(send(orders, "orders.quote", body=body))


def _just_placed() -> tuple[str]:
    key = f"key-{next(_unused)}"
    _place_order(key)
    return (ids.derived_id("ord", ADA.user_id, key),)


def _cancel_order(order_id: str) -> None:
    _succeeds(send(orders, "orders.cancel", path={"order_id": order_id}))


def _start_payment(order_id: str) -> str:
    """Of which the provider's own calls are not counted."""
    with patch.object(payments, "provider", lambda: _bank):
        answer = post_payment(order_id)
    _succeeds(answer)
    return str(answer.body["payment_id"])


def _just_captured() -> tuple[dict[str, Any]]:
    return (_bank.capture_payment(_start_payment(*_just_placed())),)


def _receive_payment_webhook(event: dict[str, Any]) -> None:
    with patch.object(payments, "provider", lambda: _bank):
        answer = send_webhook(event)
    if answer.body != {"outcome": "applied", "reason": None}:
        raise AssertionError(answer)


def _read_order() -> None:
    order_id = ids.derived_id("ord", ADA.user_id, FIRST_ORDER_KEY)
    _succeeds(send(orders, "orders.get", path={"order_id": order_id}))


def _list_orders() -> None:
    _succeeds(send(orders, "orders.list"))


def _create_product() -> None:
    body = json.loads(sample("products.create")["body"]) | {"sku": f"new-{next(_unused)}"}
    _succeeds(send(products, "products.create", caller=STAFF, body=body))


def _set_stock() -> None:
    path = {"product_id": _product_id()}
    headers: dict[str, str | None] = {"if-match": "*"}
    _succeeds(send(products, "products.set_stock", caller=STAFF, path=path, headers=headers))


def _start_upload() -> None:
    _succeeds(send(files, "uploads.start", caller=STAFF))


OPERATIONS = (
    Operation("authorizer, token new and keys old", Budget(2), _authorize, _new_token_and_old_keys),
    Operation("authorizer, token new", Budget(1), _authorize, _new_token),
    Operation("authorizer, API key", Budget(1), _authorize, _key_used_lately),
    Operation("authorizer, API key not used for minutes", None, _authorize, _key_not_used_yet),
    Operation("GET product, cached", Budget(0), _read_product),
    Operation("GET product, uncached", Budget(2), _read_product, _nothing_kept),
    Operation("list products, cached", Budget(0), _list_products),
    Operation("list a category, uncached", Budget(2), _list_category, _nothing_kept),
    Operation("list three categories, uncached", Budget(4), _list_three_categories, _nothing_kept),
    Operation(
        "list the whole shop, uncached", Budget(SHOP_SHARDS + 1), _list_products, _nothing_kept
    ),
    Operation("search two words, uncached", Budget(3), _search, _nothing_kept),
    Operation("search a mistyped word, uncached", Budget(4), _search_with_a_typo, _nothing_kept),
    Operation("create product", Budget(1), _create_product),
    Operation("patch product", None, _patch),
    Operation("index a product that was edited", None, shop.index_products, _edited),
    Operation("index a product again", None, shop.index_products, _known),
    Operation("look at stock that was sold", None, _look_at_stock),
    Operation("register", Budget(1), _register),
    Operation("log in", Budget(2), _log_in),
    Operation("refresh", Budget(1), _refresh, _refresh_token),
    Operation("refresh, within the grace", Budget(2), _refresh, _refresh_token_just_used),
    Operation("place order", Budget(2), _place_order),
    Operation("quote an order", Budget(1), _quote_order),
    Operation("cancel order", Budget(2), _cancel_order, _just_placed),
    Operation("begin to pay for an order", Budget(3), _start_payment, _just_placed),
    Operation("webhook: an order is paid", Budget(2), _receive_payment_webhook, _just_captured),
    Operation("GET order", None, _read_order),
    Operation("list orders", None, _list_orders),
    Operation("log out", None, _log_out, _signed_in),
    Operation("list sessions", None, _list_sessions, _signed_in),
    Operation("change password", None, _change_password, _signed_in),
    Operation("forgot password", None, _forgot_password, _no_mail_of_late),
    Operation("set stock", None, _set_stock),
    Operation("adjust stock", None, _adjust_stock),
    Operation("start upload", None, _start_upload),
)


@contextmanager
def account() -> Iterator[None]:
    """An account on moto with the template's tables and the keys, and nothing in them."""
    key_ring.forget()  # type: ignore[attr-defined]
    with mock_aws():
        template.create_tables(client("dynamodb"))
        for name, value in os.environ.items():
            if name.endswith("_SECRET_ARN"):
                ring: dict[str, Any] = {"current": "k1", "k1": value.ljust(64, "x")}
                client("secretsmanager").create_secret(Name=value, SecretString=json.dumps(ring))
        yield
