"""Who may call what, how often, and how long it may take."""

import json

import pytest

from shared import aws
from tests.template import stack

PUBLIC = {
    "POST /v1/auth/register",
    "POST /v1/auth/login",
    "POST /v1/auth/refresh",
    "POST /v1/auth/verify-email",
    "POST /v1/auth/verify-email/resend",
    "POST /v1/auth/password/forgot",
    "POST /v1/auth/password/reset",
    "GET /v1/products",
    "GET /v1/products/search",
    "GET /v1/products/{product_id}",
    "POST /v1/guest/orders/quote",
    "POST /v1/guest/orders",
    "GET /v1/guest/orders/{order_id}",
    "POST /v1/guest/orders/{order_id}/cancel",
    "POST /v1/guest/orders/{order_id}/payment",
    "POST /v1/payments/webhook",
    "GET /v1/health",
    "GET /v1/docs",
    "GET /v1/openapi.json",
    "$default",
}
AUTHORIZED = {
    "POST /v1/auth/logout",
    "GET /v1/me",
    "PATCH /v1/me",
    "DELETE /v1/me",
    "GET /v1/me/export",
    "POST /v1/me/email",
    "PUT /v1/me/password",
    "GET /v1/me/sessions",
    "DELETE /v1/me/sessions",
    "DELETE /v1/me/sessions/{session_id}",
    "POST /v1/me/second-factor",
    "POST /v1/me/second-factor/confirm",
    "POST /v1/me/second-factor/recovery-codes",
    "DELETE /v1/me/second-factor",
    "POST /v1/me/api-keys",
    "GET /v1/me/api-keys",
    "DELETE /v1/me/api-keys/{key_id}",
    "GET /v1/users",
    "GET /v1/users/{user_id}",
    "PATCH /v1/users/{user_id}",
    "DELETE /v1/users/{user_id}/sessions",
    "DELETE /v1/users/{user_id}/second-factor",
    "POST /v1/products",
    "PUT /v1/products/{product_id}",
    "PATCH /v1/products/{product_id}",
    "DELETE /v1/products/{product_id}",
    "GET /v1/products/{product_id}/stock",
    "PUT /v1/products/{product_id}/stock",
    "PATCH /v1/products/{product_id}/stock",
    "GET /v1/products/{product_id}/stock/movements",
    "GET /v1/staff/products",
    "GET /v1/staff/products/{product_id}",
    "POST /v1/orders",
    "GET /v1/orders",
    "GET /v1/orders/{order_id}",
    "POST /v1/orders/quote",
    "POST /v1/orders/{order_id}/cancel",
    "POST /v1/orders/{order_id}/payment",
    "POST /v1/orders/{order_id}/ship",
    "POST /v1/orders/{order_id}/deliver",
    "POST /v1/orders/{order_id}/mark-paid",
    "POST /v1/orders/{order_id}/refund",
    "POST /v1/orders/{order_id}/return",
    "POST /v1/orders/{order_id}/notes",
    "POST /v1/orders/{order_id}/resend-confirmation",
    "GET /v1/staff/orders",
    "GET /v1/staff/orders/{order_id}",
    "GET /v1/tax-rates",
    "PUT /v1/tax-rates",
    "GET /v1/shipping-rates",
    "PUT /v1/shipping-rates",
    "GET /v1/promotions",
    "POST /v1/promotions",
    "GET /v1/promotions/{code}",
    "PATCH /v1/promotions/{code}",
    "POST /v1/exports",
    "GET /v1/exports",
    "GET /v1/exports/{export_id}",
    "POST /v1/uploads",
    "GET /v1/uploads/{upload_id}",
}
HTTP_API_GIVES_UP = 30  # seconds


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


def function_of(operation):
    address = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    return address.split("${")[-1].split(".Arn}")[0]


def test_a_route_takes_a_token_unless_it_is_listed_as_public(api):
    by_security = {}
    for route, operation in routes(api):
        (scheme,) = (name for requirement in operation["security"] for name in requirement)
        by_security.setdefault(scheme, set()).add(route)

    assert by_security == {"NONE": PUBLIC, "TokenAuthorizer": AUTHORIZED}


def test_a_route_that_says_nothing_would_take_a_token():
    auth = stack.source()["Resources"]["Api"]["Properties"]["Auth"]

    assert auth["DefaultAuthorizer"] == "TokenAuthorizer"


def test_whatever_has_no_route_is_answered_by_the_reference(api):
    by_route = {route: function_of(operation) for route, operation in routes(api)}

    assert by_route["$default"] == "ReferenceFunction"


def test_the_authorizers_answer_lives_for_a_minute_and_hangs_on_the_token_alone(api):
    scheme = api["components"]["securitySchemes"]["TokenAuthorizer"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]

    assert authorizer["authorizerResultTtlInSeconds"] == 60
    assert authorizer["identitySource"] == ["$request.header.Authorization"]
    assert authorizer["enableSimpleResponses"] is True
    assert authorizer["authorizerPayloadFormatVersion"] == "2.0"


def test_the_stage_has_a_rate_and_a_burst(stage):
    assert stage["DefaultRouteSettings"].keys() >= {"ThrottlingRateLimit", "ThrottlingBurstLimit"}


def test_the_access_log_is_json_and_knows_no_addresses_or_headers(stage):
    fields = json.loads(stage["AccessLogSettings"]["Format"])

    assert stack.target(stage["AccessLogSettings"]["DestinationArn"]) == "ApiAccessLogs"
    assert fields["request_id"] == "$context.requestId"
    assert not [it for it in fields.values() if "identity" in it or "header" in it.lower()]


def test_scripts_of_listed_origins_may_send_and_read_the_headers_of_the_contract(api):
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
    }
    assert set(cors["ExposeHeaders"]) == {
        "etag",
        "idempotency-replayed",
        "retry-after",
        "x-request-id",
        "location",
    }
    assert "AllowCredentials" not in cors


def test_a_function_behind_the_api_ends_before_the_api_gives_up(api):
    functions = stack.of_type("AWS::Lambda::Function")
    behind_the_api = {function_of(operation) for _, operation in routes(api)}

    for name in behind_the_api | {"AuthorizerFunction"}:
        assert functions[name]["Timeout"] < HTTP_API_GIVES_UP, name


def test_two_calls_at_their_longest_wait_for_aws_end_before_any_function_does():
    call = aws.ATTEMPTS * (aws.CONNECT_SECONDS + aws.READ_SECONDS) + aws.BACKOFF_SECONDS

    for name, function in stack.of_type("AWS::Lambda::Function").items():
        assert 2 * call < function["Timeout"], name
