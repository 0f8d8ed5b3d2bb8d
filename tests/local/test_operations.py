"""What an operator does, against moto; tests/e2e does it to the local stack."""

import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from local import operations
from shared import clock
from tests.support.accounts import Clock

pytestmark = pytest.mark.usefixtures("aws")

SECRETS = {"TokenKeysSecret": "souk/token-keys", "CursorKeysSecret": "souk/cursor-keys"}


class Shop(operations.Target):
    """A stack as far as moto has one: its secrets."""

    def physical_id(self, logical_id: str) -> str:
        return SECRETS[logical_id]

    def environment_of(self, function: str) -> dict[str, str]:
        assert function == "AuthFunction"
        return {"ACCESS_TOKEN_MINUTES": "15"}


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
    manager = shop.client("secretsmanager")
    rotate = operations.rings.rotated

    def overtaken(secret: str, **more: Any) -> str:
        monkeypatch.setattr(operations.rings, "rotated", rotate)
        operations.rotate_keys(shop)
        return rotate(secret, **more)

    monkeypatch.setattr(operations.rings, "rotated", overtaken)

    with pytest.raises(manager.exceptions.InvalidParameterException):
        operations.rotate_keys(shop)

    assert ring(shop).keys() == {"current", "k1", "k2", "next", "next_from"}


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


def test_a_stack_is_asked_for_its_own_names():
    asked = []

    def client(service: str, **_: Any) -> Any:
        def describe(**named: str) -> dict[str, Any]:
            asked.append((service, named))
            return {"StackResourceDetail": {"PhysicalResourceId": "souk-auth-1"}}

        def configuration(**named: str) -> dict[str, Any]:
            asked.append((service, named))
            return {"Environment": {"Variables": {"LOGINS_TABLE": "logins-1"}}}

        return SimpleNamespace(
            describe_stack_resource=describe, get_function_configuration=configuration
        )

    shop = operations.Target("souk-dev", SimpleNamespace(client=client))

    assert shop.environment_of("AuthFunction") == {"LOGINS_TABLE": "logins-1"}
    assert asked == [
        ("cloudformation", {"StackName": "souk-dev", "LogicalResourceId": "AuthFunction"}),
        ("lambda", {"FunctionName": "souk-auth-1"}),
    ]
