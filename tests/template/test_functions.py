"""Every function has code that exists, the settings that it reads, and logs that expire."""

import re
from pathlib import Path

import pytest

from shared import config
from tests.template import stack

ROOT = stack.TEMPLATE.parent
READ_BY_POWERTOOLS = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}
VCPU_MEGABYTES = 1769  # Lambda gives a function with this memory one vCPU


def functions():
    return stack.of_type("AWS::Lambda::Function")


def variables():
    return {
        variable: value
        for function in functions().values()
        for variable, value in function["Environment"]["Variables"].items()
    }


def settings():
    sections = [value for value in vars(config).values() if isinstance(value, type)]
    return {
        name.upper()
        for section in sections
        if issubclass(section, config.Settings) and section is not config.Settings
        for name in section.__match_args__
    }


@pytest.mark.parametrize("name", functions())
def test_a_handler_names_code_that_exists(name):
    module, _, attribute = functions()[name]["Handler"].rpartition(".")
    code = ROOT / "functions" / Path(*module.split(".")).with_suffix(".py")

    assert re.search(rf"^(def )?{attribute}\b", code.read_text(), re.MULTILINE)


def test_the_environment_has_exactly_the_settings_of_the_code():
    assert variables().keys() - READ_BY_POWERTOOLS == settings()


def test_the_environment_has_arns_of_secrets_but_no_values():
    secrets = stack.of_type("AWS::SecretsManager::Secret").keys()

    for variable, value in variables().items():
        named = [secret for secret in secrets if secret in str(value)]
        assert not named or value == {"Fn::GetAtt": [named[0], "Id"]}, variable
        assert "resolve:" not in str(value), variable


def test_no_ref_names_a_secret():
    """!Ref is its ARN on AWS but its name in the local stack. !GetAtt Id is the ARN in both."""
    text = stack.TEMPLATE.read_text()

    for secret in stack.of_type("AWS::SecretsManager::Secret"):
        assert f"!Ref {secret}" not in text
        assert f"${{{secret}}}" not in text


def test_a_function_logs_json_to_its_own_group_that_expires():
    groups = stack.of_type("AWS::Logs::LogGroup")
    own_groups = []

    for name, function in functions().items():
        assert function["LoggingConfig"]["LogFormat"] == "JSON", name
        own_groups.append(stack.referenced_id(function["LoggingConfig"]["LogGroup"]))

    assert len(set(own_groups)) == len(own_groups)
    assert groups.keys() == {*own_groups, "ApiAccessLogs"}
    for name, group in groups.items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


def test_functions_run_on_the_python_that_the_layer_targets():
    makefile = (ROOT / "shared" / "Makefile").read_text()
    (version,) = re.findall(r"^LAMBDA_PYTHON = (\S+)$", makefile, re.MULTILINE)
    (platform,) = re.findall(r"^LAMBDA_PLATFORM = (\S+)$", makefile, re.MULTILINE)

    assert platform.startswith("aarch64-")
    for name, function in functions().items():
        assert function["Runtime"] == f"python{version}", name
        assert function["Architectures"] == ["arm64"], name


def test_a_layer_of_few_is_with_those_that_use_it_alone():
    layers = {
        name: [layer_name(layer) for layer in function["Layers"]]
        for name, function in functions().items()
    }
    users = {
        "PaymentsFunction": "PaymentsLayer",
        "PaymentWorkerFunction": "PaymentsLayer",
        "PaymentSweepFunction": "PaymentsLayer",
        "PicturesFunction": "PicturesLayer",
    }

    assert layers == {
        name: ["SharedLayer", *([users[name]] if name in users else [])] for name in layers
    }
    assert users.keys() < layers.keys()


def test_password_hashing_has_a_whole_vcpu():
    assert functions()["AuthFunction"]["MemorySize"] >= VCPU_MEGABYTES


def layer_name(reference):
    """The name in the template: SAM appends a hash to it."""
    return re.sub(r"[0-9a-f]{10}$", "", stack.referenced_id(reference))
