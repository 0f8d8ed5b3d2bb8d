"""Whose address counts: the sender's, or the one that a trusted proxy names."""

import json

import pytest

from benchmarks.endpoint import record_calls
from shared.aws import client
from shared.http.authorization import client_from_event
from shared.http.trusted_proxy import parse_address
from tests.attacks import addresses
from tests.support import logs, proxy
from tests.support.http import CONTEXT, sample, to_answer
from tests.support.sample_api import api

pytestmark = pytest.mark.usefixtures("aws")

SENDER, VIEWER = "192.0.2.80", "203.0.113.7"
CLOUDFRONT = {"TRUSTED_PROXY_HEADER": "CloudFront-Viewer-Address"}
FORWARDED_FOR = {"TRUSTED_PROXY_HEADER": "X-Forwarded-For"}


def request(name: str = "auth.register", **headers: str):
    event = sample(name)
    event["requestContext"]["http"]["sourceIp"] = SENDER
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return event


def address(**headers: str) -> str:
    return client_from_event(request(**headers)).address


def from_proxy(**headers: str) -> str:
    return address(x_proxy_secret=proxy.KEY, **headers)


@pytest.fixture
def _secret(aws):  # noqa: ARG001 (where it is stored)
    proxy.store_secret()


@pytest.mark.usefixtures("_secret")
def test_the_proxy_names_the_client():
    with proxy.trusted():
        assert from_proxy(true_client_ip=VIEWER) == VIEWER


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("attack", addresses.ATTACKS, ids=lambda attack: attack.name)
@pytest.mark.parametrize("is_trusting", [True, False])
def test_a_client_cannot_name_another_address(attack, is_trusting):
    event = request()
    event["headers"] |= attack.all_headers

    if not is_trusting:
        assert client_from_event(event).address == SENDER
        return
    for header in ("True-Client-IP", "X-Forwarded-For", "CloudFront-Viewer-Address"):
        with proxy.trusted(TRUSTED_PROXY_HEADER=header):
            assert client_from_event(event).address == SENDER


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize(
    "secret",
    [
        "\u00e9" * 64,
        "\ud800" * 64,
        proxy.KEY[:-1],
        proxy.KEY + "x",
        proxy.KEY.upper(),
        f"{proxy.KEY},{proxy.KEY}",
        "k2",
        "",
    ],
)
def test_a_wrong_secret_names_nobody(secret):
    with proxy.trusted():
        assert address(x_proxy_secret=secret, true_client_ip=VIEWER) == SENDER


@pytest.mark.usefixtures("_secret")
def test_both_keys_work_while_the_secret_rotates(cache_clock):
    with proxy.trusted():
        for key in (proxy.KEY, proxy.OLD_KEY):
            assert address(x_proxy_secret=key, true_client_ip=VIEWER) == VIEWER

        only_new = json.dumps({"current": "k2", "k2": proxy.KEY})
        client("secretsmanager").put_secret_value(SecretId=proxy.SECRET_ID, SecretString=only_new)
        cache_clock.seconds += 66
        assert address(x_proxy_secret=proxy.OLD_KEY, true_client_ip=VIEWER) == SENDER
        assert from_proxy(true_client_ip=VIEWER) == VIEWER


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize(
    ("settings", "header", "value", "found"),
    [
        (CLOUDFRONT, "cloudfront_viewer_address", "198.51.100.10:46532", "198.51.100.10"),
        (CLOUDFRONT, "cloudfront_viewer_address", "2001:db8::1:46532", "2001:db8::1"),
        (CLOUDFRONT, "cloudfront_viewer_address", "2001:db8:1:2:3:4:5:6:7", "2001:db8:1:2:3:4:5:6"),
        (CLOUDFRONT, "cloudfront_viewer_address", "[2001:db8::1]:46532", "2001:db8::1"),
        (CLOUDFRONT, "cloudfront_viewer_address", "198.51.100.10", SENDER),  # it always has a port
        # API Gateway appends the proxy's own address.
        (FORWARDED_FOR, "x_forwarded_for", f"6.6.6.6, {VIEWER}, {SENDER}", VIEWER),
        (FORWARDED_FOR, "x_forwarded_for", f"6.6.6.6,{VIEWER}", VIEWER),
        (FORWARDED_FOR, "x_forwarded_for", f"{VIEWER}:1234, {SENDER}", VIEWER),
        (FORWARDED_FOR, "x_forwarded_for", SENDER, SENDER),
        (FORWARDED_FOR, "x_forwarded_for", f"{VIEWER}, unknown", SENDER),
        (FORWARDED_FOR, "x_forwarded_for", f"{VIEWER},", SENDER),
        (FORWARDED_FOR | {"TRUSTED_PROXY_HOP": "first"}, "x_forwarded_for", f"{VIEWER}, 6.6.6.6",
         VIEWER),
        ({}, "x_forwarded_for", VIEWER, SENDER),  # another header than the proxy's
    ],
)  # fmt: skip
def test_the_header_of_each_proxy_is_read(settings, header, value, found):
    with proxy.trusted(**settings):
        assert from_proxy(**{header: value}) == found


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("  203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.7:65535", "203.0.113.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
    ],
)
def test_an_address_has_one_spelling_and_no_port(text, parsed):
    assert parse_address(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["", " ", ":", "unknown", "_hidden", "203.0.113", "203.0.113.256", "203.0.113.07",
     "203.0.113.7:", "203.0.113.7:65536", "203.0.113.7:x", "203.0.113.7:443:443", "0xcb007107",
     "3405803783", "203.0.113.7/32", "fe80::1%eth0", "[2001:db8::1", "2001:db8::1]",
     "[203.0.113.7", "2001:db8:::1", "1:2:3:4:5:6:7:8:9", "\uff12.0.113.7", "203.0.113.7\n1",
     "for=203.0.113.7", "203.0.113.7;by=x", "203.0.113.7 198.51.100.1", "1" * 5000,
     "203.0.113.7:\u0661", ":" * 5000],
    ids=repr,
)  # fmt: skip
def test_a_malformed_address_counts_for_nothing(text):
    assert parse_address(text) is None


@pytest.mark.parametrize(
    "text",
    ["", ":", ":443", "unknown", "203.0.113.7", "2001:db8::1:x", "2001:db8::1:65536",
     "203.0.113.7:443:443", "fe80::1%eth0:443", "[2001:db8::1:443", ":" * 5000],
    ids=repr,
)  # fmt: skip
def test_a_malformed_cloudfront_address_counts_for_nothing(text):
    assert parse_address(text, has_port=True) is None


def test_without_a_proxy_no_secret_is_read():
    with record_calls() as calls:
        assert from_proxy(true_client_ip=VIEWER) == SENDER

    assert calls == []


@pytest.mark.usefixtures("_secret")
def test_the_secret_is_read_once_a_minute(cache_clock):
    with proxy.trusted(), record_calls() as calls:
        assert address(true_client_ip=VIEWER) == SENDER  # without a secret there is nothing to read
        assert calls == []
        for _ in range(11):
            from_proxy(true_client_ip=VIEWER)
            cache_clock.seconds += 5

    assert len(calls) == 1


@pytest.mark.usefixtures("cache_clock")
def test_without_the_secret_the_sender_counts():
    with proxy.trusted(), record_calls() as calls, logs.captured() as lines:
        for _ in range(3):
            assert from_proxy(true_client_ip=VIEWER) == SENDER

    assert len(calls) == 1  # requests do not wait for it again and again
    assert [line["level"] for line in lines.saying("secret not read")] == ["ERROR"]
    assert proxy.KEY not in lines.text


def answer_to(secret: str | None):
    event = request("reference.health")
    if secret is not None:
        event["headers"]["x-proxy-secret"] = secret
    return to_answer(api.resolve(event, CONTEXT))


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("secret", [None, "", "k2", proxy.KEY[:-1]])
@pytest.mark.parametrize("name", ["auth.register", "me.update", "reference.health"])
def test_a_shop_can_refuse_requests_that_pass_the_proxy_by(name, secret):
    """Unknown addresses too: `reference.health` is none of the sample API's."""
    event = request(name)
    if secret is not None:
        event["headers"]["x-proxy-secret"] = secret

    with proxy.trusted(REQUIRE_TRUSTED_PROXY="true"):
        answer = to_answer(api.resolve(event, CONTEXT))

    assert (answer.status, answer.code) == (403, "proxy_required")


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("secret", [proxy.KEY, proxy.OLD_KEY])
def test_such_a_shop_answers_its_proxy(secret):
    with proxy.trusted(REQUIRE_TRUSTED_PROXY="true"):
        assert answer_to(secret).status == 404


def test_such_a_shop_is_unavailable_without_the_secret():
    with proxy.trusted(REQUIRE_TRUSTED_PROXY="true"):
        assert answer_to(proxy.KEY).status == 503
        assert answer_to(None).status == 503
