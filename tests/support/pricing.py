"""Tax rates, shipping rates and promotions: stored directly, or set through the staff routes."""

import json
from typing import Any

from orders.staff_api import handler
from shared import clock
from shared.storage.models.pricing import (
    PROMOTIONS,
    SHIPPING_RATES,
    TAX_RATES,
    Promotion,
    PromotionUse,
    RateTable,
)
from tests.support.http import STAFF, Answer, Caller, send

GET_RATES = {"tax": "pricing.get_tax_rates", "shipping": "pricing.get_shipping_rates"}
SET_RATES = {"tax": "pricing.set_tax_rates", "shipping": "pricing.set_shipping_rates"}
GERMANY = {"country": "DE", "prices_include_tax": True, "rates": {"standard": 190000}}
EUROPE = {
    "name": "Europe",
    "countries": ["DE", "AT"],
    "currency": "EUR",
    "steps": [{"from_minor": 0, "price_minor": 490}],
}
SPRING = {"code": "SPRING", "kind": "percent", "percent": 10}


# Stored directly


def destination(country: str, *, included: bool = False, **more: Any) -> dict[str, Any]:
    """A country of a tax document. Its rate is 20 %, unless `rates` is given."""
    rates = {"standard": 200_000}
    return {"country": country, "prices_include_tax": included, "rates": rates} | more


def zone(*countries: str, **more: Any) -> dict[str, Any]:
    """A zone of a shipping document. Shipping costs EUR 4.90, unless `steps` is given."""
    steps = [{"from_minor": 0, "price_minor": 490}]
    home = {"name": "Home", "countries": list(countries), "currency": "EUR", "steps": steps}
    return home | more


def store_tax_rates(*destinations: dict[str, Any]) -> None:
    _store_rates(TAX_RATES, {"destinations": destinations})


def store_shipping_rates(*zones: dict[str, Any]) -> None:
    _store_rates(SHIPPING_RATES, {"zones": zones})


def _store_rates(name: str, document: dict[str, Any]) -> None:
    RateTable(
        name,
        document=json.dumps(document),
        version=1,
        updated_at=clock.utc_now(),
        updated_by="usr_staff",
    ).save()


def promotion(code: str, **changes: Any) -> Promotion:
    """Stores a promotion of 10 % without limits."""
    now = clock.utc_now()
    stored = Promotion(
        PROMOTIONS,
        code,
        **{
            "listed_at": f"{now.isoformat()}#{code}",
            "kind": "percent",
            "percent": 10,
            "is_active": True,
            "created_at": now,
            "version": 1,
        }
        | changes,
    )
    stored.save()
    return stored


def count_uses(code: str, by: str | None = None) -> int:
    """The stored count of a promotion's uses: by all customers, or by one."""
    found = PromotionUse.find(by, code) if by else Promotion.find(PROMOTIONS, code)
    return 0 if found is None else int(found.used)


# Through the staff routes


def get_rates(table: str, *, caller: Caller | None = STAFF, **headers: str) -> Answer:
    """`table` is `tax` or `shipping`."""
    return send(handler, GET_RATES[table], caller=caller, headers=dict(headers))


def put_rates(
    table: str, body: Any, *, if_match: str | None = "*", caller: Caller | None = STAFF
) -> Answer:
    headers = {"if-match": if_match}
    return send(handler, SET_RATES[table], caller=caller, body=body, headers=headers)


def post_promotion(*, caller: Caller | None = STAFF, **changes: Any) -> Answer:
    """A change to None leaves the field out."""
    body = {name: value for name, value in (SPRING | changes).items() if value is not None}
    return send(handler, "pricing.create_promotion", caller=caller, body=body)


def create_promotion(**changes: Any) -> dict[str, Any]:
    """The new promotion, as its route shows it."""
    answer = post_promotion(**changes)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


def get_promotion(code: str, **headers: str) -> Answer:
    path = {"code": code}
    return send(handler, "pricing.get_promotion", caller=STAFF, path=path, headers=dict(headers))


def patch_promotion(
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


def list_promotions(*, caller: Caller | None = STAFF, **query: Any) -> Answer:
    return send(handler, "pricing.list_promotions", caller=caller, query=query)
