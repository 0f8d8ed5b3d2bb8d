"""Every tool can expand the template's loops, and a route is one line."""

import json
import re
import tomllib

import pytest

from tests.template import stack

SAMCONFIG = tomllib.loads((stack.TEMPLATE.parent / "samconfig.toml").read_text())
AWS_DEPLOYMENTS = [name for name in SAMCONFIG if name not in {"version", "local"}]
TRANSFORMS = ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


def loops():
    written = stack.source()["Resources"]
    return {key: loop for key, loop in written.items() if key.startswith("Fn::ForEach::")}


def test_loops_are_expanded_before_sam_translates():
    assert stack.source()["Transform"] == TRANSFORMS


def test_the_expanded_template_contains_no_loop():
    text = json.dumps(stack.resources())

    assert loops()
    for syntax in ("Fn::ForEach", "Fn::FindInMap", "${Name}", '"Ref": "Name"'):
        assert syntax not in text, syntax


def test_every_mapping_has_a_row_for_each_item_of_its_loop():
    mappings = stack.source()["Mappings"].keys() - {"Rollouts"}  # by a parameter's values
    rows_of = stack.source()["Mappings"]
    items = {name: set(loops()[f"Fn::ForEach::{name}"][1]) for name in mappings}

    assert {name: set(rows_of[name]) for name in mappings} == items


def test_the_loop_over_functions_has_every_function():
    functions = stack.of_type("AWS::Lambda::Function")

    assert {f"{name}Function" for name in loops()["Fn::ForEach::Functions"][1]} == functions.keys()


def test_every_function_logs_to_the_group_of_its_loop_item():
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        expected = {"Ref": name.replace("Function", "Logs")}
        assert function["LoggingConfig"]["LogGroup"] == expected, name


@pytest.mark.parametrize("name", AWS_DEPLOYMENTS)
def test_every_deployment_to_aws_allows_loops(name):
    deployment = SAMCONFIG[name]

    assert deployment["global"]["parameters"]["language_extensions"] is True
    assert deployment["deploy"]["parameters"]["capabilities"].split() == [
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]


def test_a_route_is_one_line():
    routes = re.findall(r"^.*Type: HttpApi\b.*$", stack.TEMPLATE.read_text(), re.MULTILINE)
    events = [
        event
        for resource in stack.expanded()["Resources"].values()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]

    assert len(routes) == len(events)
    assert all(re.fullmatch(r" +\w+: \{Type: HttpApi, .*\}( +# .*)?", line) for line in routes)
