"""What strangers, forgers and the careless are told, by the gateway and by the routes."""

import base64
import json
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from shared import clock
from shared.security import access_tokens
from shared.security.key_rings import KeyRing
from tests.e2e.conftest import Shop

ME = ("usr_forged", "ses_forged")
QUARTER = timedelta(minutes=15)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


@pytest.fixture(scope="session")
def ring(stack) -> KeyRing:
    """The ring that the deployed functions sign with."""
    secrets = stack.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=stack.physical_ids["TokenKeysSecret"])
    return KeyRing.parse(secret["SecretString"])


def unsigned() -> str:
    header, claims = (
        {"alg": "none", "typ": access_tokens.TYPE, "kid": "k1"},
        {"sub": "usr_forged", "sid": "ses_forged"},
    )
    return ".".join(_part(each) for each in (header, claims)) + "."


def _part(document: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def of_a_foreign_key() -> str:
    foreign = KeyRing("k1", {"k1": b"another shop's key, and long enough"})
    return access_tokens.issue(*ME, foreign, now=clock.utc_now(), lifetime=QUARTER)


@pytest.mark.parametrize("forge", [unsigned, of_a_foreign_key, lambda: "not.a.token", lambda: "x"])
def test_a_forged_token_is_refused_in_the_shops_own_words(forge, visitor):
    answer = Shop(visitor.connection, forge()).get("/me")

    assert (answer.status_code, code_of(answer)) == (401, "token_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_expired_token_is_told_apart_from_a_forged_one(visitor, ring):
    issued = clock.utc_now() - timedelta(hours=1)
    stale = access_tokens.issue(*ME, ring, now=issued, lifetime=QUARTER)

    answer = Shop(visitor.connection, stale).get("/me")

    assert (answer.status_code, code_of(answer)) == (401, "token_expired")


def test_a_token_that_the_shop_signed_opens_no_session_that_there_never_was(visitor, ring):
    ghost = access_tokens.issue(*ME, ring, now=clock.utc_now(), lifetime=QUARTER)

    answer = Shop(visitor.connection, ghost).get("/me")

    assert (answer.status_code, code_of(answer)) == (401, "session_ended")


def test_a_refresh_token_is_no_access_token_and_an_access_token_refreshes_nothing(buyer):
    as_access = Shop(buyer.connection, buyer.refresh_token).get("/me")
    as_refresh = buyer.post("/auth/refresh", {"refresh_token": buyer.token})

    assert (as_access.status_code, code_of(as_access)) == (401, "token_invalid")
    # An access token is longer than any refresh token.
    assert (as_refresh.status_code, code_of(as_refresh)) == (422, "invalid_fields")


def test_without_any_token_the_gateway_refuses(visitor):
    assert visitor.get("/me").status_code == 401


def test_customers_are_kept_from_what_staff_do(buyer, staff):
    product_id = staff.product(available=1)

    answers = [
        buyer.post("/products", {"sku": "X"}),
        buyer.call("PUT", f"/products/{product_id}/stock", json={"available": 9}),
        buyer.post("/uploads", {}),
        buyer.get("/uploads/upl_unknown"),
        buyer.get("/me/api-keys"),
        buyer.get("/users"),
        buyer.call(
            "PATCH", "/users/usr_unknown", json={"roles": ["admin"]}, headers={"if-match": "*"}
        ),
    ]

    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(403, "forbidden")}
    assert staff.available(product_id) == 1


def test_staff_are_kept_from_what_admins_do(staff, admin):
    assert code_of(staff.get("/users")) == "forbidden"
    assert admin.get("/users").status_code == 200


def test_someone_elses_order_is_not_there(visitor, staff, buyer):
    order = buyer.order(staff.product(available=1)).json()

    answer = visitor.registered().get(f"/orders/{order['id']}")

    assert (answer.status_code, code_of(answer)) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nowhere", 404, None),
        ("GET", "/orders/a/b/c", 404, None),
        ("DELETE", "/products", 405, "GET, POST"),
        ("POST", "/products/prd_x", 405, "DELETE, GET, PATCH, PUT"),
        ("PUT", "/me", 405, "DELETE, GET, PATCH"),
        ("GET", "/me/sessions/ses_x", 405, "DELETE"),
    ],
)
def test_an_address_or_a_method_that_no_route_has(method, path, status, allowed, visitor):
    answer = visitor.call(method, path)

    assert answer.status_code == status
    assert answer.headers.get("allow") == allowed
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"\xff\xfe", "application/json", 400, "malformed_json"),
        (b"{", "application/json", 400, "malformed_json"),
        (b"[1]", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b"email=ada", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"email": "%s"}' % (b"x" * 1_000_000), "application/json", 413, "too_large"),
        (b'{"email": "ada@example.com"}', "application/json", 422, "invalid_fields"),
    ],
    ids=["not UTF-8", "not JSON", "a list", "empty", "a form", "over 1 MB", "a field missing"],
)
def test_a_body_that_cannot_be_used_is_refused(body, content_type, status, code, visitor):
    answer = visitor.call(
        "POST", "/auth/login", content=body, headers={"content-type": content_type}
    )

    assert (answer.status_code, code_of(answer)) == (status, code)


def test_each_answer_has_the_security_headers(visitor):
    for answer in (visitor.get("/health"), visitor.get("/nowhere"), visitor.get("/products")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_the_catalog_alone_may_be_kept_on_the_way(visitor, staff):
    kept = [visitor.get("/products"), visitor.get("/products/search", q="tea")]
    others = [visitor.get("/health"), visitor.get("/nowhere"), staff.get("/staff/products")]

    assert all(it.headers["cache-control"].startswith("public, max-age=") for it in kept)
    assert {it.headers["cache-control"] for it in others} == {"no-store"}


def test_a_known_origin_may_call_from_a_browser(visitor):
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,idempotency-key",
    }

    preflight = visitor.call("OPTIONS", "/orders", headers=headers)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"].lower()


def test_a_key_is_not_carried_over_to_another_order(buyer, staff):
    tea = staff.product(available=5)
    key = uuid4().hex
    buyer.order(tea, quantity=1, key=key)

    other = buyer.order(tea, quantity=2, key=key)

    assert (other.status_code, code_of(other)) == (422, "idempotency_key_reused")
    assert buyer.available(tea) == 4
