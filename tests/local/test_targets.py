"""Finding the stack that an operator names."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import paths
from local.targets import OperationFailed, Target, get_target


def test_the_local_stack_is_found_by_its_stack_json(monkeypatch, tmp_path):
    facts = {"stack_name": "souk-local", "aws_endpoint_url": "http://127.0.0.1:4566"}
    (tmp_path / "stack.json").write_text(json.dumps(facts))
    monkeypatch.setattr(paths, "STATE", tmp_path)

    found = get_target("local")

    assert (found.stack_name, found.endpoint_url) == ("souk-local", "http://127.0.0.1:4566")
    assert get_target("prod").stack_name == "souk-prod"
    assert get_target("prod").endpoint_url is None
    assert (found.local_url, get_target("prod").local_url) == (None, None)


def test_the_address_of_the_local_stack_is_in_its_stack_json(monkeypatch, tmp_path):
    facts = {"stack_name": "souk-local", "aws_endpoint_url": "", "api_url": "http://localhost:8000"}
    (tmp_path / "stack.json").write_text(json.dumps(facts))
    monkeypatch.setattr(paths, "STATE", tmp_path)

    assert get_target("local").local_url == "http://localhost:8000"


def test_dev_is_the_default_environment():
    assert get_target("dev").stack_name == get_target("default").stack_name == "souk-dev"


def test_a_stack_has_outputs_and_parameters():
    described = {
        "Outputs": [{"OutputKey": "ApiUrl", "OutputValue": "https://api"}],
        "Parameters": [{"ParameterKey": "Environment", "ParameterValue": "development"}],
    }
    cloudformation = SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [described]})
    session = SimpleNamespace(client=lambda *_, **__: cloudformation)
    shop = Target("souk-dev", session)

    assert shop.outputs() == {"ApiUrl": "https://api"}
    assert shop.parameters() == {"Environment": "development"}


def test_a_stack_that_does_not_exist_is_named_with_its_region():
    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")

    cloudformation = SimpleNamespace(describe_stacks=refuse)
    session = SimpleNamespace(region_name="eu-west-3", client=lambda *_, **__: cloudformation)

    with pytest.raises(OperationFailed, match=r"No stack is called souk-dev in eu-west-3"):
        Target("souk-dev", session).parameters()


@pytest.mark.parametrize(
    ("more", "region"),
    [
        ("", "eu-west-3"),
        ('region = "eu-central-1"', "eu-central-1"),
        ('[prod.deploy.parameters]\nregion = "eu-north-1"', "eu-north-1"),
    ],
    ids=["from the environment", "for all commands", "from a guided deploy"],
)
def test_the_region_is_the_deployed_one(more, region, monkeypatch, tmp_path):
    config = f'version = 0.1\n[prod.global.parameters]\nstack_name = "souk-prod"\n{more}\n'
    (tmp_path / "samconfig.toml").write_text(config)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")

    assert get_target("prod").session.region_name == region


def test_an_undeployed_stack_is_named_with_its_region():
    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStackResource")

    cloudformation = SimpleNamespace(describe_stack_resource=refuse)
    session = SimpleNamespace(region_name="eu-west-3", client=lambda *_, **__: cloudformation)

    with pytest.raises(OperationFailed, match=r"souk-prod has no .* in eu-west-3"):
        Target("souk-prod", session).physical_id("AuthFunction")


def test_a_killed_local_stack_is_reported_as_not_running():
    def fail_to_connect(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")

    cloudformation = SimpleNamespace(describe_stack_resource=fail_to_connect)
    session = SimpleNamespace(client=lambda *_, **__: cloudformation)
    shop = Target("souk-local", session, "http://127.0.0.1:4566")

    with pytest.raises(OperationFailed, match="make run"):
        shop.physical_id("AuthFunction")
