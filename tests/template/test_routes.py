"""The API's authorizer, limits, access log and CORS.

tests/test_route_matrix.py has who may call each route.
"""

import json

import pytest

from docs.contract.document import DOCUMENT
from shared import aws
from shared.request_budget import ATTEMPT_SECONDS_MAX, SECONDS_MAX
from tests.template import stack

HTTP_API_TIMEOUT_SECONDS = 30
HTTP_API_AUTHORIZER_SECONDS = 10  # an HTTP API waits no longer for an authorizer
AUTHORIZER_CALLS_MAX = 2  # tests/authorizer counts them
COLD_START_SECONDS_MAX = 2  # of the authorizer, with 512 MB


@pytest.fixture(scope="module")
def api():
    return stack.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]


@pytest.fixture(scope="module")
def stage():
    (stage,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    return stage


def routes(api):
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield "$default" if path == "$default" else f"{method.upper()} {path}", operation


def without_name(operation):
    """The two kinds of routes write the address of the same function differently, too."""
    integration = operation["x-amazon-apigateway-integration"]
    others = {name: value for name, value in integration.items() if name != "uri"}
    rest = {name: value for name, value in operation.items() if name != "operationId"}
    return rest | {"x-amazon-apigateway-integration": others}


def test_a_route_is_public_or_requires_the_token_authorizer(api):
    routes_by_scheme = {}
    for route, operation in routes(api):
        (scheme,) = (name for requirement in operation["security"] for name in requirement)
        routes_by_scheme.setdefault(scheme, set()).add(route)

    assert routes_by_scheme.keys() == {"NONE", "TokenAuthorizer"}
    assert "$default" in routes_by_scheme["NONE"]


def test_a_route_is_named_as_its_operation(api):
    named = {
        operation["operationId"]: path
        for path, methods in api["paths"].items()
        for operation in methods.values()
        if "operationId" in operation
    }
    events = {
        name: event["Properties"]
        for resource in stack.source()["Resources"].values()
        if isinstance(resource, dict) and resource["Type"] == "AWS::Serverless::Function"
        for name, event in resource["Properties"].get("Events", {}).items()
        if event["Type"] == "HttpApi" and "Path" in event["Properties"]
    }
    operations = {
        "".join(word.capitalize() for word in operation["operationId"].split("_")): path
        for path, methods in json.loads(DOCUMENT.read_text())["paths"].items()
        for operation in methods.values()
    }

    assert {name: route["Path"] for name, route in events.items()} | named == operations
    assert not events.keys() & named.keys()


def test_each_get_route_is_a_head_route_too(api):
    for path, methods in api["paths"].items():
        head, get = methods.get("head"), methods.get("get")
        assert (head is None) is (get is None), path
        if head:
            assert stack.function_id(head) == stack.function_id(get), path
            assert without_name(head) == without_name(get), path


def test_the_api_may_invoke_functions_for_routes_without_events(api):
    """SAM permits what is an event, and no HEAD route is one."""
    permitted = {
        stack.referenced_id(permission["FunctionName"])
        for permission in stack.of_type("AWS::Lambda::Permission").values()
        if str(permission["SourceArn"]).count(":${Api}/*/*/*")
    }
    without_event = {
        stack.function_id(operation)
        for route, operation in routes(api)
        if route.startswith("HEAD ") or "operationId" in operation
    }

    assert permitted == without_event


def test_a_route_requires_a_token_by_default():
    auth = stack.source()["Resources"]["Api"]["Properties"]["Auth"]

    assert auth["DefaultAuthorizer"] == "TokenAuthorizer"


def test_the_reference_answers_requests_without_a_route(api):
    function_by_route = {route: stack.function_id(operation) for route, operation in routes(api)}

    assert function_by_route["$default"] == "ReferenceFunction"


def test_the_authorizer_s_answer_is_cached_a_minute_per_token(api):
    scheme = api["components"]["securitySchemes"]["TokenAuthorizer"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]

    assert authorizer["authorizerResultTtlInSeconds"] == 60
    assert authorizer["identitySource"] == ["$request.header.Authorization"]
    assert authorizer["enableSimpleResponses"] is True
    assert authorizer["authorizerPayloadFormatVersion"] == "2.0"


def test_the_stage_has_a_rate_and_a_burst(stage):
    assert stage["DefaultRouteSettings"].keys() >= {"ThrottlingRateLimit", "ThrottlingBurstLimit"}


def test_the_access_log_is_json_without_addresses_and_headers(stage):
    fields = json.loads(stage["AccessLogSettings"]["Format"])

    assert stack.referenced_id(stage["AccessLogSettings"]["DestinationArn"]) == "ApiAccessLogs"
    assert fields["request_id"] == "$context.requestId"
    assert not [
        value for value in fields.values() if "identity" in value or "header" in value.lower()
    ]


def test_cors_allows_the_methods_and_headers_of_the_contract(api):
    cors = stack.source()["Resources"]["Api"]["Properties"]["CorsConfiguration"]
    methods = {route.split(" ")[0] for route, _ in routes(api)} - {"$default"}

    assert set(cors["AllowMethods"]) == methods
    assert cors["AllowOrigins"] == {"Ref": "AllowedOrigins"}
    assert set(cors["AllowHeaders"]) == {
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "order-token",
        "cart-token",
    }
    assert set(cors["ExposeHeaders"]) == {
        "etag",
        "idempotency-replayed",
        "retry-after",
        "x-request-id",
        "location",
    }
    assert "AllowCredentials" not in cors


def test_a_function_times_out_before_the_api(api):
    functions = stack.of_type("AWS::Lambda::Function")
    behind_the_api = {stack.function_id(operation) for _, operation in routes(api)}

    for name in behind_the_api:
        assert functions[name]["Timeout"] < HTTP_API_TIMEOUT_SECONDS, name


def test_the_authorizer_ends_before_the_api_stops_waiting():
    """A call may be slow and succeed; the first one after a failure is the last one."""
    aws_seconds = SECONDS_MAX + (AUTHORIZER_CALLS_MAX - 1) * ATTEMPT_SECONDS_MAX
    seconds = stack.of_type("AWS::Lambda::Function")["AuthorizerFunction"]["Timeout"]

    assert aws.CONNECT_SECONDS + aws.READ_SECONDS <= ATTEMPT_SECONDS_MAX
    assert aws_seconds < seconds - 1  # a second for its own work, at half a vCPU
    assert seconds + COLD_START_SECONDS_MAX <= HTTP_API_AUTHORIZER_SECONDS


def test_two_slow_aws_calls_end_before_the_function_does():
    attempt_seconds = max(
        aws.CONNECT_SECONDS + aws.READ_SECONDS,
        aws.WORKER_CONNECT_SECONDS + aws.WORKER_READ_SECONDS,
    )
    call_seconds = aws.ATTEMPTS * attempt_seconds + aws.BACKOFF_SECONDS

    for name, function in stack.of_type("AWS::Lambda::Function").items():
        if name != "AuthorizerFunction":  # its calls have a request's budget
            assert 2 * call_seconds < function["Timeout"], name
