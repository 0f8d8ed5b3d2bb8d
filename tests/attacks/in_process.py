"""Sends an attack to its function, as API Gateway would: without a stack, and so to the byte."""

import base64
import importlib
import re
from typing import Any
from uuid import uuid4

from tests.attacks.attack import Attack, Caller
from tests.support import http, shop
from tests.support.http import Answer, send
from tests.test_route_matrix import handlers, samples

CALLERS: dict[Caller, http.Caller | None] = {
    "visitor": None,
    "customer": http.ADA,
    "staff": http.STAFF,
}


def send_attack(attack: Attack, **items: str) -> Answer:
    """`items` are the ids that replace `{product_id}` and `{order_id}`."""
    items = {"unique": uuid4().hex, **items}
    path, body = _fill(attack.path, items), attack.body and _fill_bytes(attack.body, items)
    route, arguments = _route_of(attack.method, path)
    module, _, name = handlers()[route].rpartition(".")
    return send(
        getattr(importlib.import_module(module), name),
        samples()[route],
        caller=CALLERS[attack.caller],
        raw_body=None if body is None else base64.b64encode(body).decode(),
        base64=body is not None,
        headers={"content-type": None, **attack.all_headers},
        path=arguments,
    )


def store_product() -> str:
    return str(shop.product("TEA", available=100).product_id)


def _route_of(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The route of an address, and the arguments in its path."""
    for route in handlers():
        name, template = route.split(" ")
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
        if name == method and found:
            return route, found.groupdict()
    raise LookupError(f"{method} {path}")


def _fill(text: str, items: dict[str, str]) -> str:
    return _fill_bytes(text.encode(), items).decode()


def _fill_bytes(body: bytes, items: dict[str, Any]) -> bytes:
    for name, value in items.items():
        body = body.replace(b"{%s}" % name.encode(), value.encode())
    return body
