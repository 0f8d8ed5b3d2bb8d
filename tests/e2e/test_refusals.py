"""Requests that the gateway or the routes refuse, and the responses to them."""

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

UNKNOWN_SESSION = ("usr_forged", "ses_forged")
TOKEN_LIFETIME = timedelta(minutes=15)


def get_code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


@pytest.fixture(scope="session")
def ring(stack) -> KeyRing:
    """The key ring of the deployed functions."""
    secrets = stack.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=stack.physical_ids["TokenKeysSecret"])
    return KeyRing.parse(secret["SecretString"])


def forge_unsigned_token() -> str:
    header, claims = (
        {"alg": "none", "typ": access_tokens.TYPE, "kid": "k1"},
        {"sub": "usr_forged", "sid": "ses_forged"},
    )
    return ".".join(_encode(part) for part in (header, claims)) + "."


def _encode(document: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def forge_token_with_foreign_key() -> str:
    foreign = KeyRing("k1", {"k1": b"another shop's key, and long enough"})
    return access_tokens.issue(
        *UNKNOWN_SESSION, foreign, now=clock.utc_now(), lifetime=TOKEN_LIFETIME
    )


FORGERIES = (
    forge_unsigned_token,
    forge_token_with_foreign_key,
    lambda: "not.a.token",
    lambda: "x",
)


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_token_is_invalid(forge, visitor):
    answer = Shop(visitor.connection, forge()).get("/me")

    assert (answer.status_code, get_code(answer)) == (401, "token_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_expired_token_has_a_code_of_its_own(visitor, ring):
    issued_at = clock.utc_now() - timedelta(hours=1)
    expired = access_tokens.issue(*UNKNOWN_SESSION, ring, now=issued_at, lifetime=TOKEN_LIFETIME)

    answer = Shop(visitor.connection, expired).get("/me")

    assert (answer.status_code, get_code(answer)) == (401, "token_expired")


def test_a_signed_token_of_an_unknown_session_is_refused(visitor, ring):
    token = access_tokens.issue(
        *UNKNOWN_SESSION, ring, now=clock.utc_now(), lifetime=TOKEN_LIFETIME
    )

    answer = Shop(visitor.connection, token).get("/me")

    assert (answer.status_code, get_code(answer)) == (401, "session_ended")


def test_refresh_and_access_tokens_cannot_replace_each_other(buyer):
    as_access = Shop(buyer.connection, buyer.refresh_token).get("/me")
    as_refresh = buyer.post("/auth/refresh", {"refresh_token": buyer.token})

    assert (as_access.status_code, get_code(as_access)) == (401, "token_invalid")
    # An access token is longer than any refresh token.
    assert (as_refresh.status_code, get_code(as_refresh)) == (422, "invalid_fields")


def test_the_gateway_refuses_a_request_without_a_token(visitor):
    assert visitor.get("/me").status_code == 401


def test_a_customer_cannot_do_what_staff_do(buyer, staff):
    product_id = staff.create_product(available=1)

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

    assert {(answer.status_code, get_code(answer)) for answer in answers} == {(403, "forbidden")}
    assert staff.get_available(product_id) == 1


def test_staff_cannot_do_what_admins_do(staff, admin):
    assert get_code(staff.get("/users")) == "forbidden"
    assert admin.get("/users").status_code == 200


def test_someone_else_s_order_is_not_found(visitor, staff, buyer):
    order = buyer.place_order(staff.create_product(available=1)).json()

    answer = visitor.register().get(f"/orders/{order['id']}")

    assert (answer.status_code, get_code(answer)) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nowhere", 404, None),
        ("GET", "/orders/a/b/c", 404, None),
        ("DELETE", "/products", 405, "GET, HEAD, POST"),
        ("POST", "/products/prd_x", 405, "DELETE, GET, HEAD, PATCH, PUT"),
        ("PUT", "/me", 405, "DELETE, GET, HEAD, PATCH"),
        ("GET", "/me/sessions/ses_x", 405, "DELETE"),
    ],
)
def test_an_unknown_address_or_method_is_refused(method, path, status, allowed, visitor):
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
def test_an_unusable_body_is_refused(body, content_type, status, code, visitor):
    answer = visitor.call(
        "POST", "/auth/login", content=body, headers={"content-type": content_type}
    )

    assert (answer.status_code, get_code(answer)) == (status, code)


def test_every_response_has_the_security_headers(visitor):
    for answer in (visitor.get("/health"), visitor.get("/nowhere"), visitor.get("/products")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_only_catalog_responses_may_be_cached(visitor, staff):
    cacheable = [visitor.get("/products"), visitor.get("/products/search", q="tea")]
    others = [visitor.get("/health"), visitor.get("/nowhere"), staff.get("/staff/products")]

    assert all(
        answer.headers["cache-control"].startswith("public, max-age=") for answer in cacheable
    )
    assert {answer.headers["cache-control"] for answer in others} == {"no-store"}


def test_a_browser_at_an_allowed_origin_may_call_the_api(visitor):
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,idempotency-key",
    }

    preflight = visitor.call("OPTIONS", "/orders", headers=headers)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"].lower()


def test_an_idempotency_key_is_refused_for_another_order(buyer, staff):
    tea = staff.create_product(available=5)
    key = uuid4().hex
    buyer.place_order(tea, quantity=1, key=key)

    other = buyer.place_order(tea, quantity=2, key=key)

    assert (other.status_code, get_code(other)) == (422, "idempotency_key_reused")
    assert buyer.get_available(tea) == 4
