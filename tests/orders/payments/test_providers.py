"""Which provider the shop has, with which keys, and who loads whose library."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orders.payments import credentials, provider_factory
from orders.payments.credentials import Credentials
from orders.payments.local_provider import LocalProvider
from shared.aws import client
from shared.config import ConfigurationError, PaymentSettings
from shared.errors.orders import PaymentUnavailable
from tests.conftest import PAYMENT_KEYS
from tests.support import shop
from tests.support.faults import error_reply, inject_faults
from tests.support.order_requests import place_order
from tests.support.payments import post_payment, send_webhook

pytestmark = pytest.mark.usefixtures("aws")

ROOT = Path(__file__).parents[3]
SECRET = "souk/payments"


@pytest.fixture(autouse=True)
def forgotten():
    """What was read of the secret."""
    credentials.credentials.forget()
    yield
    credentials.credentials.forget()


def store(secret: str) -> None:
    client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=secret)


def loads_stripe(*modules: str, provider: str) -> bool:
    """Whether these do, in a process of its own."""
    code = f"import sys, {', '.join(modules)}; print('stripe' in sys.modules)"
    path = os.pathsep.join([str(ROOT), str(ROOT / "functions")])
    env = os.environ | {"PAYMENT_PROVIDER": provider, "PYTHONPATH": path}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip() == "True"


@pytest.mark.parametrize(
    "module", ["orders.payments.handler", "orders.workers.execute_payment_requests"]
)
def test_stripe_s_library_is_loaded_as_the_function_starts(module):
    assert loads_stripe(module, provider="stripe")


def test_it_is_loaded_for_no_other_provider_and_by_no_other_function():
    ours = ("orders.payments.handler", "orders.workers.execute_payment_requests")
    others = ("orders.handler", "orders.staff_api", "notifications.workers.send_emails")

    assert not loads_stripe(*ours, provider="local")
    assert not loads_stripe(*others, provider="stripe")


def test_the_local_provider_is_had_by_its_name():
    assert isinstance(provider_factory.provider(), LocalProvider)


def test_a_provider_that_there_is_not_is_a_wrong_setting(monkeypatch):
    wanted = PaymentSettings(payment_provider="barter", payment_secret_arn=SECRET)
    monkeypatch.setattr(provider_factory, "settings", lambda _: wanted)

    with pytest.raises(ConfigurationError, match="barter"):
        provider_factory.provider()


def test_its_connections_are_kept_until_its_keys_are_rotated(cache_clock):
    before = provider_factory.provider()
    store(json.dumps({"api_key": "key-of-tomorrow", "webhook_secrets": ["secret-now"]}))

    assert provider_factory.provider() is before
    cache_clock.seconds += credentials.REREAD_SECONDS
    assert provider_factory.provider() is not before


def test_the_keys_are_those_of_the_secret():
    found = credentials.credentials(SECRET)

    assert found == Credentials("key-of-the-shop", tuple(PAYMENT_KEYS["webhook_secrets"]))


def test_the_keys_are_shown_to_nobody():
    shown = repr(credentials.credentials(SECRET))

    assert "key-of-the-shop" not in shown
    assert "secret-now" not in shown


@pytest.mark.parametrize(
    "secret",
    [
        "{}",
        "[]",
        "null",
        "not JSON",
        '{"api_key": "a"}',
        '{"api_key": "", "webhook_secrets": ["b"]}',
        '{"api_key": "a", "webhook_secrets": "b"}',
        '{"api_key": "a", "webhook_secrets": [" "]}',
        '{"api_key": 1, "webhook_secrets": ["b"]}',
        '{"current": "k1", "k1": "a ring is none"}',
    ],
)
def test_until_its_keys_are_filled_in_nobody_can_pay_and_no_webhook_is_heard(secret):
    order_id = place_order(shop.product("TEA", available=10))
    store(secret)

    for answer in (post_payment(order_id), send_webhook({})):
        assert (answer.status, answer.code) == (503, "payment_unavailable")
        assert answer.error["details"] == {}


def test_without_a_webhook_secret_yet_payments_begin_and_webhooks_are_refused():
    store('{"api_key": "a", "webhook_secrets": []}')

    assert send_webhook({}).code == "webhook_signature_invalid"


def test_while_the_secret_cannot_be_read_it_is_a_matter_of_trying_again():
    with (
        inject_faults(
            client("secretsmanager"), "GetSecretValue", error_reply("InternalServiceError")
        ),
        pytest.raises(PaymentUnavailable),
    ):
        credentials.credentials(SECRET)
