"""The requests that the activity shows, and what it never keeps of them."""

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from local.activity.request_log import KEPT_MAX, LoggedRequest, RequestLog, name_caller
from local.refusals import Message, Receive, Scope, Send

USER = "usr_ada"
CLAIMS = base64.urlsafe_b64encode(json.dumps({"sub": USER}).encode()).decode().rstrip("=")
ACCESS_TOKEN = f"eyJhbGciOiJIUzI1NiJ9.{CLAIMS}.c2lnbmF0dXJl"
KEY_ID, OWNER, SECRET = "a" * 32, "b" * 32, "s" * 43
API_KEY = f"souk_{KEY_ID}_{OWNER}_{SECRET}"


async def answer(_: Scope, __: Receive, send: Send) -> None:
    headers = [(b"x-request-id", b"req-1"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"secret": "of the answer"}'})


def log_of(*paths: str, method: str = "GET", **request: Any) -> list[LoggedRequest]:
    log = RequestLog()

    async def call() -> None:
        transport = httpx.ASGITransport(log.watch(answer))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for path in paths:
                await client.request(method, path, **request)

    asyncio.run(call())
    return log.newest_first()


def test_a_request_is_kept_with_its_answer():
    headers = {"authorization": f"Bearer {ACCESS_TOKEN}"}

    [request] = log_of("/v1/orders", method="POST", headers=headers)

    assert (request.method, request.path, request.status) == ("POST", "/v1/orders", 201)
    assert (request.caller, request.request_id) == (USER, "req-1")
    assert request.milliseconds >= 0


@pytest.mark.parametrize("token", [ACCESS_TOKEN, API_KEY])
def test_no_token_query_header_or_body_is_kept(token):
    headers = {"authorization": f"Bearer {token}", "order-token": "guest-secret", "cookie": "a=b"}

    kept = log_of("/v1/orders?token=in-the-query", method="POST", headers=headers, content=b"card")

    text = json.dumps([request.to_json() for request in kept])
    for secret in (token, SECRET, "guest-secret", "in-the-query", "card", "a=b", "of the answer"):
        assert secret not in text


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ({}, "anyone"),
        ({"authorization": f"Bearer {ACCESS_TOKEN}"}, USER),
        ({"authorization": f"bearer {API_KEY}"}, f"usr_{OWNER} with key_{KEY_ID}"),
        ({"order-token": "secret"}, "a guest"),
        ({"payment-signature": "t=1,v1=00"}, "the payment provider"),
        ({"authorization": "Bearer not a token"}, "not recognised"),
        ({"authorization": "Bearer a.!!!.c"}, "not recognised"),
        ({"authorization": "Bearer souk_short"}, "not recognised"),
        ({"authorization": "Basic YTpi"}, "anyone"),
    ],
)
def test_a_caller_is_named_without_a_proof(headers, caller):
    assert name_caller(headers, 200) == caller


def test_a_refused_caller_has_no_name():
    assert name_caller({"authorization": f"Bearer {ACCESS_TOKEN}"}, 401) == "not recognised"


def test_the_newest_request_comes_first_and_old_ones_go():
    kept = log_of(*(f"/v1/products/{number}" for number in range(KEPT_MAX + 5)))

    assert len(kept) == KEPT_MAX
    assert kept[0].path == f"/v1/products/{KEPT_MAX + 4}"


def test_pages_are_no_requests_to_the_api():
    assert log_of("/mailbox", "/v10/orders", "/activity/requests.json") == []


def test_a_request_without_an_answer_is_kept():
    log = RequestLog()

    async def crash(_: Scope, __: Receive, ___: Send) -> None:
        raise ConnectionResetError

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None: ...

    scope = {"type": "http", "path": "/v1/orders", "method": "GET", "headers": []}
    with pytest.raises(ConnectionResetError):
        asyncio.run(log.watch(crash)(scope, receive, send))

    [request] = log.newest_first()
    assert (request.status, request.request_id) == (0, None)
