"""Pure: rotating a key ring, and that no instance ever meets a key it does not know."""

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from local import key_ring_rotation
from shared import clock
from shared.security.key_rings import REREAD_SECONDS, KeyRing

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIVE = timedelta(minutes=15, seconds=30)
FIRST = json.dumps({"current": "k1", "k1": "a" * 64})


def rotated(secret: str = FIRST, *, now: datetime = NOON) -> str:
    return key_ring_rotation.rotated(secret, now=now, signatures_live=LIVE)


def parsed(secret: str, monkeypatch, *, now: datetime) -> KeyRing:
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    return KeyRing.parse(secret)


def test_a_new_key_verifies_at_once_and_signs_in_two_minutes(monkeypatch):
    secret = rotated()

    before = parsed(secret, monkeypatch, now=NOON + timedelta(seconds=119))
    after = parsed(secret, monkeypatch, now=NOON + timedelta(seconds=120))

    assert set(before.keys) == {"k1", "k2"}
    assert (before.current, after.current) == ("k1", "k2")
    assert len(before.keys["k2"]) >= 64
    assert before.keys["k1"] == b"a" * 64


def test_a_ring_has_two_keys_however_often_it_is_rotated(monkeypatch):
    secret, now = FIRST, NOON
    for n in range(2, 6):
        monkeypatch.setattr(clock, "utc_now", lambda now=now: now)
        secret = rotated(secret, now=now)
        now += timedelta(hours=1)
        assert set(parsed(secret, monkeypatch, now=now).keys) == {f"k{n - 1}", f"k{n}"}


def test_a_key_is_not_dropped_while_what_it_has_signed_may_live(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", lambda: NOON)
    secret = rotated()
    over = NOON + 2 * key_ring_rotation.TAKES_OVER_AFTER + LIVE

    with pytest.raises(key_ring_rotation.TooEarly) as early:
        rotated(secret, now=over - timedelta(seconds=1))

    assert early.value.wait == timedelta(seconds=1)
    monkeypatch.setattr(clock, "utc_now", lambda: over)
    assert "k3" in rotated(secret, now=over)


@pytest.mark.parametrize("secret", ["", "[]", "{}", '{"current": "k2", "k1": "a"}'])
def test_what_is_no_ring_is_left_alone(secret):
    with pytest.raises(ValueError, match=r".+"):
        rotated(secret)


class Instance:
    """A function instance, whose clock is off and which reads the secret when it likes."""

    def __init__(self, chance: random.Random) -> None:
        self._off = timedelta(seconds=chance.uniform(-15, 15))
        self._next_read = chance.uniform(0, REREAD_SECONDS)
        self._secret = FIRST
        self.ring = KeyRing.parse(FIRST)

    def at(self, second: int, secret: str, set_clock) -> None:
        if second >= self._next_read:
            self._next_read = second + REREAD_SECONDS
            set_clock(NOON + timedelta(seconds=second) + self._off)
            self.ring = KeyRing.parse(secret)


@pytest.mark.parametrize("seed", range(5))
def test_no_token_is_ever_refused_while_keys_rotate(seed, monkeypatch):
    """Two rotations, twelve instances, second by second: whoever signs, all others know the key."""
    chance = random.Random(seed)  # noqa: S311 (a different history for each seed)
    instances = [Instance(chance) for _ in range(12)]
    secret, signed = FIRST, {}
    lifetime = int(LIVE.total_seconds())
    second_rotation = 600 + int((2 * key_ring_rotation.TAKES_OVER_AFTER + LIVE).total_seconds())

    def set_clock(now: datetime) -> None:
        monkeypatch.setattr(clock, "utc_now", lambda: now)

    for second in range(second_rotation + 3 * lifetime):
        if second in (600, second_rotation):
            set_clock(NOON + timedelta(seconds=second))
            secret = rotated(secret, now=NOON + timedelta(seconds=second))
        for instance in instances:
            instance.at(second, secret, set_clock)
            signed[instance.ring.current] = second
        alive = {kid for kid, last in signed.items() if second - last <= lifetime}
        for kid, instance in product(alive, instances):
            assert kid in instance.ring.keys, f"{kid} is unknown at second {second}"

    assert set(signed) == {"k1", "k2", "k3"}
