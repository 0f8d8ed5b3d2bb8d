"""Every route against hostile bodies, queries, paths and headers, as the function receives them.

Whatever a request contains, its answer is no crash and is short, and the work for it is bounded:
tests count calls of functions, because times depend on the machine.
"""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.attacks.attack import nested
from tests.attacks.json_bodies import AMBIGUOUS, DEEP, LONG, WIDE, members
from tests.attacks.text_values import HIDDEN
from tests.support.http import CONTEXT, Answer, Caller, sample, send
from tests.test_route_matrix import DOCUMENT, handlers, routes, samples

pytestmark = pytest.mark.usefixtures("aws")

EVERYBODY = Caller("usr_hostile", "customer staff admin")
REFUSAL_BYTES_MAX = 64_000
CALLS_MAX = 20_000  # of functions. A legal order of 50 lines takes as many
# A catalog edit may have 10,000 values, a rate table 60,000: only staff send them.
CALLS_PER_VALUE = 6
WEBHOOK = "POST /v1/payments/webhook"
ROUTES = [route for route in routes() if route in samples()]  # without two constant pages
BODIES = {
    attack.name: attack.body
    for attack in (*WIDE, *LONG, *DEEP[:5], *AMBIGUOUS)
    if attack.body is not None
}
VALUES = {
    "a huge integer": b"1" + b"0" * 4_000,
    "a negative huge integer": b"-1" + b"0" * 4_000,
    "half a character": b'"\\ud800"',
    "a NUL": b'"a\\u0000b"',
    "an override": '"a\u202eb"'.encode(),
    "a long text": b'"%s"' % (b"x" * 100_000),
    "emoji": b'"%s"' % ("🛒".encode() * 20_000),
    "objects, 20 deep": nested(20),
    "lists, 20 deep": b"[" * 20 + b"]" * 20,
    "many members": members(400),
    "a tiny double": b"1e-400",
    "a large double": b"1.7e308",
    "null": b"null",
    "true": b"true",
}
TEXTS = {
    "NUL": "\x00",
    "override": "\u202e" * 50,
    "digits": "9" * 5_000,
    "long": "x" * 8_000,
    "emoji": "🛒" * 1_000,
    "quotes": '"' * 499,
    "commas": ",".join(['"a"'] * 120),
    "dots": "..",
    "cursor": "k1.e30.AAAA",
    "percent": "%00%ff",
    "blank": " ",
}


def operation_of(route: str) -> dict[str, Any]:
    method, path = route.split(" ")
    operation: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]
    return operation


def handler_of(route: str) -> Callable[..., dict[str, Any]]:
    module, _, name = handlers()[route].rpartition(".")
    handler: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    return handler


def parameters(route: str, place: str) -> list[str]:
    return [
        each["name"] for each in operation_of(route).get("parameters", []) if each["in"] == place
    ]


def call(route: str, **request: Any) -> Answer:
    answers: list[int] = []

    def measured(event: dict[str, Any], context: Any) -> dict[str, Any]:
        response = handler_of(route)(event, context)
        answers.append(len(json.dumps(response)))
        return response

    answer = send(measured, samples()[route], caller=EVERYBODY, **request)
    assert answer.status < 500, answer
    assert answers[0] < (1_000_000 if answer.status < 400 else REFUSAL_BYTES_MAX)
    return answer


def count_calls(function: Callable[[], Any]) -> int:
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


def values_max(route: str) -> int:
    """The values that a body of this route may have, from the code: 0 if it validates none."""
    api = handler_of(route).__self__  # type: ignore[attr-defined]
    method, path = route.split(" ")
    api.load_all()
    for each in api._static_routes + api._dynamic_routes:  # noqa: SLF001 (as docs/contract/document.py)
        if (each.method, each.openapi_path) == (method, path):
            return sum(body.type_.values_max for body in each.dependant.body_params)
    raise LookupError(route)


WITH_BODY = [route for route in ROUTES if "requestBody" in operation_of(route) and route != WEBHOOK]
TAKES_BODY = [*WITH_BODY, WEBHOOK]


def test_the_routes_with_a_body_are_known():
    assert len(WITH_BODY) > 30
    assert {route for route in ROUTES if "body" in sample(samples()[route])} == set(TAKES_BODY)


@pytest.mark.parametrize("route", TAKES_BODY)
def test_a_hostile_body_gets_a_short_refusal(route):
    for name, body in BODIES.items():
        answer = call(route, raw_body=body.decode())

        assert answer.status >= 400, name
        assert "fields" not in answer.error["details"] or len(answer.paths) <= 20


@pytest.mark.parametrize("route", WITH_BODY)
def test_the_work_for_a_hostile_body_is_bounded(route):
    bound = CALLS_MAX + CALLS_PER_VALUE * values_max(route)

    for body in (members(80_000), members(values_max(route) - 1), nested(20_000), nested(33)):
        assert count_calls(lambda body=body: call(route, raw_body=body.decode())) < bound


@pytest.mark.parametrize("route", TAKES_BODY)
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_type_is_refused(route, content_type):
    answer = call(route, headers={"content-type": content_type})

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all members and elements."""
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


def replaced(body: Any, path: tuple[Any, ...], value: bytes) -> str:
    """The body as JSON with this JSON at the path."""
    copy = json.loads(json.dumps(body))
    target = copy
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = "REPLACED"
    return json.dumps(copy).replace('"REPLACED"', value.decode())


@pytest.mark.parametrize("route", WITH_BODY)
def test_a_hostile_value_of_any_field_is_no_crash(route):
    body = json.loads(sample(samples()[route])["body"])

    for path in places(body):
        for name, value in VALUES.items():
            answer = call(route, raw_body=replaced(body, path, value))
            assert json.dumps(answer.body, ensure_ascii=False).encode(), (path, name)


@pytest.mark.parametrize("route", WITH_BODY)
def test_a_field_that_people_read_has_no_override(route):
    body = json.loads(sample(samples()[route])["body"])
    secrets = {"password", "current_password", "new_password", "code", "token", "refresh_token"}

    for path in places(body):
        target = body
        for key in path:
            target = target[key]
        # The code of a promotion is no secret, but it never has other characters than letters.
        if isinstance(target, str) and (path[-1] not in secrets or "promotions" in route):
            for text in (HIDDEN["only an override"], HIDDEN["an escape sequence"]):
                answer = call(route, raw_body=replaced(body, path, json.dumps(text).encode()))
                assert (answer.status, answer.code) in (
                    (422, "invalid_fields"),
                    (404, answer.code),  # a patch is validated after its item is read
                ), path


@pytest.mark.parametrize("route", ROUTES)
def test_a_hostile_query_is_no_crash(route):
    known = parameters(route, "query")
    call(route, query={f"{number}x": "1" for number in range(4_000)})
    call(route, query={"🛒" * 2_000: "1", "\u202e\x00": "1"})

    for name in known:
        for text in TEXTS.values():
            call(route, query={name: text})
        call(route, query={name: ["x" * 40] * 500})


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route])
def test_a_hostile_path_is_not_found(route):
    for name in parameters(route, "path"):
        for text in (*TEXTS.values(), "\ud800", "é", "a\u202eb"):
            answer = call(route, path={name: text})
            assert answer.status in (404, 415, 422), text


WITH_HEADER = [route for route in ROUTES if parameters(route, "header")]


@pytest.mark.parametrize("route", WITH_HEADER)
def test_a_hostile_header_is_no_crash(route):
    for name in parameters(route, "header"):
        for text in (*TEXTS.values(), "", "a.b.c", "k1.99999999999.x", 'W/"1"', "é"):
            call(route, headers={name: text})


@pytest.mark.parametrize("name", ["Accept-Encoding", "Content-Type", "User-Agent", "X-Unknown"])
def test_a_hostile_header_that_no_route_names_is_no_crash(name):
    for text in (*TEXTS.values(), ""):
        call("POST /v1/auth/login", headers={name: text})


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
@pytest.mark.parametrize("text", TEXTS.values())
def test_an_unknown_address_is_not_repeated(method, text):
    event = sample("reference.unknown")
    path = f"/v1/orders/{text}/ship"
    event["rawPath"] = path
    event["requestContext"]["http"] |= {"method": method, "path": path}

    response = handler_of("GET /v1/health")(event, CONTEXT)

    assert response["statusCode"] in (404, 405)
    assert len(response["body"]) < 500
