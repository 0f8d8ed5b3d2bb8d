"""On moto: rings of secret keys."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError

from shared.aws import client
from shared.errors.base import Unavailable
from shared.security.key_rings import KEEP_SECONDS, KEY_BYTES_MIN, KeyRing, key_ring
from shared.storage import cache
from tests.support.faults import error_reply, inject_faults, read_timeout
from tests.support.logs import captured

KEY = "k" * KEY_BYTES_MIN


def test_the_current_key_signs_and_every_key_verifies():
    ring = KeyRing.parse(json.dumps({"current": "k2", "k1": "a" * 32, "k2": "b" * 32}))

    assert ring.signing_key == b"b" * 32
    assert ring.keys == {"k1": b"a" * 32, "k2": b"b" * 32}


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "not JSON",
        "null",
        '"a plain key that is long enough to be one"',
        json.dumps(["k1", KEY]),
        json.dumps({}),
        json.dumps({"k1": KEY}),
        json.dumps({"current": "k2", "k1": KEY}),
        json.dumps({"current": "current"}),
        json.dumps({"current": None, "k1": KEY}),
        json.dumps({"current": ["k1"], "k1": KEY}),
        json.dumps({"current": "k1", "k1": 12345}),
        json.dumps({"current": "k1", "k1": KEY, "next": "k2", "next_from": "2026-11-24T10:00Z"}),
        json.dumps({"current": "k1", "k1": KEY, "k2": KEY, "next": "k2"}),
        json.dumps({"current": "k1", "k1": KEY, "k2": KEY, "next": "k2", "next_from": "soon"}),
        json.dumps(
            {"current": "k3", "k1": KEY, "k2": KEY, "next": "k2", "next_from": "2999-01-01T00:00Z"}
        ),
        json.dumps({"current": "k1", "k1": KEY, "next_from": "2026-11-24T10:00Z"}),
        json.dumps({"current": "k1", "k1": KEY, "k2": KEY, "next": "k2", "next_from": 1795515330}),
        json.dumps(
            {"current": "k1", "k1": KEY, "k2": KEY, "next": "k2", "next_from": "2026-11-24T10:00"}
        ),
        json.dumps(
            {"current": "k3", "k1": KEY, "k2": KEY, "next": "k2", "next_from": "2020-01-01T00:00Z"}
        ),
        json.dumps({"current": "k1", "k1": None}),
        json.dumps({"current": "k1", "k1": KEY[1:]}),
        json.dumps({"current": "k1", "k1": KEY, "k0": "short"}),
        json.dumps({"current": "k1", "k1": ""}),
    ],
)
def test_an_invalid_ring_is_refused(secret):
    with pytest.raises(ValueError, match=r".+"):
        KeyRing.parse(secret)


@pytest.mark.parametrize(
    "ring",
    [
        {"current": "k1", "k1": "hunter2"},
        {"current": "hunter2"},
        {"current": ["hunter2"]},
        {"current": "k1", "k1": KEY, "next": "k1", "next_from": "hunter2"},
    ],
)
def test_the_error_does_not_repeat_the_keys(ring):
    with pytest.raises(ValueError, match=r"ring|key") as raised:
        KeyRing.parse(json.dumps(ring))

    assert "hunter2" not in str(raised.value)


def test_the_length_of_a_key_is_counted_in_bytes():
    ring = KeyRing.parse(json.dumps({"current": "k1", "k1": "é" * 16}))

    assert len(ring.signing_key) == 32


FAILURES = [
    error_reply("ResourceNotFoundException"),
    error_reply("AccessDeniedException"),
    error_reply("ThrottlingException"),
    error_reply("InternalServiceError", status=500),
    read_timeout(),
    ConnectTimeoutError(endpoint_url="https://secretsmanager.example"),
    NoCredentialsError(),
]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("failure", FAILURES)
def test_a_secrets_manager_failure_is_unavailable(failure):
    with (
        inject_faults(client("secretsmanager"), "GetSecretValue", failure),
        pytest.raises(Unavailable),
    ):
        key_ring("souk/token-keys")


@pytest.mark.usefixtures("aws")
def test_a_failure_is_not_cached():
    with inject_faults(client("secretsmanager"), "GetSecretValue", read_timeout()):
        with pytest.raises(Unavailable):
            key_ring("souk/token-keys")

        assert key_ring("souk/token-keys").current == "k1"


@pytest.mark.usefixtures("aws")
def test_a_warm_function_reads_the_ring_once_a_minute():
    with inject_faults(client("secretsmanager"), "GetSecretValue") as calls:
        for _ in range(10):
            key_ring("souk/token-keys")

    assert len(calls) == 1


@pytest.mark.usefixtures("aws")
def test_a_rotated_ring_is_used_within_a_minute(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(cache, "time", SimpleNamespace(monotonic=lambda: now))
    key_ring("souk/token-keys")
    rotated = {"current": "k2", "k1": KEY, "k2": "n" * 64}
    client("secretsmanager").put_secret_value(
        SecretId="souk/token-keys", SecretString=json.dumps(rotated)
    )

    before = key_ring("souk/token-keys")
    now += 60
    after = key_ring("souk/token-keys")

    assert (before.current, after.current) == ("k1", "k2")
    assert set(after.keys) == {"k1", "k2"}


# Secrets Manager is down, and an instance runs


def outage(*failures):
    return inject_faults(client("secretsmanager"), "GetSecretValue", *failures)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("failure", FAILURES)
def test_a_running_instance_keeps_its_keys(failure, cache_clock):
    held = key_ring("souk/token-keys")

    with outage(*[failure] * 1000), captured() as lines:
        for _ in range(11):
            cache_clock.seconds += 3600
            assert key_ring("souk/token-keys") == held

    assert len(lines.saying("secret not read")) == 11
    assert {line["level"] for line in lines.saying("secret not read")} == {"ERROR"}


@pytest.mark.usefixtures("aws")
def test_a_removed_key_dies_within_twelve_hours(cache_clock):
    key_ring("souk/token-keys")
    cache_clock.seconds += KEEP_SECONDS

    with outage(read_timeout()), pytest.raises(Unavailable):
        key_ring("souk/token-keys")


@pytest.mark.usefixtures("aws")
def test_an_outage_costs_few_calls(cache_clock):
    key_ring("souk/token-keys")

    with outage(*[read_timeout()] * 1000) as calls:
        for _ in range(3600):  # one request a second
            cache_clock.seconds += 1
            key_ring("souk/token-keys")

    assert len(calls) < 70


@pytest.mark.usefixtures("aws")
def test_a_broken_secret_does_not_replace_good_keys(cache_clock):
    held = key_ring("souk/token-keys")
    client("secretsmanager").put_secret_value(SecretId="souk/token-keys", SecretString="hunter2")
    cache_clock.seconds += 60

    with captured() as lines:
        assert key_ring("souk/token-keys") == held

    (line,) = lines.saying("secret not read")
    assert line["reason"] == "JSONDecodeError"
    assert "hunter2" not in lines.text


@pytest.mark.usefixtures("aws")
def test_new_keys_are_used_a_minute_after_the_outage(cache_clock):
    key_ring("souk/token-keys")
    with outage(*[read_timeout()] * 1000):
        for _ in range(600):
            cache_clock.seconds += 1
            key_ring("souk/token-keys")
    rotated = json.dumps({"current": "k2", "k1": KEY, "k2": "n" * 64})
    client("secretsmanager").put_secret_value(SecretId="souk/token-keys", SecretString=rotated)

    cache_clock.seconds += 60

    assert key_ring("souk/token-keys").current == "k2"


@pytest.mark.usefixtures("aws")
def test_one_secret_s_outage_leaves_the_others_alone(cache_clock):
    key_ring("souk/token-keys")
    cache_clock.seconds += 60

    with outage(read_timeout()) as calls:
        key_ring("souk/token-keys")
        key_ring("souk/cursor-keys")

    assert len(calls) == 2
