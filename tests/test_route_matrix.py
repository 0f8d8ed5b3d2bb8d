"""Who may call each route: the one table that is independent of the code.

The tests read the routes from the document and from the template, so a new route fails here until
the table names its audience.
"""

import importlib
import json
import re
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from auth.handler import handler as auth
from orders.handler import handler as orders
from shared import clock, ids
from shared.config import TokenSettings, settings
from shared.security import access_tokens
from shared.security.key_rings import key_ring
from shared.storage.models.accounts import ApiKey, Session, User
from shared.storage.models.orders import Order
from tests.support import shop
from tests.support.accounts import authorize
from tests.support.http import EVENTS, NOBODY, Caller, send
from tests.template import stack

pytestmark = pytest.mark.usefixtures("aws")

ROOT = Path(__file__).parents[1]
DOCUMENT = json.loads((ROOT / "functions/reference/openapi.json").read_text())
PATH_PARAMETERS = re.compile(r"\{\w+\}")

# Everyone to the right of an audience may call its routes, too.
AUDIENCES = ("anyone", "customer", "staff", "admin")
AUDIENCE = {
    "POST /v1/auth/register": "anyone",
    "POST /v1/auth/login": "anyone",
    "POST /v1/auth/refresh": "anyone",
    "POST /v1/auth/verify-email": "anyone",
    "POST /v1/auth/verify-email/resend": "anyone",
    "POST /v1/auth/password/forgot": "anyone",
    "POST /v1/auth/password/reset": "anyone",
    "POST /v1/guest/orders": "anyone",
    "POST /v1/guest/orders/quote": "anyone",
    "GET /v1/guest/orders/{order_id}": "anyone",
    "POST /v1/guest/orders/{order_id}/cancel": "anyone",
    "POST /v1/guest/orders/{order_id}/payment": "anyone",
    "GET /v1/guest/cart": "anyone",
    "PUT /v1/guest/cart": "anyone",
    "PATCH /v1/guest/cart": "anyone",
    "DELETE /v1/guest/cart": "anyone",
    "POST /v1/guest/cart/quote": "anyone",
    "POST /v1/payments/webhook": "anyone",
    "GET /v1/products": "anyone",
    "GET /v1/products/search": "anyone",
    "GET /v1/products/{product_id}": "anyone",
    "GET /v1/categories": "anyone",
    "GET /v1/categories/{category_id}": "anyone",
    "GET /v1/countries": "anyone",
    "GET /v1/countries/{code}": "anyone",
    "GET /v1/health": "anyone",
    "GET /v1/docs": "anyone",
    "GET /v1/asyncapi.json": "anyone",
    "GET /v1/openapi.json": "anyone",
    "POST /v1/auth/logout": "customer",
    "GET /v1/me": "customer",
    "PATCH /v1/me": "customer",
    "DELETE /v1/me": "customer",
    "POST /v1/me/email": "customer",
    "PUT /v1/me/password": "customer",
    "GET /v1/me/export": "customer",
    "GET /v1/me/addresses": "customer",
    "POST /v1/me/addresses": "customer",
    "GET /v1/me/addresses/{address_id}": "customer",
    "PATCH /v1/me/addresses/{address_id}": "customer",
    "DELETE /v1/me/addresses/{address_id}": "customer",
    "GET /v1/me/sessions": "customer",
    "DELETE /v1/me/sessions": "customer",
    "DELETE /v1/me/sessions/{session_id}": "customer",
    "POST /v1/me/second-factor": "customer",
    "DELETE /v1/me/second-factor": "customer",
    "POST /v1/me/second-factor/confirm": "customer",
    "POST /v1/me/second-factor/recovery-codes": "customer",
    "GET /v1/cart": "customer",
    "PUT /v1/cart": "customer",
    "PATCH /v1/cart": "customer",
    "DELETE /v1/cart": "customer",
    "POST /v1/cart/merge": "customer",
    "POST /v1/cart/quote": "customer",
    "POST /v1/orders": "customer",
    "GET /v1/orders": "customer",
    "GET /v1/orders/{order_id}": "customer",
    "POST /v1/orders/quote": "customer",
    "POST /v1/orders/{order_id}/cancel": "customer",
    "POST /v1/orders/{order_id}/payment": "customer",
    "POST /v1/me/api-keys": "staff",
    "GET /v1/me/api-keys": "staff",
    "DELETE /v1/me/api-keys/{key_id}": "staff",
    "POST /v1/products": "staff",
    "PUT /v1/products/{product_id}": "staff",
    "PATCH /v1/products/{product_id}": "staff",
    "DELETE /v1/products/{product_id}": "staff",
    "GET /v1/products/{product_id}/stock": "staff",
    "PUT /v1/products/{product_id}/stock": "staff",
    "PATCH /v1/products/{product_id}/stock": "staff",
    "GET /v1/products/{product_id}/stock/movements": "staff",
    "GET /v1/products/{product_id}/pictures": "staff",
    "POST /v1/products/{product_id}/pictures": "staff",
    "PATCH /v1/products/{product_id}/pictures": "staff",
    "DELETE /v1/products/{product_id}/pictures/{picture_id}": "staff",
    "POST /v1/picture-files": "staff",
    "POST /v1/categories": "staff",
    "PATCH /v1/categories/{category_id}": "staff",
    "DELETE /v1/categories/{category_id}": "staff",
    "GET /v1/staff/products": "staff",
    "GET /v1/staff/products/{product_id}": "staff",
    "GET /v1/tax-rates": "staff",
    "PUT /v1/tax-rates": "staff",
    "GET /v1/shipping-rates": "staff",
    "PUT /v1/shipping-rates": "staff",
    "GET /v1/promotions": "staff",
    "POST /v1/promotions": "staff",
    "GET /v1/promotions/{code}": "staff",
    "PATCH /v1/promotions/{code}": "staff",
    "GET /v1/staff/orders": "staff",
    "GET /v1/staff/orders/{order_id}": "staff",
    "GET /v1/staff/orders/{order_id}/shipments": "staff",
    "POST /v1/staff/orders/{order_id}/shipments": "staff",
    "GET /v1/staff/orders/{order_id}/shipments/{shipment_id}": "staff",
    "PATCH /v1/staff/orders/{order_id}/shipments/{shipment_id}": "staff",
    "POST /v1/staff/orders/{order_id}/cancellations": "staff",
    "PUT /v1/staff/orders/{order_id}/shipping-address": "staff",
    "PUT /v1/staff/orders/{order_id}/buyer": "staff",
    "POST /v1/orders/{order_id}/mark-paid": "staff",
    "POST /v1/orders/{order_id}/ship": "staff",
    "POST /v1/orders/{order_id}/deliver": "staff",
    "POST /v1/orders/{order_id}/return": "staff",
    "POST /v1/orders/{order_id}/refund": "staff",
    "POST /v1/orders/{order_id}/notes": "staff",
    "POST /v1/orders/{order_id}/resend-confirmation": "staff",
    "POST /v1/exports": "staff",
    "GET /v1/exports": "staff",
    "GET /v1/exports/{export_id}": "staff",
    "POST /v1/product-exports": "staff",
    "GET /v1/product-exports": "staff",
    "GET /v1/product-exports/{export_id}": "staff",
    "POST /v1/uploads": "staff",
    "GET /v1/uploads/{upload_id}": "staff",
    "GET /v1/import-mappings": "staff",
    "POST /v1/import-mappings": "staff",
    "GET /v1/import-mappings/{mapping_id}": "staff",
    "PUT /v1/import-mappings/{mapping_id}": "staff",
    "DELETE /v1/import-mappings/{mapping_id}": "staff",
    "GET /v1/users": "admin",
    "GET /v1/users/{user_id}": "admin",
    "PATCH /v1/users/{user_id}": "admin",
    "DELETE /v1/users/{user_id}/sessions": "admin",
    "DELETE /v1/users/{user_id}/second-factor": "admin",
}
# These parameters name a user's own items; nobody else may even learn that an item exists.
OWNED_PARAMETERS = ("order_id", "session_id", "key_id", "address_id")


def routes() -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    ]


def handlers() -> dict[str, str]:
    """The handler of each route, from the template."""
    return {
        route: handler
        for route, handler in stack.handlers().items()
        if route != "$default" and not route.startswith("HEAD ")
    }


@cache
def samples() -> dict[str, str]:
    """The sample event of each route."""
    by_route = {}
    for path in EVENTS.iterdir():
        event = json.loads(path.read_text())
        if "routeKey" in event and "authorizer" not in path.stem:
            by_route[event["routeKey"]] = path.stem
    return by_route


def call(route: str, caller, **path: str):
    module, _, name = handlers()[route].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    return send(handler, samples()[route], caller=caller, path=path or None)


def create_token(
    user_id: str, *, roles: set[str], lifetime: timedelta = timedelta(minutes=5)
) -> str:
    """The access token of a new account with a session."""
    now = clock.utc_now()
    shop.user(user_id, roles=roles)
    session_id = ids.new_id("ses")
    Session(
        user_id,
        session_id,
        family_hash="-",
        refresh_hash="-",
        access_epoch=1,
        device="",
        created_at=now,
        last_used_at=now,
        ends_at=now + timedelta(days=1),
        expires_at=now + timedelta(days=1),
    ).save()
    ring = key_ring(settings(TokenSettings).token_keys_secret_arn)
    return access_tokens.issue(user_id, session_id, ring, now=now, lifetime=lifetime)


def signed_in(audience: str):
    roles = {"customer"} if audience == "customer" else {"customer", audience}
    return authorize(create_token(f"usr_{audience}", roles=roles))


def is_admitted(answer) -> bool:
    """Whether the caller passed the permission check; the request may fail later."""
    code = answer.code if answer.status >= 400 else ""
    return answer.status != 401 and code not in ("forbidden", "second_factor_required")


PROTECTED = [route for route in routes() if AUDIENCE.get(route) != "anyone"]


def test_document_template_samples_and_table_agree():
    assert set(routes()) == set(AUDIENCE) == set(handlers())
    assert set(PROTECTED) <= set(samples())


def test_the_document_secures_exactly_the_protected_routes():
    secured = {
        f"{method.upper()} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if "accessToken" in str(operation["security"])
    }

    assert secured == set(PROTECTED)


def test_the_template_secures_exactly_the_protected_routes():
    api = stack.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]

    secured = {
        f"{method.upper()} {path}"
        for path, operations in api["paths"].items()
        for method, operation in operations.items()
        if operation["security"] != [{"NONE": []}]
    }

    assert {route for route in secured if not route.startswith("HEAD ")} == set(PROTECTED)


@pytest.mark.parametrize("route", PROTECTED)
def test_a_call_without_a_token_is_401(route):
    answer = call(route, NOBODY)

    assert (answer.status, answer.code) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", PROTECTED)
def test_a_call_with_a_forged_token_is_401(route):
    token = create_token("usr_ada", roles={"admin"})

    answer = call(route, authorize(token[:-2] + ("AA" if token[-2:] != "AA" else "BB")))

    assert (answer.status, answer.code) == (401, "token_invalid")


@pytest.mark.parametrize("route", PROTECTED)
def test_a_call_with_an_expired_token_is_401(route):
    token = create_token("usr_ada", roles={"admin"}, lifetime=timedelta(minutes=-5))

    answer = call(route, authorize(token))

    assert (answer.status, answer.code) == (401, "token_expired")


@pytest.mark.parametrize("route", PROTECTED)
@pytest.mark.parametrize("audience", AUDIENCES[1:])
def test_a_route_admits_its_audience_and_nobody_else(route, audience):
    may = AUDIENCES.index(audience) >= AUDIENCES.index(AUDIENCE[route])

    answer = call(route, signed_in(audience))

    assert answer.status < 500, answer
    assert is_admitted(answer) is may, answer
    assert may or (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in PROTECTED
        if any(f"{{{parameter}}}" in route for parameter in OWNED_PARAMETERS)
        # Staff handle the orders of all users.
        and not ("{order_id}" in route and AUDIENCE.get(route) == "staff")
    ],
)
def test_another_user_s_item_looks_like_a_missing_item(route):
    (parameter,) = PATH_PARAMETERS.findall(route)
    name = parameter.strip("{}")
    owner, other = "usr_owner", "usr_other"
    owned = OWNED[name](owner)
    role = "staff" if AUDIENCE[route] == "staff" else "customer"
    stranger = authorize(create_token(other, roles={"customer", role}))

    theirs = call(route, stranger, **{name: owned})
    missing = call(route, stranger, **{name: owned[:-4] + "zzzz"})

    assert theirs.status == missing.status == 404
    assert theirs.body["error"] | {"request_id": ""} == missing.body["error"] | {"request_id": ""}


def create_session(user_id: str) -> str:
    create_token(user_id, roles={"customer"})
    return next(iter(Session.query(user_id))).session_id


def create_key(user_id: str) -> str:
    now = clock.utc_now()
    key_id = ids.new_id("key")
    ApiKey(
        user_id,
        key_id,
        name="script",
        permissions={"stock:write"},
        secret_hash="-",
        created_at=now,
        expires_at=now + timedelta(days=1),
    ).save()
    return key_id


def place_order(user_id: str) -> str:
    shop.user(user_id)
    tea = shop.listed_product("tea", available=5)
    body = {
        "lines": [{"product_id": tea.product_id, "quantity": 1}],
        "shipping_address": shop.ADDRESS,
    }
    placed = send(orders, "orders.place", caller=Caller(user_id), body=body)
    assert Order.find(placed.body["id"]) is not None
    return placed.body["id"]


def create_address(user_id: str) -> str:
    shop.user(user_id)
    saved = send(auth, "addresses.create", caller=Caller(user_id), body=shop.ADDRESS)
    assert saved.status == 201, saved
    return str(saved.body["id"])


OWNED = {
    "order_id": place_order,
    "session_id": create_session,
    "key_id": create_key,
    "address_id": create_address,
}


def test_a_disabled_account_may_call_no_route():
    token = create_token("usr_ada", roles={"admin"})
    User("usr_ada").update([User.status.set("disabled")])

    answers = {call(route, authorize(token)).code for route in PROTECTED}

    assert answers == {"session_ended"}
