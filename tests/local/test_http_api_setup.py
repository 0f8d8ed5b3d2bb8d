from typing import Any

import pytest

from local import http_api_setup
from local.emulator import StackError
from local.http_api_setup import Authorizer, Route

INVOKE = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"


def operation(function: str, **more: Any) -> dict[str, Any]:
    uri = {"Fn::Sub": f"{INVOKE}/${{{function}FunctionAliaslive}}/invocations"}
    return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": uri}, **more}


def template(paths: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A processed template, as SAM's transform writes it."""
    body = {"paths": paths or {}, **more}
    return {
        "Resources": {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}},
            "OrdersTable": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
            "OutboxTable": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True}
                },
            },
        }
    }


def test_each_path_and_method_becomes_a_route_to_an_alias() -> None:
    paths = {"/v1/me": {"get": operation("Auth")}, "/v1/orders": {"post": operation("Orders")}}

    plan = http_api_setup.plan_setup(template(paths), {})

    assert plan.routes == {
        Route("GET /v1/me", "AuthFunctionAliaslive"),
        Route("POST /v1/orders", "OrdersFunctionAliaslive"),
    }


@pytest.mark.parametrize("spelled", ["$default", "/$default"])
def test_the_default_route_gets_all_other_requests(spelled: str) -> None:
    paths = {spelled: {"x-amazon-apigateway-any-method": operation("Reference")}}

    plan = http_api_setup.plan_setup(template(paths), {})

    assert plan.routes == {Route("$default", "ReferenceFunctionAliaslive")}


def test_a_path_for_any_method_becomes_one_route() -> None:
    paths = {"/v1/x": {"x-amazon-apigateway-any-method": operation("Reference")}}

    plan = http_api_setup.plan_setup(template(paths), {})

    assert plan.routes == {Route("ANY /v1/x", "ReferenceFunctionAliaslive")}


def test_a_route_needs_an_authorizer_only_if_it_names_one() -> None:
    guarded = operation("Auth", security=[{"Tokens": []}])
    paths = {
        "/guarded": {"get": guarded},
        "/open": {"get": operation("Auth", security=[{"NONE": []}])},
        "/open/too": {"get": operation("Auth", security=[])},
    }

    plan = http_api_setup.plan_setup(template(paths), {})

    assert {route.key: route.authorizer for route in plan.routes} == {
        "GET /guarded": "Tokens",
        "GET /open": None,
        "GET /open/too": None,
    }


def test_the_authorizer_has_the_template_s_settings() -> None:
    uri = {
        "Fn::Sub": [
            INVOKE + "/${__FunctionArn__}/invocations",
            {"__FunctionArn__": {"Ref": "AuthorizerFunctionAliaslive"}},
        ]
    }
    settings = {
        "type": "request",
        "authorizerUri": uri,
        "authorizerResultTtlInSeconds": 60,
        "identitySource": ["$request.header.Authorization"],
        "authorizerPayloadFormatVersion": "2.0",
        "enableSimpleResponses": True,
    }
    components = {"securitySchemes": {"Tokens": {"x-amazon-apigateway-authorizer": settings}}}

    plan = http_api_setup.plan_setup(template(components=components), {})

    assert plan.authorizers == {
        Authorizer(
            name="Tokens",
            alias="AuthorizerFunctionAliaslive",
            identity_sources=("$request.header.Authorization",),
            result_ttl_seconds=60,
            payload_version="2.0",
            is_simple=True,
        )
    }


@pytest.mark.parametrize(
    "origins", [["http://a", "http://b"], "http://a, http://b", {"Ref": "AllowedOrigins"}]
)
def test_cors_lists_can_be_lists_parameters_or_texts(origins: Any) -> None:
    cors = {"allowOrigins": origins, "allowMethods": ["GET"], "maxAge": 600}

    plan = http_api_setup.plan_setup(
        template(**{"x-amazon-apigateway-cors": cors}), {"AllowedOrigins": "http://a,http://b"}
    )

    assert plan.cors == {
        "AllowOrigins": ["http://a", "http://b"],
        "AllowMethods": ["GET"],
        "MaxAge": 600,
    }


def test_only_tables_with_a_ttl_expire() -> None:
    plan = http_api_setup.plan_setup(template(), {})

    assert plan.expiring == {"OutboxTable": "expires_at"}


@pytest.mark.parametrize(
    "uri", ["https://example.com", {"Fn::Sub": f"{INVOKE}/${{AuthFunction.Arn}}/invocations"}]
)
def test_an_integration_without_an_alias_is_refused(uri: Any) -> None:
    lost = operation("Auth")
    lost["x-amazon-apigateway-integration"]["uri"] = uri

    with pytest.raises(StackError, match="must name exactly one alias"):
        http_api_setup.plan_setup(template({"/v1/me": {"get": lost}}), {})


def test_a_template_without_an_http_api_is_refused() -> None:
    with pytest.raises(StackError, match="0 HTTP APIs"):
        http_api_setup.plan_setup({"Resources": {}}, {})
