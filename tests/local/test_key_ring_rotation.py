"""The next content of a key ring. Every instance must know every key that another signs with."""

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from local import key_ring_rotation
from shared import clock
from shared.security.key_rings import REREAD_SECONDS, KeyRing

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIFETIME = timedelta(minutes=15, seconds=30)
FIRST = json.dumps({"current": "k1", "k1": "a" * 64})


def rotate(secret: str = FIRST, *, now: datetime = NOON) -> str:
    return key_ring_rotation.rotate(secret, now=now, signature_lifetime=LIFETIME)


def parsed(secret: str, monkeypatch, *, now: datetime) -> KeyRing:
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    return KeyRing.parse(secret)


def test_a_new_key_verifies_at_once_and_signs_in_two_minutes(monkeypatch):
    secret = rotate()

    before = parsed(secret, monkeypatch, now=NOON + timedelta(seconds=119))
    after = parsed(secret, monkeypatch, now=NOON + timedelta(seconds=120))

    assert set(before.keys) == {"k1", "k2"}
    assert (before.current, after.current) == ("k1", "k2")
    assert len(before.keys["k2"]) >= 64
    assert before.keys["k1"] == b"a" * 64


def test_a_ring_keeps_two_keys_after_many_rotations(monkeypatch):
    secret, now = FIRST, NOON
    for n in range(2, 6):
        monkeypatch.setattr(clock, "utc_now", lambda now=now: now)
        secret = rotate(secret, now=now)
        now += timedelta(hours=1)
        assert set(parsed(secret, monkeypatch, now=now).keys) == {f"k{n - 1}", f"k{n}"}


def test_a_key_stays_while_its_signatures_may_be_valid(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", lambda: NOON)
    secret = rotate()
    earliest = NOON + 2 * key_ring_rotation.TAKEOVER_DELAY + LIFETIME

    with pytest.raises(key_ring_rotation.RotationTooEarly) as raised:
        rotate(secret, now=earliest - timedelta(seconds=1))

    assert raised.value.wait == timedelta(seconds=1)
    monkeypatch.setattr(clock, "utc_now", lambda: earliest)
    assert "k3" in rotate(secret, now=earliest)


@pytest.mark.parametrize("secret", ["", "[]", "{}", '{"current": "k2", "k1": "a"}'])
def test_a_secret_that_is_no_ring_is_refused(secret):
    with pytest.raises(ValueError, match=r".+"):
        rotate(secret)


class Instance:
    """A function instance with an inexact clock that reads the secret at its own times."""

    def __init__(self, chance: random.Random) -> None:
        self._clock_error = timedelta(seconds=chance.uniform(-15, 15))
        self._next_read = chance.uniform(0, REREAD_SECONDS)
        self._secret = FIRST
        self.ring = KeyRing.parse(FIRST)

    def tick(self, second: int, secret: str, set_clock) -> None:
        if second >= self._next_read:
            self._next_read = second + REREAD_SECONDS
            set_clock(NOON + timedelta(seconds=second) + self._clock_error)
            self.ring = KeyRing.parse(secret)


@pytest.mark.parametrize("seed", range(5))
def test_no_valid_token_is_refused_during_rotations(seed, monkeypatch):
    """Two rotations and twelve instances, second by second: all know the key of each signer."""
    chance = random.Random(seed)  # noqa: S311 (a different history for each seed)
    instances = [Instance(chance) for _ in range(12)]
    secret, signed = FIRST, {}
    lifetime = int(LIFETIME.total_seconds())
    second_rotation = 600 + int((2 * key_ring_rotation.TAKEOVER_DELAY + LIFETIME).total_seconds())

    def set_clock(now: datetime) -> None:
        monkeypatch.setattr(clock, "utc_now", lambda: now)

    for second in range(second_rotation + 3 * lifetime):
        if second in (600, second_rotation):
            set_clock(NOON + timedelta(seconds=second))
            secret = rotate(secret, now=NOON + timedelta(seconds=second))
        for instance in instances:
            instance.tick(second, secret, set_clock)
            signed[instance.ring.current] = second
        in_use = {kid for kid, last in signed.items() if second - last <= lifetime}
        for kid, instance in product(in_use, instances):
            assert kid in instance.ring.keys, f"{kid} is unknown at second {second}"

    assert set(signed) == {"k1", "k2", "k3"}
