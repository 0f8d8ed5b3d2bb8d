"""Sets up the parts of a stack that MiniStack's CloudFormation ignores.

It ignores the OpenAPI body that SAM writes for an HTTP API (routes, integrations, authorizers,
CORS) and the TTL of tables. `plan_setup` reads both from the processed template, so that nothing is
declared twice. `apply_setup` gives the stack this setup, whatever an earlier run left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.emulator import REGION, StackError

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_dynamodb import DynamoDBClient

ANY_METHOD = "x-amazon-apigateway-any-method"
DEFAULT_PATHS = {"$default", "/$default"}  # SAM writes the second when the route has an authorizer
CORS_LISTS = {"allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders"}
# SAM names an alias after its function. Its physical id is its ARN.
ALIAS_REFERENCE = re.compile(r'\$\{(\w+Alias\w+)\}|"Ref": "(\w+Alias\w+)"')


@dataclass(frozen=True, order=True)
class Route:
    """`key` is API Gateway's: `GET /v1/me`, or `$default`. `alias` is a logical id."""

    key: str
    alias: str
    authorizer: str | None = None


@dataclass(frozen=True, order=True)
class Authorizer:
    name: str
    alias: str
    identity_sources: tuple[str, ...]
    result_ttl_seconds: int
    payload_version: str
    is_simple: bool


@dataclass(frozen=True)
class Setup:
    """The parts that CloudFormation did not create.

    Aliases, tables and the API are named by logical ids. `expiring` maps a table to its TTL
    attribute.
    """

    api: str
    routes: frozenset[Route]
    authorizers: frozenset[Authorizer]
    cors: Mapping[str, Any]
    expiring: Mapping[str, str]


def plan_setup(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Setup:
    """Raises StackError unless the template has exactly one HTTP API."""
    resources = template["Resources"]
    apis = [
        name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGatewayV2::Api"
    ]
    if len(apis) != 1:
        raise StackError(f"the template has {len(apis)} HTTP APIs; the local stack needs one")
    body = resources[apis[0]]["Properties"]["Body"]
    schemes = body.get("components", {}).get("securitySchemes", {})
    return Setup(
        api=apis[0],
        routes=frozenset(_routes(body)),
        authorizers=frozenset(_authorizer(name, scheme) for name, scheme in schemes.items()),
        cors=_cors(body.get("x-amazon-apigateway-cors", {}), parameters),
        expiring=_expiring(resources),
    )


def apply_setup(
    setup: Setup, physical: Mapping[str, str], gateway: ApiGatewayV2Client, dynamodb: DynamoDBClient
) -> None:
    """Idempotent. `physical` maps logical ids to physical ones."""
    api_id = physical[setup.api]
    if _read_current(api_id, physical, gateway) != (setup.routes, setup.authorizers):
        _delete_all(api_id, gateway)
        _create(setup, api_id, physical, gateway)
    if setup.cors:
        gateway.update_api(ApiId=api_id, CorsConfiguration=setup.cors)  # type: ignore[arg-type]
    for table, attribute in setup.expiring.items():
        _enable_ttl(physical[table], attribute, dynamodb)


def _routes(body: Mapping[str, Any]) -> list[Route]:
    return [
        Route(
            key="$default" if path in DEFAULT_PATHS else f"{_method(method)} {path}",
            alias=_alias(operation["x-amazon-apigateway-integration"]["uri"]),
            authorizer=_authorizer_name(operation.get("security", [])),
        )
        for path, methods in body["paths"].items()
        for method, operation in methods.items()
    ]


def _authorizer_name(security: list[dict[str, Any]]) -> str | None:
    """SAM writes `Authorizer: NONE` either as an empty list or as a scheme of that name."""
    names = [name for requirement in security for name in requirement if name != "NONE"]
    return names[0] if names else None


def _method(name: str) -> str:
    return "ANY" if name == ANY_METHOD else name.upper()


def _authorizer(name: str, scheme: Mapping[str, Any]) -> Authorizer:
    settings = scheme["x-amazon-apigateway-authorizer"]
    return Authorizer(
        name=name,
        alias=_alias(settings["authorizerUri"]),
        identity_sources=tuple(settings.get("identitySource", ())),
        result_ttl_seconds=int(settings.get("authorizerResultTtlInSeconds", 0)),
        payload_version=str(settings["authorizerPayloadFormatVersion"]),
        is_simple=bool(settings.get("enableSimpleResponses", False)),
    )


def _alias(uri: Any) -> str:
    """The one alias that a URI names, in an `Fn::Sub` or in a `Ref`."""
    aliases = ALIAS_REFERENCE.findall(json.dumps(uri))
    if len(aliases) != 1:
        raise StackError(f"this integration must name exactly one alias: {uri}")
    return "".join(aliases[0])


def _cors(settings: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    return {
        name[0].upper() + name[1:]: _list(value, parameters) if name in CORS_LISTS else value
        for name, value in settings.items()
    }


def _list(value: Any, parameters: Mapping[str, str]) -> list[str]:
    """Splits a CommaDelimitedList: a reference to a parameter, or its text. Keeps a list."""
    if isinstance(value, list):
        return value
    text = parameters[value["Ref"]] if isinstance(value, dict) else value
    return [item.strip() for item in text.split(",")]


def _expiring(resources: Mapping[str, Any]) -> dict[str, str]:
    settings = {
        name: resource["Properties"].get("TimeToLiveSpecification", {})
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
    return {name: ttl["AttributeName"] for name, ttl in settings.items() if ttl.get("Enabled")}


def _read_current(
    api_id: str, physical: Mapping[str, str], gateway: ApiGatewayV2Client
) -> tuple[frozenset[Route], frozenset[Authorizer]]:
    """The routes and authorizers that the API has now."""
    logical = {_invocation_uri(arn): key for key, arn in physical.items()}
    integrations = {
        integration["IntegrationId"]: logical.get(integration["IntegrationUri"], "")
        for integration in gateway.get_integrations(ApiId=api_id)["Items"]
    }
    authorizers = gateway.get_authorizers(ApiId=api_id)["Items"]
    names = {authorizer["AuthorizerId"]: authorizer["Name"] for authorizer in authorizers}
    routes = frozenset(
        Route(
            key=route["RouteKey"],
            alias=integrations.get(route["Target"].removeprefix("integrations/"), ""),
            authorizer=names.get(route.get("AuthorizerId", "")),
        )
        for route in gateway.get_routes(ApiId=api_id)["Items"]
    )
    return routes, frozenset(
        Authorizer(
            name=authorizer["Name"],
            alias=logical.get(authorizer["AuthorizerUri"], ""),
            identity_sources=tuple(authorizer["IdentitySource"]),
            result_ttl_seconds=authorizer["AuthorizerResultTtlInSeconds"],
            payload_version=authorizer["AuthorizerPayloadFormatVersion"],
            is_simple=authorizer["EnableSimpleResponses"],
        )
        for authorizer in authorizers
    )


def _delete_all(api_id: str, gateway: ApiGatewayV2Client) -> None:
    for route in gateway.get_routes(ApiId=api_id)["Items"]:
        gateway.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    for integration in gateway.get_integrations(ApiId=api_id)["Items"]:
        gateway.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
    for authorizer in gateway.get_authorizers(ApiId=api_id)["Items"]:
        gateway.delete_authorizer(ApiId=api_id, AuthorizerId=authorizer["AuthorizerId"])


def _create(
    setup: Setup, api_id: str, physical: Mapping[str, str], gateway: ApiGatewayV2Client
) -> None:
    authorizer_ids = {
        authorizer.name: gateway.create_authorizer(
            ApiId=api_id,
            Name=authorizer.name,
            AuthorizerType="REQUEST",
            AuthorizerUri=_invocation_uri(physical[authorizer.alias]),
            IdentitySource=list(authorizer.identity_sources),
            AuthorizerResultTtlInSeconds=authorizer.result_ttl_seconds,
            AuthorizerPayloadFormatVersion=authorizer.payload_version,
            EnableSimpleResponses=authorizer.is_simple,
        )["AuthorizerId"]
        for authorizer in sorted(setup.authorizers)
    }
    integration_ids = {
        alias: gateway.create_integration(
            ApiId=api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=_invocation_uri(physical[alias]),
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for alias in sorted({route.alias for route in setup.routes})
    }
    for route in setup.routes:
        authorization: Any = (
            {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizer_ids[route.authorizer]}
            if route.authorizer
            else {}
        )
        target = f"integrations/{integration_ids[route.alias]}"
        gateway.create_route(ApiId=api_id, RouteKey=route.key, Target=target, **authorization)


def _invocation_uri(arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _enable_ttl(table: str, attribute: str, dynamodb: DynamoDBClient) -> None:
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if ttl["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
        dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True},
        )
