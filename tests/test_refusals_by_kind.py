"""The refusals that every route of a kind has: each is driven, at each route.

`tests/support/contract.py` compares every answer with the OpenAPI document. At the end of
`make test` it also finds what stands in the document and no test has driven.
"""

import base64
from datetime import timedelta
from typing import Any

import pytest

from shared import clock
from shared.http import request_checks
from shared.security.permissions import PERMISSIONS, Permission, Role
from shared.storage import cursors
from tests.reference import calls
from tests.support import proxy, shop
from tests.support.http import Answer, Caller, send
from tests.test_hostile_requests import handler_of, operation_of, parameters
from tests.test_route_matrix import AUDIENCE, routes, samples

pytestmark = pytest.mark.usefixtures("aws")

EVERYBODY = Caller("usr_everybody", "customer staff admin")
WEBHOOK = "POST /v1/payments/webhook"
ROUTES = routes()
PROTECTED = [route for route in ROUTES if AUDIENCE[route] != "anyone"]
OF_STAFF = [route for route in PROTECTED if AUDIENCE[route] != "customer"]
WITH_BODY = [route for route in ROUTES if "requestBody" in operation_of(route)]
WITH_CURSOR = [route for route in ROUTES if "cursor" in parameters(route, "query")]
OF_AUTHORIZER = ("token_invalid", "token_expired", "session_ended")


def call(route: str, caller: Any = EVERYBODY, **request: Any) -> Answer:
    method, path = route.split(" ")
    if route not in samples():  # two pages that are the same for everybody
        return calls.call(method, path)
    return send(handler_of(route), samples()[route], caller=caller, **request)


def principal(permissions: frozenset[Permission], **more: Any) -> dict[str, Any]:
    return {
        "user_id": "usr_somebody",
        "session_id": "ses_somewhere",
        "permissions": " ".join(sorted(permissions)),
        "second_factor_due": False,
        "expires_at": 4_102_444_800,
        **more,
    }


def with_header(name: str) -> list[str]:
    return [route for route in ROUTES if name in parameters(route, "header")]


def is_required(route: str, header: str) -> bool:
    sent = operation_of(route)["parameters"]
    return any(each["name"] == header and each["required"] for each in sent)


@pytest.mark.parametrize("route", ROUTES)
def test_a_crash_is_an_internal_error_at_every_route(route, monkeypatch):
    def crash(_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(request_checks, "require_proxy", crash)

    answer = call(route)

    assert (answer.status, answer.code) == (500, "internal_error")


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_can_require_the_proxy(route):
    with proxy.trusted(REQUIRE_TRUSTED_PROXY="true"):
        unknown = call(route)  # the secret of the proxy cannot be read
    proxy.store_secret()
    with proxy.trusted(REQUIRE_TRUSTED_PROXY="true"):
        refused = call(route)

    assert (unknown.status, unknown.code) == (503, "unavailable")
    assert (refused.status, refused.code) == (403, "proxy_required")


@pytest.mark.parametrize("route", PROTECTED)
def test_every_protected_route_says_what_a_token_lacks(route):
    assert call(route, None).code == "token_missing"
    for code in OF_AUTHORIZER:
        assert call(route, {"refusal": code}).code == code
    assert call(route, principal(frozenset())).code == "forbidden"


@pytest.mark.parametrize("route", OF_STAFF)
def test_every_route_of_staff_can_require_a_second_factor(route):
    withheld = principal(PERMISSIONS[Role.CUSTOMER], second_factor_due=True)

    assert call(route, withheld).code == "second_factor_required"


@pytest.mark.parametrize("route", [route for route in ROUTES if parameters(route, "path")])
def test_what_cannot_be_an_id_is_not_found(route):
    for text in ("x" * 65, "caf\u00e9"):
        answer = call(route, path=dict.fromkeys(parameters(route, "path"), text))

        assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("route", WITH_BODY)
def test_every_body_can_be_no_text_too_large_or_no_json(route):
    not_utf8 = base64.b64encode(b'{"name": "\xff"}').decode()
    found = {
        call(route, raw_body=not_utf8, base64=True).code,
        call(route, raw_body="x" * 1_000_001).code,
        call(route, raw_body="{}", headers={"Content-Type": "text/plain"}).code,
    }
    if route == WEBHOOK:  # its signature counts before its content
        found.remove("webhook_signature_invalid")
        found.add(call(route, raw_body="!", base64=True).code)
    else:
        found.add(call(route, raw_body="{").code)
        found.add(call(route, raw_body='{"unknown_field": 1}').code)

    names = {"not_utf8", "too_large", "unsupported_media_type"}
    assert found == (names if route == WEBHOOK else names | {"malformed_json", "invalid_fields"})


@pytest.mark.parametrize("route", with_header("If-Match"))
def test_every_edit_names_what_is_wrong_with_if_match(route):
    without = call(route, headers={"If-Match": None})

    assert (without.status == 428) is is_required(route, "If-Match")
    assert call(route, headers={"If-Match": "no quotes"}).code == "invalid_precondition"
    assert call(route, headers={"If-Match": "x" * 501}).code == "invalid_fields"


@pytest.mark.parametrize("route", with_header("If-None-Match"))
@pytest.mark.parametrize("header", ["x", "x" * 3_000, '"7', ""])
def test_a_malformed_if_none_match_is_ignored(route, header):
    assert call(route, headers={"If-None-Match": header}).status not in (400, 422)


@pytest.mark.parametrize("route", with_header("Idempotency-Key"))
def test_an_idempotency_key_can_be_missing_or_too_long(route):
    assert call(route, headers={"Idempotency-Key": None}).code == "idempotency_key_required"
    assert call(route, headers={"Idempotency-Key": "x" * 256}).code == "invalid_fields"


@pytest.mark.parametrize("route", [route for route in ROUTES if parameters(route, "query")])
def test_an_unknown_parameter_is_an_invalid_field(route):
    assert call(route, query={"unknown": "1"}).code == "invalid_fields"


@pytest.mark.parametrize("route", WITH_CURSOR)
def test_every_list_says_what_is_wrong_with_a_cursor(route, monkeypatch):
    shop.user(EVERYBODY.user_id)
    owner = EVERYBODY.user_id if route in PROTECTED else ""
    query = {"q": "teapot"} if "q" in parameters(route, "query") else {}

    def code_of(cursor: str | None) -> str:
        answer = call(route, query=query | {"cursor": cursor or ""})
        return answer.code if answer.status >= 400 else ""

    assert code_of("nonsense") == "invalid_cursor"
    assert code_of(cursors.encode({"at": "x"}, query="another", owner=owner)) == (
        "cursor_query_mismatch"
    )
    if owner:
        assert code_of(cursors.encode({}, query="another", owner="usr_other")) == (
            "cursor_user_mismatch"
        )
    with monkeypatch.context() as patch:
        patch.setattr(cursors, "_short_digest", lambda _: "the same")
        later = clock.utc_now() - timedelta(days=1)
        patch.setattr(cursors, "_expiry", lambda: int(later.timestamp()))
        assert code_of(cursors.encode({}, query="", owner=owner)) == "cursor_expired"
