"""Rotating the signing keys, against moto; tests/e2e does it to the local stack."""

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
def later(monkeypatch) -> FakeClock:
    moved = FakeClock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved


def ring(shop: Shop, name: str = "TokenKeysSecret") -> dict[str, str]:
    secret = shop.client("secretsmanager").get_secret_value(
        SecretId=SECRETS[name], VersionStage="AWSCURRENT"
    )
    return json.loads(secret["SecretString"])


def test_all_signing_rings_are_rotated_and_the_pepper_is_not(shop):
    said = rotate_keys(shop)

    assert "Nobody is logged out. Nor does a guest lose a link." in said
    for name in SECRETS:
        assert ring(shop, name).keys() == {"current", "k1", "k2", "next", "next_from"}
    pepper = shop.client("secretsmanager").get_secret_value(SecretId="souk/password-pepper")
    assert json.loads(pepper["SecretString"]).keys() == {"current", "k1"}
    assert not [key for key in (ring(shop)["k1"], ring(shop)["k2"]) if key in said]


def test_a_second_rotation_waits_until_nothing_depends_on_the_key_it_drops(shop, later):
    rotate_keys(shop)
    before = ring(shop)

    with pytest.raises(OperationFailed, match=r"again in \d+ min"):
        rotate_keys(shop)

    assert ring(shop) == before
    later.advance(hours=2)
    rotate_keys(shop)
    assert ring(shop).keys() == {"current", "k2", "k3", "next", "next_from"}


def test_the_keys_of_links_stay_as_long_as_links_live_and_that_is_no_failure(shop, later):
    rotate_keys(shop)
    links = ring(shop, "OrderLinkKeysSecret")
    later.advance(hours=2)

    said = rotate_keys(shop)

    assert "Those of guests' links stay for another 90 days." in said
    assert ring(shop, "OrderLinkKeysSecret") == links
    assert ring(shop).keys() == {"current", "k2", "k3", "next", "next_from"}


def test_a_link_is_good_for_its_whole_life_however_often_keys_rotate(shop, later):
    token = links.token_for("ord_1")
    for _ in range(10):
        rotate_keys(shop)
        key_rings.key_ring.forget()
        links.require("ord_1", token)
        later.advance(seconds=links.LIFETIME.total_seconds() / 10)
    later.advance(hours=1)
    rotate_keys(shop)

    assert ring(shop, "OrderLinkKeysSecret").keys() == {"current", "k2", "k3", "next", "next_from"}
    assert links.LIFETIME == key_rotation.LINKS_LIVE


def test_of_two_operators_at_once_one_rotates(shop, monkeypatch):
    rotate = key_rotation.key_ring_rotation.rotated
    first = {}

    def overtaken(secret: str, **more: Any) -> str:
        monkeypatch.setattr(key_rotation.key_ring_rotation, "rotated", rotate)
        rotate_keys(shop)
        first.update(ring(shop))
        return rotate(secret, **more)

    monkeypatch.setattr(key_rotation.key_ring_rotation, "rotated", overtaken)

    with pytest.raises(OperationFailed, match="their key stays"):
        rotate_keys(shop)

    assert ring(shop) == first
    assert first.keys() == {"current", "k1", "k2", "next", "next_from"}


def test_an_operator_who_wrote_last_but_was_not_first_drops_no_key(shop, monkeypatch):
    """Both have read and both have written before either moves the label."""
    put = shop.client("secretsmanager").put_secret_value
    others = put(SecretId="souk/token-keys", SecretString=OTHERS, VersionStages=["SOUKNEXT"])
    held = shop.client("secretsmanager").get_secret_value(SecretId="souk/token-keys")
    rotate = key_rotation.key_ring_rotation.rotated

    def overtaken(secret: str, **more: Any) -> str:
        if secret == held["SecretString"]:
            shop.client("secretsmanager").update_secret_version_stage(
                SecretId="souk/token-keys",
                VersionStage="AWSCURRENT",
                MoveToVersionId=others["VersionId"],
                RemoveFromVersionId=held["VersionId"],
            )
        return rotate(secret, **more)

    monkeypatch.setattr(key_rotation.key_ring_rotation, "rotated", overtaken)

    with pytest.raises(OperationFailed, match="TokenKeysSecret meanwhile"):
        rotate_keys(shop)

    assert ring(shop) == json.loads(OTHERS)


def test_a_rotation_that_broke_off_between_the_rings_is_completed_by_the_next(shop, monkeypatch):
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
def test_a_machine_whose_clock_is_wrong_names_no_time(shop, later, monkeypatch, minutes):
    real = FakeClock()
    monkeypatch.setattr(shops, "clock", SimpleNamespace(utc_now=real))
    later.advance(minutes=minutes)

    with pytest.raises(OperationFailed, match=r"clock is 1[78][0-9] s off"):
        rotate_keys(shop)

    assert ring(shop).keys() == {"current", "k1"}


def test_a_secret_that_is_no_ring_is_left_alone_and_not_shown(shop):
    shop.client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString="hunter2"
    )

    with pytest.raises(OperationFailed, match="no key ring") as raised:
        rotate_keys(shop)

    assert "hunter2" not in str(raised.value)
    held = shop.client("secretsmanager").get_secret_value(SecretId="souk/token-keys")
    assert held["SecretString"] == "hunter2"
