"""template.yaml as CloudFormation sees it: loops expanded, SAM translated, conditions decided."""

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
    """Where SAM looks up the policies that it knows by name; ours are spelled out."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def source() -> dict[str, Any]:
    """The file as written, `!Ref X` read as {"Ref": "X"}."""
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return parsed


def expanded() -> dict[str, Any]:
    """The file after `AWS::LanguageExtensions`: no `Fn::ForEach` and no `Fn::FindInMap` is left."""
    written = SimpleNamespace(template=source(), regions=["eu-central-1"], filename=str(TEMPLATE))
    faults, template = language_extension(written)
    assert not faults, faults
    assert isinstance(template, dict)
    return template


@cache
def resources(environment: str = "production") -> dict[str, Resource]:
    """What that environment deploys, by logical id."""
    template = expanded()
    parameters = {name: one.get("Default", "") for name, one in template["Parameters"].items()}
    parameters |= {"Environment": environment, "AlarmEmail": "on-call@shop.example"}
    conditions = {
        name: _holds({"Condition": name}, template["Conditions"], parameters)
        for name in template["Conditions"]
    }
    for resource in template["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][code] = "s3://bucket/key"  # SAM translates uploaded code only
    translated = transform(template, parameters, _NoManagedPolicies())["Resources"]
    return {
        name: _decided(resource, conditions)
        for name, resource in translated.items()
        if conditions.get(resource.get("Condition"), True)
    }


def of_type(resource_type: str, environment: str = "production") -> dict[str, Resource]:
    """The properties of all resources of that type. No such resource fails the test that asks."""
    found = {
        name: resource.get("Properties", {})
        for name, resource in resources(environment).items()
        if resource["Type"] == resource_type
    }
    assert found, f"the template has no {resource_type}"
    return found


def target(reference: Any) -> str:
    """The logical id that a !Ref or !GetAtt leads to."""
    if "Ref" in reference:
        return str(reference["Ref"])
    name = reference["Fn::GetAtt"]
    return str(name[0] if isinstance(name, list) else name.split(".")[0])


def as_list(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


def _holds(rule: Any, conditions: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    match rule:
        case {"Condition": name}:
            return _holds(conditions[name], conditions, parameters)
        case {"Fn::Not": [inner]}:
            return not _holds(inner, conditions, parameters)
        case {"Fn::Equals": [{"Ref": parameter}, value]}:
            return bool(parameters[parameter] == value)
        case _:
            raise NotImplementedError(f"a condition made of {rule}")


def _decided(node: Any, conditions: Mapping[str, bool]) -> Any:
    match node:
        case {"Fn::If": [name, then, otherwise]}:
            return _decided(then if conditions[name] else otherwise, conditions)
        case dict():
            decided = {key: _decided(value, conditions) for key, value in node.items()}
            return {key: value for key, value in decided.items() if value != OMITTED}
        case list():
            return [it for it in (_decided(item, conditions) for item in node) if it != OMITTED]
        case _:
            return node
