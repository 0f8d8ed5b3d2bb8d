"""Rotating the signing keys on moto. tests/e2e rotates those of the local stack."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local import key_rotation
from local.key_rotation import rotate_keys
from local.targets import OperationFailed
from orders.guests import links
from shared import clock
from shared.security import key_rings
from tests.local import shops
from tests.local.shops import SECRETS, Shop
from tests.support.fake_clock import FakeClock

pytestmark = pytest.mark.usefixtures("aws")

OTHERS = json.dumps({"current": "k1", "k1": "a" * 64, "k2": "b" * 64})


@pytest.fixture
def shop() -> Shop:
    return shops.shop()


@pytest.fixture
def fake_clock(monkeypatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    return fake


def ring(shop: Shop, name: str = "TokenKeysSecret") -> dict[str, str]:
    secret = shop.client("secretsmanager").get_secret_value(
        SecretId=SECRETS[name], VersionStage="AWSCURRENT"
    )
    return json.loads(secret["SecretString"])


def test_rotation_changes_signing_rings_and_not_the_pepper(shop):
    message = rotate_keys(shop)

    assert "Nobody is logged out. Order links stay valid." in message
    for name in SECRETS:
        assert ring(shop, name).keys() == {"current", "k1", "k2", "next", "next_from"}
    pepper = shop.client("secretsmanager").get_secret_value(SecretId="souk/password-pepper")
    assert json.loads(pepper["SecretString"]).keys() == {"current", "k1"}
    assert not [key for key in (ring(shop)["k1"], ring(shop)["k2"]) if key in message]


def test_a_second_rotation_waits_for_old_signatures(shop, fake_clock):
    rotate_keys(shop)
    before = ring(shop)

    with pytest.raises(OperationFailed, match=r"again in \d+ min"):
        rotate_keys(shop)

    assert ring(shop) == before
    fake_clock.advance(hours=2)
    rotate_keys(shop)
    assert ring(shop).keys() == {"current", "k2", "k3", "next", "next_from"}


def test_keys_of_order_links_stay_as_long_as_links_live(shop, fake_clock):
    rotate_keys(shop)
    links = ring(shop, "OrderLinkKeysSecret")
    fake_clock.advance(hours=2)

    message = rotate_keys(shop)

    assert "The keys of order links stay for another 90 days." in message
    assert ring(shop, "OrderLinkKeysSecret") == links
    assert ring(shop).keys() == {"current", "k2", "k3", "next", "next_from"}


def test_a_link_stays_valid_through_many_rotations(shop, fake_clock):
    token = links.issue_token("ord_1")
    for _ in range(10):
        rotate_keys(shop)
        key_rings.key_ring.forget()
        links.require_valid_token("ord_1", token)
        fake_clock.advance(seconds=links.LIFETIME.total_seconds() / 10)
    fake_clock.advance(hours=1)
    rotate_keys(shop)

    assert ring(shop, "OrderLinkKeysSecret").keys() == {"current", "k2", "k3", "next", "next_from"}
    assert links.LIFETIME == key_rotation.ORDER_LINK_LIFETIME


def test_one_of_two_concurrent_operators_rotates(shop, monkeypatch):
    rotate = key_rotation.key_ring_rotation.rotate
    first = {}

    def rotate_second(secret: str, **more: Any) -> str:
        monkeypatch.setattr(key_rotation.key_ring_rotation, "rotate", rotate)
        rotate_keys(shop)
        first.update(ring(shop))
        return rotate(secret, **more)

    monkeypatch.setattr(key_rotation.key_ring_rotation, "rotate", rotate_second)

    with pytest.raises(OperationFailed, match="Their new key stays"):
        rotate_keys(shop)

    assert ring(shop) == first
    assert first.keys() == {"current", "k1", "k2", "next", "next_from"}


def test_a_slower_operator_does_not_drop_a_key(shop, monkeypatch):
    """Both operators read and write before either moves the label."""
    put = shop.client("secretsmanager").put_secret_value
    other_key = put(SecretId="souk/token-keys", SecretString=OTHERS, VersionStages=["SOUKNEXT"])
    stored = shop.client("secretsmanager").get_secret_value(SecretId="souk/token-keys")
    rotate = key_rotation.key_ring_rotation.rotate

    def rotate_second(secret: str, **more: Any) -> str:
        if secret == stored["SecretString"]:
            shop.client("secretsmanager").update_secret_version_stage(
                SecretId="souk/token-keys",
                VersionStage="AWSCURRENT",
                MoveToVersionId=other_key["VersionId"],
                RemoveFromVersionId=stored["VersionId"],
            )
        return rotate(secret, **more)

    monkeypatch.setattr(key_rotation.key_ring_rotation, "rotate", rotate_second)

    with pytest.raises(OperationFailed, match="has just rotated TokenKeysSecret"):
        rotate_keys(shop)

    assert ring(shop) == json.loads(OTHERS)


def test_the_next_run_completes_an_interrupted_rotation(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.delitem(SECRETS, "CursorKeysSecret")
        with pytest.raises(KeyError):
            rotate_keys(shop)
    tokens = ring(shop)

    with pytest.raises(OperationFailed, match=r"Cursor\w+ was rotated\. Order\w+ was rotated\.$"):
        rotate_keys(shop)

    assert ring(shop) == tokens
    assert "k2" in ring(shop, "CursorKeysSecret")


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_machine_with_a_wrong_clock_cannot_rotate(shop, fake_clock, monkeypatch, minutes):
    aws_clock = FakeClock()
    monkeypatch.setattr(shops, "clock", SimpleNamespace(utc_now=aws_clock))
    fake_clock.advance(minutes=minutes)

    with pytest.raises(OperationFailed, match=r"differs from AWS's by 1[78][0-9] s"):
        rotate_keys(shop)

    assert ring(shop).keys() == {"current", "k1"}


def test_a_secret_that_is_no_ring_is_not_changed_or_shown(shop):
    shop.client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString="hunter2"
    )

    with pytest.raises(OperationFailed, match="no key ring") as raised:
        rotate_keys(shop)

    assert "hunter2" not in str(raised.value)
    stored = shop.client("secretsmanager").get_secret_value(SecretId="souk/token-keys")
    assert stored["SecretString"] == "hunter2"
