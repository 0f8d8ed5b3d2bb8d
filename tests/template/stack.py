"""template.yaml as CloudFormation sees it: loops expanded, SAM translated, conditions resolved."""

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cfnlint.template.transforms._language_extensions import language_extension
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
OMITTED = {"Ref": "AWS::NoValue"}

Resource = dict[str, Any]


class _NoManagedPolicies:
    """SAM looks managed policies up here. The template names none."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def source() -> dict[str, Any]:
    """The file as written, with `!Ref X` as {"Ref": "X"}."""
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return parsed


def expanded() -> dict[str, Any]:
    """The file after `AWS::LanguageExtensions`, without `Fn::ForEach` and `Fn::FindInMap`."""
    written = SimpleNamespace(template=source(), regions=["eu-central-1"], filename=str(TEMPLATE))
    errors, template = language_extension(written)
    assert not errors, errors
    assert isinstance(template, dict)
    return template


@cache
def resources(environment: str = "production") -> dict[str, Resource]:
    """What that environment deploys, by logical id."""
    template = expanded()
    parameters = {
        name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()
    }
    parameters |= {"Environment": environment, "AlarmEmail": "on-call@shop.example"}
    if environment != "local":
        parameters["MonthlyBudget"] = 100
    conditions = {
        name: _evaluate({"Condition": name}, template["Conditions"], parameters)
        for name in template["Conditions"]
    }
    for resource in template["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][code] = "s3://bucket/key"  # SAM translates uploaded code only
    translated = transform(template, parameters, _NoManagedPolicies())["Resources"]
    return {
        name: _resolve(resource, conditions)
        for name, resource in translated.items()
        if conditions.get(resource.get("Condition"), True)
    }


def of_type(resource_type: str, environment: str = "production") -> dict[str, Resource]:
    """The properties of all resources of that type. Fails if there are none."""
    found = {
        name: resource.get("Properties", {})
        for name, resource in resources(environment).items()
        if resource["Type"] == resource_type
    }
    assert found, f"the template has no {resource_type}"
    return found


def referenced_id(reference: Any) -> str:
    """The logical id that a !Ref or !GetAtt names."""
    if "Ref" in reference:
        return str(reference["Ref"])
    name = reference["Fn::GetAtt"]
    return str(name[0] if isinstance(name, list) else name.split(".")[0])


def as_list(value: Any) -> list[Any]:
    """The items of a property that is either one item or a list."""
    return value if isinstance(value, list) else [value]


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
    json.dump({"Resources": resources()}, sys.stdout, indent=1)
