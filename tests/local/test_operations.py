"""What an operator does, against moto; tests/e2e does it to the local stack."""

import json
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import operations
from shared import clock
from tests.support.accounts import Clock

pytestmark = pytest.mark.usefixtures("aws")

OTHERS = json.dumps({"current": "k1", "k1": "a" * 64, "k2": "b" * 64})
SECRETS = {"TokenKeysSecret": "souk/token-keys", "CursorKeysSecret": "souk/cursor-keys"}


class Shop(operations.Target):
    """A stack as far as moto has one: its secrets, and a clock that is the shop's."""

    def client(self, service: str) -> Any:
        client = super().client(service)
        client.meta.events.register("after-call.secretsmanager.GetSecretValue", told_the_time)
        return client

    def physical_id(self, logical_id: str) -> str:
        return SECRETS[logical_id]

    def environment_of(self, function: str) -> dict[str, str]:
        assert function == "AuthFunction"
        return {"ACCESS_TOKEN_MINUTES": "15"}


def told_the_time(parsed: dict[str, Any], **_: Any) -> None:
    parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(clock.utc_now())


@pytest.fixture
def shop() -> Shop:
    return Shop("souk-test", boto3.Session())


@pytest.fixture
def later(monkeypatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved


def ring(shop: Shop, name: str = "TokenKeysSecret") -> dict[str, str]:
    secret = shop.client("secretsmanager").get_secret_value(
        SecretId=SECRETS[name], VersionStage="AWSCURRENT"
    )
    return json.loads(secret["SecretString"])


def test_both_signing_rings_are_rotated_and_the_pepper_is_not(shop):
    said = operations.rotate_keys(shop)

    assert "Nobody is logged out" in said
    for name in SECRETS:
        assert ring(shop, name).keys() == {"current", "k1", "k2", "next", "next_from"}
    pepper = shop.client("secretsmanager").get_secret_value(SecretId="souk/password-pepper")
    assert json.loads(pepper["SecretString"]).keys() == {"current", "k1"}
    assert not [key for key in (ring(shop)["k1"], ring(shop)["k2"]) if key in said]


def test_a_second_rotation_waits_until_nothing_depends_on_the_key_it_drops(shop, later):
    operations.rotate_keys(shop)
    before = ring(shop)

    with pytest.raises(operations.OperationFailed, match=r"again in \d+ min"):
        operations.rotate_keys(shop)

    assert ring(shop) == before
    later.advance(hours=2)
    operations.rotate_keys(shop)
    assert ring(shop).keys() == {"current", "k2", "k3", "next", "next_from"}


def test_of_two_operators_at_once_one_rotates(shop, monkeypatch):
    rotate = operations.rings.rotated
    first = {}

    def overtaken(secret: str, **more: Any) -> str:
        monkeypatch.setattr(operations.rings, "rotated", rotate)
        operations.rotate_keys(shop)
        first.update(ring(shop))
        return rotate(secret, **more)

    monkeypatch.setattr(operations.rings, "rotated", overtaken)

    with pytest.raises(operations.OperationFailed, match="their key stays"):
        operations.rotate_keys(shop)

    assert ring(shop) == first
    assert first.keys() == {"current", "k1", "k2", "next", "next_from"}


def test_an_operator_who_wrote_last_but_was_not_first_drops_no_key(shop, monkeypatch):
    """Both have read and both have written before either moves the label."""
    put = shop.client("secretsmanager").put_secret_value
    others = put(SecretId="souk/token-keys", SecretString=OTHERS, VersionStages=["SOUKNEXT"])
    held = shop.client("secretsmanager").get_secret_value(SecretId="souk/token-keys")
    rotate = operations.rings.rotated

    def overtaken(secret: str, **more: Any) -> str:
        if secret == held["SecretString"]:
            shop.client("secretsmanager").update_secret_version_stage(
                SecretId="souk/token-keys",
                VersionStage="AWSCURRENT",
                MoveToVersionId=others["VersionId"],
                RemoveFromVersionId=held["VersionId"],
            )
        return rotate(secret, **more)

    monkeypatch.setattr(operations.rings, "rotated", overtaken)

    with pytest.raises(operations.OperationFailed, match="TokenKeysSecret meanwhile"):
        operations.rotate_keys(shop)

    assert ring(shop) == json.loads(OTHERS)


def test_a_rotation_that_broke_off_between_the_rings_is_completed_by_the_next(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.delitem(SECRETS, "CursorKeysSecret")
        with pytest.raises(KeyError):
            operations.rotate_keys(shop)
    tokens = ring(shop)

    with pytest.raises(operations.OperationFailed, match=r"CursorKeysSecret was rotated\.$"):
        operations.rotate_keys(shop)

    assert ring(shop) == tokens
    assert "k2" in ring(shop, "CursorKeysSecret")


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_machine_whose_clock_is_wrong_names_no_time(shop, later, monkeypatch, minutes):
    real = Clock()
    monkeypatch.setattr(f"{__name__}.clock", SimpleNamespace(utc_now=real))
    later.advance(minutes=minutes)

    with pytest.raises(operations.OperationFailed, match=r"clock is 1[78][0-9] s off"):
        operations.rotate_keys(shop)

    assert ring(shop).keys() == {"current", "k1"}


def test_a_secret_that_is_no_ring_is_left_alone_and_not_shown(shop):
    shop.client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString="hunter2"
    )

    with pytest.raises(operations.OperationFailed, match="no key ring") as raised:
        operations.rotate_keys(shop)

    assert "hunter2" not in str(raised.value)
    held = shop.client("secretsmanager").get_secret_value(SecretId="souk/token-keys")
    assert held["SecretString"] == "hunter2"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--target", "staging", "admin", "ada@example.com"], "no stack for 'staging'"),
        (["admin", "ada@example.com"], "make run"),
        (["rotate-keys"], "make run"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_a_failure(
    arguments, says, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr(operations.places, "STATE", tmp_path)

    status = operations.main(arguments)

    told = capsys.readouterr()
    assert status == 1
    assert says in told.err
    assert told.out == ""
    assert len(told.err.splitlines()) == 1


def test_the_local_stack_is_found_by_its_facts(monkeypatch, tmp_path):
    facts = {"stack_name": "souk-local", "aws_endpoint_url": "http://127.0.0.1:4566"}
    (tmp_path / "stack.json").write_text(json.dumps(facts))
    monkeypatch.setattr(operations.places, "STATE", tmp_path)

    found = operations.target("local")

    assert (found.stack_name, found.endpoint_url) == ("souk-local", "http://127.0.0.1:4566")
    assert operations.target("prod").stack_name == "souk-prod"
    assert operations.target("prod").endpoint_url is None


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
    monkeypatch.setattr(operations.places, "ROOT", tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")

    assert operations.target("prod").session.region_name == region


def test_a_stack_that_is_not_deployed_is_named_with_its_region():
    def nothing(**_: str) -> None:
        raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStackResource")

    cloudformation = SimpleNamespace(describe_stack_resource=nothing)
    session = SimpleNamespace(region_name="eu-west-3", client=lambda *_, **__: cloudformation)

    with pytest.raises(operations.OperationFailed, match=r"souk-prod has no .* in eu-west-3"):
        operations.Target("souk-prod", session).physical_id("AuthFunction")


def test_a_local_stack_that_was_killed_is_told_from_one_that_runs():
    def nobody(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")

    cloudformation = SimpleNamespace(describe_stack_resource=nobody)
    session = SimpleNamespace(client=lambda *_, **__: cloudformation)
    shop = operations.Target("souk-local", session, "http://127.0.0.1:4566")

    with pytest.raises(operations.OperationFailed, match="make run"):
        shop.physical_id("AuthFunction")


def test_who_is_to_be_admin_must_be_said(shop):
    with pytest.raises(operations.OperationFailed, match="EMAIL="):
        operations.make_admin(shop, "")


def test_an_address_without_an_account_has_to_register_first(shop, monkeypatch):
    monkeypatch.setattr(operations, "_work_in", lambda _: None)  # the tests' process stays one

    with pytest.raises(operations.OperationFailed, match="register it first"):
        operations.make_admin(shop, "nobody@example.com")
