"""SnapStart is for the functions behind the API, and only where it is chosen."""

import ast
from pathlib import Path

import pytest

from tests.template import stack
from tests.template.test_rollouts import functions_behind_the_api

FUNCTIONS = stack.TEMPLATE.parent / "functions"
TELLS_LAMBDA = {"create_api", "snapstart.register"}  # the first calls the second


def functions(snapstart="true"):
    return {
        name: resource["Properties"]
        for name, resource in stack.resources("production", SnapStart=snapstart).items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def calls_of(name):
    """What the module of the function's handler calls at its top level."""
    module, _, _ = functions()[name]["Handler"].rpartition(".")
    code = (FUNCTIONS / Path(*module.split(".")).with_suffix(".py")).read_text()
    return {
        ast.unparse(node.value.func)
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign | ast.Expr) and isinstance(node.value, ast.Call)
    }


def with_snapshots(snapstart):
    return {
        name: function["SnapStart"]
        for name, function in functions(snapstart).items()
        if "SnapStart" in function
    }


def test_only_functions_behind_the_api_have_snapshots():
    """Nobody waits for a worker's cold start, and each snapshot costs."""
    found = with_snapshots("true")

    assert found.keys() == functions_behind_the_api()
    assert all(value == {"ApplyOn": "PublishedVersions"} for value in found.values())


def test_snapshots_are_off_unless_chosen():
    assert stack.source()["Parameters"]["SnapStart"]["Default"] == "false"
    assert with_snapshots("false") == {}


@pytest.mark.parametrize("name", functions())
def test_a_function_with_snapshots_tells_lambda_its_hooks(name):
    tells = bool(calls_of(name) & TELLS_LAMBDA)

    assert tells == ("SnapStart" in functions()[name])


def test_nothing_is_set_that_snapshots_exclude():
    """Lambda refuses them together."""
    for name, function in functions().items():
        assert not function.keys() & {"EphemeralStorage", "FileSystemConfigs", "ImageUri"}, name
    for alias in stack.of_type("AWS::Lambda::Alias").values():
        assert "ProvisionedConcurrencyConfig" not in alias
