"""Each route gets the arguments that Powertools' own middleware would give it."""

from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from shared.errors.base import AppError
from shared.http.arguments import Arguments, Event
from shared.http.request_checks import RequestChecks
from tests.support.http import sample
from tests.test_hostile_requests import ROUTES, handler_of, samples

TEXTS = [
    "",
    "1",
    "20",
    "a",
    "a,b",
    "1,2",
    ",",
    "a,b,",
    " 7 ",
    "true",
    "newest",
    "x" * 5_000,
    "é\x00",
]


def route_of(name: str) -> Any:
    """Powertools' route of the sample event."""
    method, path = name.split(" ")
    api: Any = handler_of(name).__self__  # type: ignore[attr-defined]
    api.load_all()
    for route in api._static_routes + api._dynamic_routes:  # noqa: SLF001 (as docs/contract/document.py)
        if (route.method, route.openapi_path) == (method, path):
            return route
    raise AssertionError(name)


def with_query(event: dict[str, Any], name: str, *values: str) -> dict[str, Any]:
    """The event with one more parameter, once for each value: API Gateway joins them."""
    changed = deepcopy(event)
    query = (changed.get("queryStringParameters") or {}) | {name: ",".join(values)}
    changed["queryStringParameters"] = query
    changed["rawQueryString"] = "&".join(f"{name}={value}" for value in values)
    return changed


def with_header(event: dict[str, Any], name: str, value: str | None) -> dict[str, Any]:
    changed = deepcopy(event)
    changed["headers"].pop(name.lower(), None)
    if value is not None:
        changed["headers"][name] = value
    return changed


def variants(event: dict[str, Any], route: Any) -> list[dict[str, Any]]:
    found = [event, with_query(event, "unknown", "1"), {**event, "headers": {}}]
    for field in route.dependant.query_params:
        found += [with_query(event, field.alias, text) for text in TEXTS]
        found += [
            with_query(event, field.alias, *two) for two in (("a", "b"), ("1", "2"), ("", ""))
        ]
    for field in route.dependant.header_params:
        found += [
            with_header(event, field.alias, text) for text in (*TEXTS, None, '"1"', '"1","2"')
        ]
        found.append(with_header(event, field.alias.upper(), "key-1"))
    if route.dependant.body_params:
        bodies = ["", "{}", "[]", "null", '{"lines": 1}', '{"a": 1, "a": 2}', '{"name": null}']
        found += [{**event, "body": body} for body in bodies]
    return found


LEFT_TO_POWERTOOLS = ("found", None)


def outcome(find: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    try:
        return "found", find(*arguments)
    except RequestValidationError as invalid:
        return "invalid", invalid.errors()
    except AppError as refusal:
        return refusal.code, refusal.details


def from_powertools(route: Any, event: Any, path: dict[str, str]) -> dict[str, Any]:
    """The arguments, as Powertools' middleware leaves them for the route."""
    app = SimpleNamespace(current_event=event, context={"_route": route, "_route_args": path})
    RequestChecks().handler(app, lambda _: None)
    arguments: dict[str, Any] = app.context["_route_args"]
    return arguments


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_gets_the_arguments_that_powertools_finds(name):
    event, route = sample(samples()[name]), route_of(name)
    path = route.rule.match(event["rawPath"]).groupdict()
    mine = Arguments(route)

    for variant in variants(event, route):
        found = outcome(mine.find, Event(variant), path)
        expected = outcome(from_powertools, route, Event(variant), path)

        is_success = expected[0] == "found"
        assert found == expected or (found == LEFT_TO_POWERTOOLS and not is_success), variant
