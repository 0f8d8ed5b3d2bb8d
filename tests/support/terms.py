"""The terms of a shop as its staff set them: rates, and promotions."""

from typing import Any

from orders.staff_api import handler
from tests.support.http import STAFF, Answer, Caller, send

READ = {"tax": "pricing.get_tax_rates", "shipping": "pricing.get_shipping_rates"}
SET = {"tax": "pricing.set_tax_rates", "shipping": "pricing.set_shipping_rates"}
GERMANY = {"country": "DE", "prices_include_tax": True, "rates": {"standard": 190000}}
EUROPE = {
    "name": "Europe",
    "countries": ["DE", "AT"],
    "currency": "EUR",
    "steps": [{"from_minor": 0, "price_minor": 490}],
}
SPRING = {"code": "SPRING", "kind": "percent", "percent": 10}


def get(sheet: str, *, caller: Caller | None = STAFF, **headers: str) -> Answer:
    """`tax` or `shipping`."""
    return send(handler, READ[sheet], caller=caller, headers=dict(headers))


def put(
    sheet: str, body: Any, *, if_match: str | None = "*", caller: Caller | None = STAFF
) -> Answer:
    headers = {"if-match": if_match}
    return send(handler, SET[sheet], caller=caller, body=body, headers=headers)


def create(*, caller: Caller | None = STAFF, **changes: Any) -> Answer:
    """`percent=None` and the like leave it out."""
    body = {name: it for name, it in (SPRING | changes).items() if it is not None}
    return send(handler, "pricing.create_promotion", caller=caller, body=body)


def created(**changes: Any) -> dict[str, Any]:
    answer = create(**changes)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


def inspect(code: str, **headers: str) -> Answer:
    path = {"code": code}
    return send(handler, "pricing.get_promotion", caller=STAFF, path=path, headers=dict(headers))


def patch(
    code: str, changes: Any, *, if_match: str | None = "*", caller: Caller | None = STAFF
) -> Answer:
    return send(
        handler,
        "pricing.patch_promotion",
        caller=caller,
        body=changes,
        path={"code": code},
        headers={"if-match": if_match},
    )


def browse(*, caller: Caller | None = STAFF, **query: Any) -> Answer:
    return send(handler, "pricing.list_promotions", caller=caller, query=query)
