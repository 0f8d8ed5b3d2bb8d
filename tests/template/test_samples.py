"""The sample events are requests that API Gateway could send, by callers who may make them."""

import hashlib
import json
import re

import pytest

from tests.template import stack

ROOT = stack.TEMPLATE.parent
EVENTS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")}
REQUESTS = sorted(name for name, it in EVENTS.items() if "body" in it or "isBase64Encoded" in it)
QUEUED = sorted(
    name
    for name, it in EVENTS.items()
    if any(record.get("eventSource") == "aws:sqs" for record in it.get("Records", []))
)
DOCUMENT = json.loads((ROOT / "functions" / "reference" / "openapi.json").read_text())


def takes_a_token(route):
    """Whether the template asks one of the route's callers. `$default` is open."""
    api = stack.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]
    if route == "$default":
        return False
    method, path = route.split(" ")
    return api["paths"][path][method.lower()]["security"] != [{"NONE": []}]


def needed_for(route):
    """The permission that the document names for the route, if any."""
    method, _, path = route.partition(" ")
    return DOCUMENT["paths"].get(path, {}).get(method.lower(), {}).get("x-permission")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_says_the_same_in_all_its_places(name):
    event = EVENTS[name]
    context = event["requestContext"]

    assert context["routeKey"] == event["routeKey"]
    assert context["http"]["path"] == event["rawPath"]
    assert int(event["headers"]["content-length"]) == len(event.get("body", "").encode())
    assert ("content-type" in event["headers"]) == ("body" in event)


@pytest.mark.parametrize("name", [it for it in REQUESTS if EVENTS[it]["routeKey"] != "$default"])
def test_a_request_is_one_of_its_route(name):
    event = EVENTS[name]
    method, path = event["routeKey"].split(" ")
    matched = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), event["rawPath"])

    assert event["requestContext"]["http"]["method"] == method
    assert matched is not None
    assert event.get("pathParameters", {}) == matched.groupdict()


@pytest.mark.parametrize("name", REQUESTS)
def test_whoever_calls_is_known_where_a_token_is_taken_and_may_do_it(name):
    event = EVENTS[name]
    caller = event["requestContext"].get("authorizer", {}).get("lambda")
    needed = needed_for(event["routeKey"])

    assert (caller is not None) == takes_a_token(event["routeKey"])
    assert (caller is not None) == ("authorization" in event["headers"])
    assert needed is None or needed in caller["permissions"].split()


@pytest.mark.parametrize("name", QUEUED)
def test_a_message_is_as_sqs_would_sign_it(name):
    for record in EVENTS[name]["Records"]:
        digest = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert record["md5OfBody"] == digest
