"""A custom domain and a trusted proxy: what their parameters deploy."""

import pytest

from shared.http import trusted_proxy
from tests.template import stack

DOMAIN = {"DomainName": "api.shop.example", "CertificateArn": "arn:aws:acm:eu-central-1:1:x"}
PROXY = {"TrustedProxyHeader": "CloudFront-Viewer-Address"}


def functions(**changed: str):
    return stack.of_type("AWS::Lambda::Function", **changed)


def behind_the_api():
    """The functions that receive requests."""
    paths = stack.resources()["Api"]["Properties"]["Body"]["paths"].values()
    return {stack.function_id(operation) for path in paths for operation in path.values()} | {
        "AuthorizerFunction"
    }


def test_by_default_the_api_has_neither():
    types = {resource["Type"] for resource in stack.resources().values()}

    assert "ProxySecret" not in stack.resources()
    assert "AWS::ApiGatewayV2::DomainName" not in types
    assert all(
        not function["Environment"]["Variables"].get("PROXY_SECRET_ARN")
        for function in functions().values()
    )


def test_a_domain_leads_to_the_api():
    deployed = stack.resources(**DOMAIN)

    domain = deployed["ApiDomain"]["Properties"]
    mapping = deployed["ApiDomainMapping"]["Properties"]
    assert domain["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"
    assert mapping["ApiId"] == {"Ref": "Api"}
    assert mapping["Stage"] == "$default"
    assert deployed["ApiDomainMapping"]["DependsOn"] in deployed


@pytest.mark.parametrize(("parameter", "is_disabled"), [("true", True), ("false", False)])
def test_the_api_s_own_endpoint_can_be_disabled(parameter, is_disabled):
    deployed = stack.resources(**DOMAIN, DisableExecuteApiEndpoint=parameter)

    body = deployed["Api"]["Properties"]["Body"]
    servers = str(body)
    assert f"'disableExecuteApiEndpoint': {is_disabled}" in servers


@pytest.mark.parametrize(
    ("rule", "parameter"),
    [
        ("DisabledEndpointIsReplaced", "DomainName"),
        ("RequiredProxyIsTrusted", "TrustedProxyHeader"),
    ],
)
def test_no_deployment_refuses_everybody(rule, parameter):
    (assertion,) = stack.source()["Rules"][rule]["Assertions"]

    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def test_every_function_behind_the_api_knows_the_proxy():
    expected = behind_the_api()
    variables = {
        name: function["Environment"]["Variables"] for name, function in functions(**PROXY).items()
    }

    assert len(expected) > 5
    assert {name for name in variables if "PROXY_SECRET_ARN" in variables[name]} == expected
    for name in expected:
        assert variables[name]["PROXY_SECRET_ARN"] == {"Fn::GetAtt": ["ProxySecret", "Id"]}


def test_every_function_behind_the_api_may_read_its_secret():
    roles = stack.of_type("AWS::IAM::Role", **PROXY)
    readers = {
        name
        for name, role in roles.items()
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if "ProxySecret" in str(statement["Resource"])
    }

    assert readers == {stack.referenced_id(functions()[name]["Role"]) for name in behind_the_api()}


def test_browsers_may_not_send_the_proxy_s_secret():
    allowed = stack.source()["Resources"]["Api"]["Properties"]["CorsConfiguration"]["AllowHeaders"]

    assert trusted_proxy.SECRET_HEADER not in allowed
