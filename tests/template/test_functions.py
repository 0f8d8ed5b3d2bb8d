"""What every function is given: code that exists, settings that are read, logs that end."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from shared import config
from tests.template import stack

ROOT = stack.TEMPLATE.parent
READ_BY_OTHERS = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}  # by Powertools' logger


def functions():
    return stack.of_type("AWS::Lambda::Function")


def variables():
    return {
        variable: value
        for function in functions().values()
        for variable, value in function["Environment"]["Variables"].items()
    }


def settings():
    sections = [it for it in vars(config).values() if isinstance(it, type)]
    return {
        field.name.upper()
        for section in sections
        if issubclass(section, config.Settings) and section is not config.Settings
        for field in fields(section)
    }


@pytest.mark.parametrize("name", functions())
def test_a_handler_names_code_that_is_there(name):
    module, _, attribute = functions()[name]["Handler"].rpartition(".")
    code = ROOT / "functions" / Path(*module.split(".")).with_suffix(".py")

    assert re.search(rf"^(def )?{attribute}\b", code.read_text(), re.MULTILINE)


def test_every_setting_of_the_code_is_set_and_every_variable_is_read():
    assert variables().keys() - READ_BY_OTHERS == settings()


def test_no_secret_and_no_other_value_of_one_stands_in_the_environment():
    secrets = stack.of_type("AWS::SecretsManager::Secret").keys()

    for variable, value in variables().items():
        named = [it for it in secrets if it in str(value)]
        assert not named or value == {"Fn::GetAtt": [named[0], "Id"]}, variable
        assert "resolve:" not in str(value), variable


def test_a_secret_is_never_referred_to_by_ref():
    """Its !Ref is an ARN on AWS and a name in the laptop stack; !GetAtt Id is the ARN in both."""
    text = stack.TEMPLATE.read_text()

    for secret in stack.of_type("AWS::SecretsManager::Secret"):
        assert f"!Ref {secret}" not in text
        assert f"${{{secret}}}" not in text


def test_a_function_logs_json_to_a_group_of_its_own_that_forgets():
    groups = stack.of_type("AWS::Logs::LogGroup")
    named = []

    for name, function in functions().items():
        assert function["LoggingConfig"]["LogFormat"] == "JSON", name
        named.append(stack.target(function["LoggingConfig"]["LogGroup"]))

    assert len(set(named)) == len(named)
    assert groups.keys() == {*named, "ApiAccessLogs"}
    for name, group in groups.items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


def test_every_function_runs_on_the_python_that_the_layer_is_built_for():
    makefile = (ROOT / "shared" / "Makefile").read_text()
    (version,) = re.findall(r"^LAMBDA_PYTHON = (\S+)$", makefile, re.MULTILINE)
    (platform,) = re.findall(r"^LAMBDA_PLATFORM = (\S+)$", makefile, re.MULTILINE)

    assert platform.startswith("aarch64-")
    for name, function in functions().items():
        assert function["Runtime"] == f"python{version}", name
        assert function["Architectures"] == ["arm64"], name


def test_every_function_has_the_shared_layer_and_whoever_calls_the_payment_provider_its_library():
    layers = {
        name: [re.sub(r"[0-9a-f]{10}$", "", stack.target(it)) for it in function["Layers"]]
        for name, function in functions().items()
    }
    calling = {"PaymentsFunction", "PaymentWorkerFunction"}

    assert layers == {
        name: ["SharedLayer", *(["PaymentsLayer"] if name in calling else [])] for name in layers
    }
    assert calling < layers.keys()


def test_hashing_a_password_has_a_whole_cpu():
    assert functions()["AuthFunction"]["MemorySize"] >= 1769
