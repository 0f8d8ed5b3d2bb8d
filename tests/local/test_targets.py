"""Finding the stack that an operator means."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import paths
from local.targets import OperationFailed, Target, target


def test_the_local_stack_is_found_by_its_facts(monkeypatch, tmp_path):
    facts = {"stack_name": "souk-local", "aws_endpoint_url": "http://127.0.0.1:4566"}
    (tmp_path / "stack.json").write_text(json.dumps(facts))
    monkeypatch.setattr(paths, "STATE", tmp_path)

    found = target("local")

    assert (found.stack_name, found.endpoint_url) == ("souk-local", "http://127.0.0.1:4566")
    assert target("prod").stack_name == "souk-prod"
    assert target("prod").endpoint_url is None


@pytest.mark.parametrize(
    ("more", "region"),
    [
        ("", "eu-west-3"),
        ('region = "eu-central-1"', "eu-central-1"),
        ('[prod.deploy.parameters]\nregion = "eu-north-1"', "eu-north-1"),
    ],
    ids=["the environment's", "for all commands", "as a guided deploy writes it"],
)
def test_the_region_is_the_one_that_was_deployed_to(more, region, monkeypatch, tmp_path):
    named = f'version = 0.1\n[prod.global.parameters]\nstack_name = "souk-prod"\n{more}\n'
    (tmp_path / "samconfig.toml").write_text(named)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")

    assert target("prod").session.region_name == region


def test_a_stack_that_is_not_deployed_is_named_with_its_region():
    def nothing(**_: str) -> None:
        raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStackResource")

    cloudformation = SimpleNamespace(describe_stack_resource=nothing)
    session = SimpleNamespace(region_name="eu-west-3", client=lambda *_, **__: cloudformation)

    with pytest.raises(OperationFailed, match=r"souk-prod has no .* in eu-west-3"):
        Target("souk-prod", session).physical_id("AuthFunction")


def test_a_local_stack_that_was_killed_is_told_from_one_that_runs():
    def nobody(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")

    cloudformation = SimpleNamespace(describe_stack_resource=nobody)
    session = SimpleNamespace(client=lambda *_, **__: cloudformation)
    shop = Target("souk-local", session, "http://127.0.0.1:4566")

    with pytest.raises(OperationFailed, match="make run"):
        shop.physical_id("AuthFunction")
