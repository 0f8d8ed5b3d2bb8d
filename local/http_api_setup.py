"""Gives the deployed stack what MiniStack's CloudFormation leaves out of the template.

It ignores the OpenAPI body that SAM writes for an HTTP API (routes, integrations, authorizers,
CORS) and the TTL of tables. `plan` reads both from the processed template, so that nothing is said
twice; `wire` brings the stack in line with the plan, whatever an earlier run left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.emulator import ACCOUNT, REGION
from local.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_dynamodb import DynamoDBClient

ANY_METHOD = "x-amazon-apigateway-any-method"
DEFAULT_PATHS = {"$default", "/$default"}  # SAM writes the second when the route has an authorizer
CORS_LISTS = {"allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders"}
FUNCTION_NAMED = re.compile(r'\$\{(\w+)\.Arn\}|"Fn::GetAtt": \["(\w+)", "Arn"\]')


@dataclass(frozen=True, order=True)
class Route:
    """`key` is API Gateway's: `GET /v1/me`, or `$default`. `function` is a logical id."""

    key: str
    function: str
    authorizer: str | None = None


@dataclass(frozen=True, order=True)
class Authorizer:
    name: str
    function: str
    identity_sources: tuple[str, ...]
    result_ttl_seconds: int
    payload_version: str
    is_simple: bool


@dataclass(frozen=True)
class Plan:
    """What a stack must have beyond what CloudFormation made of it.

    Functions, tables and the API go by logical ids; `expiring` maps a table to its TTL attribute.
    """

    api: str
    routes: frozenset[Route]
    authorizers: frozenset[Authorizer]
    cors: Mapping[str, Any]
    expiring: Mapping[str, str]


def plan(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Plan:
    """Raises StackError when the template has not exactly one HTTP API."""
    resources = template["Resources"]
    apis = [name for name, one in resources.items() if one["Type"] == "AWS::ApiGatewayV2::Api"]
    if len(apis) != 1:
        raise StackError(f"the template has {len(apis)} HTTP APIs; the local stack serves one")
    body = resources[apis[0]]["Properties"]["Body"]
    schemes = body.get("components", {}).get("securitySchemes", {})
    return Plan(
        api=apis[0],
        routes=frozenset(_routes(body)),
        authorizers=frozenset(_authorizer(name, scheme) for name, scheme in schemes.items()),
        cors=_cors(body.get("x-amazon-apigateway-cors", {}), parameters),
        expiring=_expiring(resources),
    )


def wire(
    aim: Plan, physical: Mapping[str, str], gateway: ApiGatewayV2Client, dynamodb: DynamoDBClient
) -> None:
    """Idempotent. `physical` maps logical ids to physical ones."""
    api_id = physical[aim.api]
    if _standing(api_id, physical, gateway) != (aim.routes, aim.authorizers):
        _clear(api_id, gateway)
        _create(aim, api_id, physical, gateway)
    if aim.cors:
        gateway.update_api(ApiId=api_id, CorsConfiguration=aim.cors)  # type: ignore[arg-type]
    for table, attribute in aim.expiring.items():
        _expire(physical[table], attribute, dynamodb)


def _routes(body: Mapping[str, Any]) -> list[Route]:
    return [
        Route(
            key="$default" if path in DEFAULT_PATHS else f"{_method(method)} {path}",
            function=_function(operation["x-amazon-apigateway-integration"]["uri"]),
            authorizer=_guard(operation.get("security", [])),
        )
        for path, methods in body["paths"].items()
        for method, operation in methods.items()
    ]


def _guard(security: list[dict[str, Any]]) -> str | None:
    """SAM writes `Authorizer: NONE` either as an empty list or as a scheme of that name."""
    names = [name for one in security for name in one if name != "NONE"]
    return names[0] if names else None


def _method(name: str) -> str:
    return "ANY" if name == ANY_METHOD else name.upper()


def _authorizer(name: str, scheme: Mapping[str, Any]) -> Authorizer:
    settings = scheme["x-amazon-apigateway-authorizer"]
    return Authorizer(
        name=name,
        function=_function(settings["authorizerUri"]),
        identity_sources=tuple(settings.get("identitySource", ())),
        result_ttl_seconds=int(settings.get("authorizerResultTtlInSeconds", 0)),
        payload_version=str(settings["authorizerPayloadFormatVersion"]),
        is_simple=bool(settings.get("enableSimpleResponses", False)),
    )


def _function(uri: Any) -> str:
    """The one function that an address names, be it in an `Fn::Sub` or in an `Fn::GetAtt`."""
    named = FUNCTION_NAMED.findall(json.dumps(uri))
    if len(named) != 1:
        raise StackError(f"cannot tell which function this address means: {uri}")
    return "".join(named[0])


def _cors(settings: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    return {
        name[0].upper() + name[1:]: _list(value, parameters) if name in CORS_LISTS else value
        for name, value in settings.items()
    }


def _list(value: Any, parameters: Mapping[str, str]) -> list[str]:
    """A list as it is; a CommaDelimitedList, by reference or filled in already, taken apart."""
    if isinstance(value, list):
        return value
    text = parameters[value["Ref"]] if isinstance(value, dict) else value
    return [item.strip() for item in text.split(",")]


def _expiring(resources: Mapping[str, Any]) -> dict[str, str]:
    settings = {
        name: one["Properties"].get("TimeToLiveSpecification", {})
        for name, one in resources.items()
        if one["Type"] == "AWS::DynamoDB::Table"
    }
    return {name: ttl["AttributeName"] for name, ttl in settings.items() if ttl.get("Enabled")}


def _standing(
    api_id: str, physical: Mapping[str, str], gateway: ApiGatewayV2Client
) -> tuple[frozenset[Route], frozenset[Authorizer]]:
    """What an earlier run gave the API, in the plan's own terms."""
    logical = {_function_uri(name): key for key, name in physical.items()}
    integrations = {
        one["IntegrationId"]: logical.get(one["IntegrationUri"], "")
        for one in gateway.get_integrations(ApiId=api_id)["Items"]
    }
    authorizers = gateway.get_authorizers(ApiId=api_id)["Items"]
    names = {one["AuthorizerId"]: one["Name"] for one in authorizers}
    routes = frozenset(
        Route(
            key=one["RouteKey"],
            function=integrations.get(one["Target"].removeprefix("integrations/"), ""),
            authorizer=names.get(one.get("AuthorizerId", "")),
        )
        for one in gateway.get_routes(ApiId=api_id)["Items"]
    )
    return routes, frozenset(
        Authorizer(
            name=one["Name"],
            function=logical.get(one["AuthorizerUri"], ""),
            identity_sources=tuple(one["IdentitySource"]),
            result_ttl_seconds=one["AuthorizerResultTtlInSeconds"],
            payload_version=one["AuthorizerPayloadFormatVersion"],
            is_simple=one["EnableSimpleResponses"],
        )
        for one in authorizers
    )


def _clear(api_id: str, gateway: ApiGatewayV2Client) -> None:
    for route in gateway.get_routes(ApiId=api_id)["Items"]:
        gateway.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    for integration in gateway.get_integrations(ApiId=api_id)["Items"]:
        gateway.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
    for authorizer in gateway.get_authorizers(ApiId=api_id)["Items"]:
        gateway.delete_authorizer(ApiId=api_id, AuthorizerId=authorizer["AuthorizerId"])


def _create(
    aim: Plan, api_id: str, physical: Mapping[str, str], gateway: ApiGatewayV2Client
) -> None:
    authorizers = {
        one.name: gateway.create_authorizer(
            ApiId=api_id,
            Name=one.name,
            AuthorizerType="REQUEST",
            AuthorizerUri=_function_uri(physical[one.function]),
            IdentitySource=list(one.identity_sources),
            AuthorizerResultTtlInSeconds=one.result_ttl_seconds,
            AuthorizerPayloadFormatVersion=one.payload_version,
            EnableSimpleResponses=one.is_simple,
        )["AuthorizerId"]
        for one in sorted(aim.authorizers)
    }
    integrations = {
        function: gateway.create_integration(
            ApiId=api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=_function_uri(physical[function]),
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for function in sorted({route.function for route in aim.routes})
    }
    for route in aim.routes:
        guard: Any = (
            {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizers[route.authorizer]}
            if route.authorizer
            else {}
        )
        target = f"integrations/{integrations[route.function]}"
        gateway.create_route(ApiId=api_id, RouteKey=route.key, Target=target, **guard)


def _function_uri(name: str) -> str:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _expire(table: str, attribute: str, dynamodb: DynamoDBClient) -> None:
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if ttl["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
        dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True},
        )
