"""template.yaml as CloudFormation sees it: loops expanded, SAM translated, conditions resolved."""

import json
import logging
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from cfnlint.template.transforms._language_extensions import language_extension
from samtranslator.open_api import open_api
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
OMITTED = {"Ref": "AWS::NoValue"}
ALIAS_SUFFIX = "Aliaslive"  # SAM names the alias `live` of a function so

Resource = dict[str, Any]


# What a deployment has only with these parameters.
ALL_OPTIONS = MappingProxyType(
    {
        "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/a",
        "DomainName": "api.shop.example",
        "MonthlyBudget": "100",
        "TrustedProxyHeader": "X-Forwarded-For",
    }
)

# SAM warns once a function that a feature of its own has no default.
logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)

# SAM copies the API's whole document twice for each route: three quarters of a translation's time.
copy_document = open_api._deepcopy  # noqa: SLF001
open_api._deepcopy = lambda document: document  # noqa: SLF001


class _NoManagedPolicies:
    """SAM looks managed policies up here. The template names none."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def source() -> dict[str, Any]:
    """The file as written, with `!Ref X` as {"Ref": "X"}."""
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return parsed


def expanded(parameters: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """The file after `AWS::LanguageExtensions`, without `Fn::ForEach` and `Fn::FindInMap`."""
    read = _read_mappings(source(), source()["Mappings"], _defaults() | parameters)
    written = SimpleNamespace(template=read, regions=["eu-central-1"], filename=str(TEMPLATE))
    errors, template = language_extension(written)
    assert not errors, errors
    assert isinstance(template, dict)
    return template


@cache
def resources(environment: str = "production", **overrides: str) -> dict[str, Resource]:
    """What that environment deploys, by logical id. It has the defaults of other parameters."""
    chosen = {"Environment": environment, "AlarmEmail": "on-call@shop.example", **overrides}
    if environment != "local":
        chosen.setdefault("MonthlyBudget", "100")
    parameters = _defaults() | chosen
    template = expanded(parameters)
    conditions = {
        name: _evaluate({"Condition": name}, template["Conditions"], parameters)
        for name in template["Conditions"]
    }
    return {
        name: _resolve(resource, conditions)
        for name, resource in transformed(template, parameters).items()
        if conditions.get(resource.get("Condition"), True)
    }


def transformed(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Resource]:
    """The resources that SAM makes of an expanded template, by logical id."""
    for resource in template["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            if not resource["Properties"][code].startswith("s3://"):
                resource["Properties"][code] = (
                    "s3://bucket/key"  # SAM translates uploaded code only
                )
    translated = transform(template, dict(parameters), _NoManagedPolicies())["Resources"]
    return dict(translated)


def of_type(
    resource_type: str, environment: str = "production", **overrides: str
) -> dict[str, Resource]:
    """The properties of all resources of that type. Fails if there are none."""
    found = {
        name: resource.get("Properties", {})
        for name, resource in resources(environment, **overrides).items()
        if resource["Type"] == resource_type
    }
    assert found, f"the template has no {resource_type}"
    return found


def referenced_id(reference: Any) -> str:
    """The logical id that a !Ref or !GetAtt names; of an alias, that of its function."""
    if "Ref" in reference:
        return str(reference["Ref"]).removesuffix(ALIAS_SUFFIX)
    name = reference["Fn::GetAtt"]
    return str(name[0] if isinstance(name, list) else name.split(".")[0])


def function_id(operation: Mapping[str, Any]) -> str:
    """The function of a route: of an event of SAM's, or of one that names its alias itself."""
    uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    if isinstance(uri, list):
        return referenced_id(uri[1]["Alias"])
    return referenced_id({"Ref": uri.split("${")[-1].split("}")[0]})


@cache
def handlers() -> dict[str, str]:
    """The handler of each route, HEAD and `$default` included."""
    functions = of_type("AWS::Lambda::Function")
    return {
        path if path == "$default" else f"{method.upper()} {path}": functions[
            function_id(operation)
        ]["Handler"]
        for path, methods in of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"].items()
        for method, operation in methods.items()
    }


def as_list(value: Any) -> list[Any]:
    """The items of a property that is either one item or a list."""
    return value if isinstance(value, list) else [value]


def _defaults() -> dict[str, Any]:
    parameters = source()["Parameters"].items()
    return {name: parameter.get("Default", "") for name, parameter in parameters}


def _read_mappings(node: Any, mappings: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """A copy with the values of mappings that a parameter selects. cfn-lint would guess them."""
    match node:
        case {"Fn::FindInMap": [str(name), {"Ref": row}, str(key)]} if row in parameters:
            return mappings[name][parameters[row]][key]
        case dict():
            return {key: _read_mappings(v, mappings, parameters) for key, v in node.items()}
        case list():
            return [_read_mappings(item, mappings, parameters) for item in node]
        case _:
            return node


def _evaluate(condition: Any, conditions: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    match condition:
        case {"Condition": name}:
            return _evaluate(conditions[name], conditions, parameters)
        case {"Fn::Not": [negated]}:
            return not _evaluate(negated, conditions, parameters)
        case {"Fn::Equals": [{"Ref": parameter}, value]}:
            return bool(parameters[parameter] == value)
        case _:
            raise NotImplementedError(f"condition {condition}")


def _resolve(node: Any, conditions: Mapping[str, bool]) -> Any:
    """The node with the chosen branch of each `Fn::If`."""
    match node:
        case {"Fn::If": [name, then, otherwise]}:
            return _resolve(then if conditions[name] else otherwise, conditions)
        case dict():
            values = {key: _resolve(value, conditions) for key, value in node.items()}
            return {key: value for key, value in values.items() if value != OMITTED}
        case list():
            items = [_resolve(item, conditions) for item in node]
            return [item for item in items if item != OMITTED]
        case _:
            return node


if __name__ == "__main__":  # `make validate` checks it with checkov
    json.dump({"Resources": resources(**ALL_OPTIONS)}, sys.stdout, indent=1)
