"""The template's loops: each tool expands them, and a route is one line."""

import json
import re
import tomllib

import pytest

from tests.template import stack

SAMCONFIG = tomllib.loads((stack.TEMPLATE.parent / "samconfig.toml").read_text())
TO_AWS = [name for name in SAMCONFIG if name not in {"version", "local"}]
TRANSFORMS = ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


def loops():
    sections = stack.source()["Resources"]
    return {key: loop for key, loop in sections.items() if key.startswith("Fn::ForEach::")}


def test_loops_are_expanded_before_sam_translates():
    assert stack.source()["Transform"] == TRANSFORMS


def test_nothing_of_a_loop_is_left_in_the_expanded_template():
    text = json.dumps(stack.resources())

    assert loops()
    for left in ("Fn::ForEach", "Fn::FindInMap", "${Name}", '"Ref": "Name"'):
        assert left not in text, left


def test_every_row_of_a_mapping_belongs_to_an_item_of_a_loop():
    looped = {loop: set(loops()[f"Fn::ForEach::{loop}"][1]) for loop in stack.source()["Mappings"]}
    mapped = {name: set(rows) for name, rows in stack.source()["Mappings"].items()}

    assert mapped == looped


def test_every_function_is_an_item_of_the_loop_over_functions():
    functions = stack.of_type("AWS::Lambda::Function")

    assert {f"{name}Function" for name in loops()["Fn::ForEach::Functions"][1]} == functions.keys()


def test_every_function_logs_to_the_group_that_its_loop_makes():
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        expected = {"Ref": name.replace("Function", "Logs")}
        assert function["LoggingConfig"]["LogGroup"] == expected, name


@pytest.mark.parametrize("name", TO_AWS)
def test_every_deployment_to_aws_allows_loops(name):
    configured = SAMCONFIG[name]

    assert configured["global"]["parameters"]["language_extensions"] is True
    assert configured["deploy"]["parameters"]["capabilities"].split() == [
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
