"""The sample events are what API Gateway and SQS could send."""

import hashlib
import json
import re

import pytest

from tests.template import stack

ROOT = stack.TEMPLATE.parent
EVENTS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")}
REQUESTS = sorted(
    name for name, event in EVENTS.items() if "body" in event or "isBase64Encoded" in event
)
QUEUED = sorted(
    name
    for name, event in EVENTS.items()
    if any(record.get("eventSource") == "aws:sqs" for record in event.get("Records", []))
)
DOCUMENT = json.loads((ROOT / "functions" / "reference" / "openapi.json").read_text())


def requires_token(route):
    """Whether the route has an authorizer in the template. `$default` has none."""
    api = stack.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]
    if route == "$default":
        return False
    method, path = route.split(" ")
    return api["paths"][path][method.lower()]["security"] != [{"NONE": []}]


def required_permission(route):
    """The permission that the OpenAPI document names for the route, or None."""
    method, _, path = route.partition(" ")
    return DOCUMENT["paths"].get(path, {}).get(method.lower(), {}).get("x-permission")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_consistent(name):
    event = EVENTS[name]
    context = event["requestContext"]

    assert context["routeKey"] == event["routeKey"]
    assert context["http"]["path"] == event["rawPath"]
    assert int(event["headers"]["content-length"]) == len(event.get("body", "").encode())
    assert ("content-type" in event["headers"]) == ("body" in event)


@pytest.mark.parametrize(
    "name", [name for name in REQUESTS if EVENTS[name]["routeKey"] != "$default"]
)
def test_a_request_matches_its_route(name):
    event = EVENTS[name]
    method, path = event["routeKey"].split(" ")
    matched = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), event["rawPath"])

    assert event["requestContext"]["http"]["method"] == method
    assert matched is not None
    assert event.get("pathParameters", {}) == matched.groupdict()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_protected_request_has_a_caller_with_the_permission(name):
    event = EVENTS[name]
    caller = event["requestContext"].get("authorizer", {}).get("lambda")
    permission = required_permission(event["routeKey"])

    assert (caller is not None) == requires_token(event["routeKey"])
    assert (caller is not None) == ("authorization" in event["headers"])
    assert permission is None or permission in caller["permissions"].split()


@pytest.mark.parametrize("name", QUEUED)
def test_a_message_has_the_digest_of_its_body(name):
    for record in EVENTS[name]["Records"]:
        digest = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert record["md5OfBody"] == digest
